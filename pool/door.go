package pool

import (
	"context"
	"sync"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/reactor"
)

// door has the state of a loop's pools that other goroutines use, besides Loop.Post: a call of Do
// has to learn that the loop is closed. On the parent's side only door and copying are touched by
// two goroutines. The worker's side has serveDoor.
type door struct {
	closed chan struct{}  // closed with the loop
	copies sync.WaitGroup // goroutines that read attachments of callers
}

// outcome has the arguments of done.
type outcome struct {
	result *Result // nil if err is not
	err    error
}

// Do is [Pool.Run] for other goroutines: it waits for the answer and stores the result in the value
// that result points to. If result is nil, the result is dropped; a *[Result] gets the whole one,
// with its attachment. job and result are encoded and decoded on the calling goroutine, so that big
// ones do not delay the loop.
//
// The end of ctx cancels the job. Do then returns at once, but with an attachment only when the
// loop uses its bytes no more. ctx replaces o.Context.
//
// Errors are those of Run and of its done, the error of decoding the result, and reactor.ErrClosed
// if the loop is closed.
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
		// Attach is borrowed until the task is settled. The end of ctx settles it.
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
