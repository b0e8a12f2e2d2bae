package pool

import (
	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/internal/nodejson"
)

// A Progress is how far a worker has come with a job. The callee may keep it.
type Progress struct{ raw []byte }

// Decode stores the progress in what v points to, as encoding/json's Unmarshal does.
func (p *Progress) Decode(v any) error { return nodejson.Unmarshal(p.raw, v) }

// Raw returns the progress as it came: JSON.
func (p *Progress) Raw() []byte { return p.raw }

// stream is what a worker sends about a task before the answer.
type stream struct {
	onProgress events.Event[*Progress]
	onChunk    events.Event[[]byte]

	chunks [][]byte // that have come and were not taken: nobody listens, or the task is paused
	size   int      // their bytes
	owed   int      // bytes that were taken and for which the worker was not given credit
	paused bool
	taken  bool    // somebody was given a chunk: it cannot be run again
	result *Result // that waits for the chunks in front of it
}

// OnProgress calls fn with what the worker tells of the job while it runs.
func (t *Task) OnProgress(fn func(p *Progress)) *events.Listener { return t.stream.onProgress.On(fn) }

// OnChunk calls fn with the bytes that the worker writes, in order; all of them come before the result. They wait for the first
// listener. chunk is valid until fn returns.
//
// A worker writes at most 1 MiB that nobody has taken, if it knows of that; one that does not, and writes more than Options.MaxResult
// to a task that is paused, fails its job.
func (t *Task) OnChunk(fn func(chunk []byte)) *events.Listener {
	l := t.stream.onChunk.On(fn)
	t.pool.tell(t.flow)
	return l
}

// Pause has chunks wait until Resume, and the worker once its credit is used up. Other jobs go on, also in the same worker.
func (t *Task) Pause() { t.stream.paused = true }

// Resume undoes Pause. What has waited comes on the next tick.
func (t *Task) Resume() {
	t.stream.paused = false
	t.pool.tell(t.flow)
}

// hearChunk takes bytes that the worker has written.
func (a *assignment) hearChunk(p []byte) {
	t, w := a.task, a.worker
	if t == nil {
		return // The worker will see that nobody wants them.
	}
	s := &t.stream
	s.chunks = append(s.chunks, p)
	s.size += len(p)
	switch {
	case w.accepts.credit && s.size+s.owed > creditWindow:
		w.breakOff("more chunks than it has credit for", p)
	case int64(s.size) > w.pool.o.MaxResult:
		w.pool.abandon(t, ErrTooLarge, "too many chunks")
	default:
		t.flow()
	}
}

// flow gives chunks to who listens, and then the result that has waited for that.
func (t *Task) flow() {
	s := &t.stream
	for len(s.chunks) > 0 && !s.paused && s.onChunk.Len() > 0 && t.state != taskSettled {
		p := s.chunks[0]
		s.chunks[0] = nil
		s.chunks = s.chunks[1:]
		s.size -= len(p)
		s.owed += len(p)
		s.taken = true
		if len(s.chunks) > 0 {
			defer t.pool.tell(t.flow) // In a callback of its own.
		}
		t.giveCredit()
		s.onChunk.Emit(p)
		break
	}
	if len(s.chunks) == 0 && s.result != nil {
		t.pool.settle(t, s.result, nil)
	}
}

// giveCredit lets the worker write on, when half of its window was taken.
func (t *Task) giveCredit() {
	s, a := &t.stream, t.given
	if a == nil || !a.worker.accepts.credit || s.owed < creditWindow/2 {
		return
	}
	a.worker.link.control(&creditMessage{a.id, s.owed})
	s.owed = 0
}

// answered settles the task with the result, once the chunks in front of it were taken.
func (t *Task) answered(r *Result) {
	if len(t.stream.chunks) == 0 {
		t.pool.settle(t, r, nil)
		return
	}
	t.given = nil
	t.stream.result = r
	t.pool.held[t] = struct{}{}
}
