package pool

import (
	"bytes"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/reactor"
)

// A Progress is a worker's report on a job that runs. The callee may keep it.
type Progress struct{ raw []byte }

// Decode stores the progress in the value that v points to, as encoding/json's Unmarshal does.
//
// Safe to call from any goroutine.
func (p *Progress) Decode(v any) error { return nodejson.Decode(p.raw, v) }

// Raw returns the progress as the worker sent it, as JSON. The caller may keep it.
//
// Safe to call from any goroutine.
func (p *Progress) Raw() []byte { return p.raw }

// stream has the messages about a task that a worker sends before its answer.
type stream struct {
	onProgress events.Event[*Progress]
	onChunk    events.Event[[]byte]

	latest   *Progress // report for the next tick; nil: no tick is scheduled
	chunks   [][]byte  // not taken yet, in order
	size     int       // bytes in chunks
	owed     int       // bytes that were taken since the worker was last given credit
	paused   bool
	discards bool // the task has no owner that could listen: chunks are dropped
	taken    bool // a listener got a chunk: the task cannot be run again
	// the worker's answer, until the chunks before it are taken; nil: none has come
	answer *outcome
}

// OnProgress calls fn with the worker's progress reports on the job, at most one a tick: earlier
// ones are skipped.
func (t *Task) OnProgress(fn func(p *Progress)) *events.Listener { return t.stream.onProgress.On(fn) }

// OnChunk calls fn with the bytes that the worker writes, in order and all before its answer.
// Chunks wait for the first listener; if there is none when the answer comes, they are dropped.
// chunk is valid until fn returns.
//
// A worker that knows of credit writes at most 1 MiB ahead of the listener. If another worker
// writes more than Options.MaxResult while the task is paused or has no listener, the task fails
// with [ErrTooLarge].
func (t *Task) OnChunk(fn func(chunk []byte)) *events.Listener {
	t.stream.onChunk.Watch(func(int) { t.pool.nextTick(t.flow) })
	return t.stream.onChunk.On(fn)
}

// Pause stops the calls of OnChunk until Resume. The worker can write until its credit is used up.
// Other jobs go on, also in the same worker.
func (t *Task) Pause() { t.stream.paused = true }

// Resume undoes Pause. Chunks that waited come on the next ticks.
func (t *Task) Resume() {
	t.stream.paused = false
	t.pool.nextTick(t.flow)
}

// hearProgress takes a progress report. The next tick emits the last one that came until then.
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

// chunkCost is the number of bytes that each waiting chunk counts for besides its own, so that many
// small ones are bounded too.
const chunkCost = 64

// hearChunk takes a chunk, which the stream owns from then on.
func (a *assignment) hearChunk(p []byte) {
	t, w := a.task, a.worker
	if t == nil || len(p) == 0 {
		return // The task is settled: the worker gets no credit, and is asked to cancel.
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

// flow gives one chunk to the listeners, and settles the task if its answer has waited for the last
// one. Each chunk has a tick of its own, so that a listener that panics costs no other chunk.
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

// giveCredit lets the worker write on when half of its window was taken.
func (t *Task) giveCredit() {
	s, a := &t.stream, t.assignment
	if a == nil || !a.worker.accepts.credit || s.owed < creditWindow/2 {
		return
	}
	a.worker.link.sendControl(&creditMessage{a.id, s.owed})
	s.owed = 0
}

// settleAfterChunks settles the task with the worker's answer once the chunks before it were taken.
func (t *Task) settleAfterChunks(r *Result, err error) {
	if t.stream.chunksTaken() {
		t.pool.settle(t, r, err)
		return
	}
	t.markIncomplete()
	t.stream.answer = &outcome{r, err}
}

// markIncomplete separates the task from its worker, which has answered, while the task waits for
// chunks to be taken or for its attachment.
func (t *Task) markIncomplete() {
	if t.assignment != nil {
		t.assignment.task, t.assignment = nil, nil
	}
	t.pool.incomplete[t] = struct{}{}
}

// chunksTaken reports whether an answer need not wait for chunks: all were taken, or no listener
// will take them.
func (s *stream) chunksTaken() bool { return len(s.chunks) == 0 || s.onChunk.Len() == 0 && !s.paused }

// restart drops the chunks of a run before the job is run again. It reports false if a listener
// already got one, so that the job cannot be run again.
func (s *stream) restart() bool {
	s.chunks, s.size, s.owed = nil, 0, 0
	return !s.taken
}
