package pool

import (
	"bytes"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/reactor"
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

	latest *Progress // that is told on the next tick
	// that have come and were not taken: nobody listens yet, or the task is paused
	chunks   [][]byte
	size     int // their bytes
	owed     int // bytes that were taken and for which the worker was not given credit
	paused   bool
	discards bool     // nobody can listen, since nobody has the task: chunks are dropped
	taken    bool     // somebody was given a chunk: it cannot be run again
	answer   *outcome // of the worker, that waits for the chunks in front of it
}

// OnProgress calls fn with what the worker tells of the job while it runs.
func (t *Task) OnProgress(fn func(p *Progress)) *events.Listener { return t.stream.onProgress.On(fn) }

// OnChunk calls fn with the bytes that the worker writes, in order; all of them come before its
// answer. They wait for the first listener, and are dropped when the answer is there and nobody
// listens. chunk is valid until fn returns.
//
// A worker writes at most 1 MiB that nobody has taken, if it knows of that; one that does not, and
// writes more than Options.MaxResult to a task that is paused, or to which nobody listens, fails
// its job.
func (t *Task) OnChunk(fn func(chunk []byte)) *events.Listener {
	t.stream.onChunk.Watch(func(int) { t.pool.nextTick(t.flow) })
	return t.stream.onChunk.On(fn)
}

// Pause has chunks wait until Resume, and the worker once its credit is used up. Other jobs go on,
// also in the same worker.
func (t *Task) Pause() { t.stream.paused = true }

// Resume undoes Pause. What has waited comes on the next tick.
func (t *Task) Resume() {
	t.stream.paused = false
	t.pool.nextTick(t.flow)
}

// hearProgress has the progress told on the next tick. Of several that come until then only the
// last one is.
func (t *Task) hearProgress(value []byte) {
	s := &t.stream
	if s.onProgress.Len() == 0 {
		return
	}
	if s.latest == nil {
		t.pool.nextTick(t.reportProgress)
	}
	s.latest = &Progress{bytes.Clone(value)}
}

func (t *Task) reportProgress() {
	p := t.stream.latest
	t.stream.latest = nil
	reactor.Emit(t.pool.loop, &t.stream.onProgress, p)
}

// chunkCost is what a chunk that waits takes besides its bytes, so that many small ones are
// bounded, too.
const chunkCost = 64

// hearChunk takes bytes that the worker has written.
func (a *assignment) hearChunk(p []byte) {
	t, w := a.task, a.worker
	if t == nil || len(p) == 0 {
		return // The worker will see that nobody wants them.
	}
	s := &t.stream
	if s.discards {
		s.owed += len(p)
		t.giveCredit()
		return
	}
	s.chunks = append(s.chunks, p)
	s.size += len(p)
	switch nobody := s.paused || s.onChunk.Len() == 0; {
	case w.accepts.credit && s.size+s.owed > creditWindow:
		w.killBroken("more chunks than it has credit for", p)
	case !w.accepts.credit && nobody && int64(s.size)+chunkCost*int64(len(s.chunks)) > w.pool.o.MaxResult+chunkCost:
		w.pool.abandon(t, ErrTooLarge, "too many chunks")
	default:
		t.pool.nextTick(t.flow)
	}
}

// flow gives a chunk to who listens, and after the last one settles the task if that has waited for
// it. It runs in ticks: one for each chunk that comes, and for each that is left.
func (t *Task) flow() {
	s := &t.stream
	if t.state == taskSettled {
		return
	}
	if s.answer != nil && s.chunksTaken() {
		t.pool.settle(t, s.answer.result, s.answer.err)
		return
	}
	if len(s.chunks) == 0 || s.paused || s.onChunk.Len() == 0 {
		return
	}
	p := s.chunks[0]
	s.chunks[0] = nil
	s.chunks = s.chunks[1:]
	s.size -= len(p)
	s.owed += len(p)
	s.taken = true
	if len(s.chunks) > 0 || s.answer != nil {
		t.pool.nextTick(t.flow)
	}
	t.giveCredit()
	reactor.Emit(t.pool.loop, &s.onChunk, p)
}

// giveCredit lets the worker write on, when half of its window was taken.
func (t *Task) giveCredit() {
	s, a := &t.stream, t.assignment
	if a == nil || !a.worker.accepts.credit || s.owed < creditWindow/2 {
		return
	}
	a.worker.link.sendControl(&creditMessage{a.id, s.owed})
	s.owed = 0
}

// settleAfterChunks settles the task with the worker's answer, once the chunks in front of it were
// taken.
func (t *Task) settleAfterChunks(r *Result, err error) {
	if t.stream.chunksTaken() {
		t.pool.settle(t, r, err)
		return
	}
	t.markIncomplete()
	t.stream.answer = &outcome{r, err}
}

// markIncomplete notes that the worker is done with the task, which still waits for something of
// its answer.
func (t *Task) markIncomplete() {
	if t.assignment != nil {
		t.assignment.task, t.assignment = nil, nil
	}
	t.pool.incomplete[t] = struct{}{}
}

// chunksTaken reports whether an answer has to wait for no chunk: they were taken, or nobody wants
// them.
func (s *stream) chunksTaken() bool { return len(s.chunks) == 0 || s.onChunk.Len() == 0 && !s.paused }

// restart forgets what has come of a run that is done again, and reports false when some of it was
// told already.
func (s *stream) restart() bool {
	s.chunks, s.size, s.owed = nil, 0, 0
	return !s.taken
}
