package pool

import (
	"context"
	"sync"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/reactor"
)

// door is what other goroutines use of the pools of a loop besides its Post: whether it is closed,
// which a call that waits has to learn. On the parent's side nothing else is touched by two
// goroutines; of the worker's side see serve_door.go.
type door struct {
	closed chan struct{}  // with the loop
	copies sync.WaitGroup // goroutines that read attachments of callers
}

// outcome is what done is called with.
type outcome struct {
	result *Result
	err    error
}

// Do is [Pool.Run] for other goroutines: it waits, and stores the result in what result points to,
// which nil means is not of interest; a *[Result] gets all of it, with what is attached. ctx
// cancels the job when it ends; Do then returns at once, or, with an attachment, as soon as the
// loop has let go of that. It is used instead of o.Context. job and result are encoded and decoded
// on the calling goroutine, so that big ones do not hold up the loop.
//
// Errors are those of Run and those that its done gets, of decoding the result, and
// reactor.ErrClosed when the loop is closed.
//
// Safe to call from any goroutine. Must not be called on the loop goroutine: it would wait for
// itself. In a callback of the loop it panics.
func (p *Pool) Do(ctx context.Context, job, result any, o *RunOptions) error {
	p.loop.MustNotWait("pool: Do")
	if ctx == nil {
		return &OptionError{"ctx", "is nil"}
	}
	encoded, err := p.encodeWith(new(nodejson.Encoder), job)
	if err != nil {
		return err
	}
	var with RunOptions
	if o != nil {
		with = *o
	}
	with.Context = ctx
	answer := make(chan outcome, 1)
	submit := func() {
		t, err := p.submit(encoded, &with, func(r *Result, err error) {
			answer <- outcome{r, err}
			p.loop.Yield()
		})
		if err != nil {
			answer <- outcome{nil, err}
			return
		}
		t.stream.discards = true
	}
	if err := p.loop.Post(submit); err != nil {
		return err
	}
	select {
	case got := <-answer:
		if got.err != nil || result == nil {
			return got.err
		}
		if whole, ok := result.(*Result); ok {
			*whole = *got.result
			return nil
		}
		return got.result.Decode(result)
	case <-ctx.Done():
		// It is borrowed until the task is settled, which the end of ctx has it be.
		if len(with.Attach) > 0 {
			select {
			case <-answer:
			case <-p.hub.door.closed:
			}
		}
		return &CancelError{context.Cause(ctx)}
	case <-p.hub.door.closed:
		return reactor.ErrClosed
	}
}
