package pool

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"syscall"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
)

// hear takes a message of the worker, JSON, which m is when it came over a channel.
func (w *worker) hear(p []byte, m *ipc.Message) {
	if w.dropsMessages() {
		return
	}
	a, err := parseAnswer(p)
	if w.state == workerStarting && w.pool.o.Ready == ReadyFirst && a.kind != kindReady {
		w.becomeReady() // Which can give it a job, that what it has said is no answer to.
		return
	}
	switch {
	case err != nil && w.hearUnreadable(p):
	case w.pool.o.Protocol == StdLines && (err != nil || w.prints(a)):
		w.log.line(streamStdout, p)
	case err != nil:
		w.noteGarbage(err.Error(), p)
	case a.kind == kindOther:
		w.pool.counts.foreign++ // The program's own: what is not known is ignored.
	case a.kind == kindReady:
		w.hearReady(a.value)
	case a.kind == kindRetire:
		w.pool.retire(w)
	case a.kind == kindPong:
		if n, err := strconv.ParseUint(string(a.value), 10, 64); err == nil && n <= w.pingSent {
			w.pingHeard = max(w.pingHeard, n)
		}
	default:
		w.hearAnswer(a, p, m)
	}
}

// dropsMessages reports whether what comes of the worker is dropped.
func (w *worker) dropsMessages() bool { return w.broken || w.state == workerGone }

// prints reports whether JSON on stdout, which has messages and prints, is a print: it says nothing
// that the protocol knows, or is about something else that has an id.
func (w *worker) prints(a answer) bool {
	return a.kind == kindOther || a.hasID && (a.id == 0 || a.bare && w.job(a.id) == nil)
}

// hearReady takes what the worker says of itself, which may come when it has jobs already: see
// Ready.
func (w *worker) hearReady(value []byte) {
	if w.readyHeard {
		return // Once is enough.
	}
	r, err := parseReady(value)
	switch {
	case err != nil && w.state == workerStarting:
		w.kill(ExitStartFailed, err)
		return
	case err != nil:
		w.noteGarbage(err.Error(), value)
		return
	}
	w.readyHeard = true
	w.methods = r.Methods
	for _, name := range r.Accepts {
		switch name {
		case "cancel":
			w.accepts.cancel = true
		case "recall":
			w.accepts.recall = true
		case "credit":
			w.accepts.credit = true
		case "ping":
			w.accepts.ping = true
		}
	}
	w.accepts.memfd = r.Attach == "memfd"
	most := min(max(1, r.Concurrency), mostConcurrency)
	if w.capacity = w.pool.o.inFlight; w.capacity == 0 || r.Concurrency > 0 && w.capacity > most {
		w.capacity = most
	}
	if w.state == workerStarting {
		w.becomeReady()
		return
	}
	for _, a := range w.jobs[:min(len(w.jobs), w.capacity)] {
		if !a.begun {
			a.begin()
		}
	}
	w.pool.assignWaiting()
}

// mostConcurrency bounds what a worker may ask for, so that sums stay in range: jobs.
const mostConcurrency = 1 << 20

// hearAnswer takes a message about a job.
func (w *worker) hearAnswer(a answer, p []byte, m *ipc.Message) {
	job := w.job(a.id)
	if job == nil {
		w.killBroken("an answer to nothing", p)
		return
	}
	switch a.kind {
	case kindProgress:
		if job.task != nil {
			job.task.hearProgress(a.value)
		}
	case kindChunk:
		chunk, err := parseChunk(a.value)
		if err != nil {
			w.killBroken(err.Error(), p)
			return
		}
		job.hearChunk(chunk)
	case kindRecalled:
		if !job.recallSent {
			w.killBroken("it gives back a job that it was not asked for", p)
			return
		}
		w.hearRecalled(job)
	case kindError:
		w.takeAnswer(job, nil, a.value)
	default:
		w.answerAttachment = attachment{a.attach, m}
		w.takeAnswer(job, a.value, nil)
		w.answerAttachment = attachment{}
	}
}

// job returns the assignment with that id, nil if there is none.
func (w *worker) job(id uint64) *assignment {
	for _, a := range w.jobs {
		if a.id == id {
			return a
		}
	}
	return nil
}

// takeAnswer ends an assignment with the worker's answer.
func (w *worker) takeAnswer(a *assignment, result, failure []byte) {
	p, t := w.pool, a.task
	w.finishJob(a)
	p.supply.noteAnswer()
	switch {
	case t == nil:
		p.counts.late++
	case failure != nil:
		t.takeError(parseError(failure))
	case int64(len(result)) > p.o.MaxResult:
		p.settle(t, nil, ErrTooLarge)
	default:
		now := p.loop.Now()
		p.counts.ran.add(now.Sub(t.begunAt))
		t.settleWithAttachment(w, &Result{
			raw: t.copyAnswer(result), Worker: w.id(), Runs: t.runs, Waited: t.begunAt.Sub(t.submittedAt), Ran: now.Sub(t.begunAt),
		})
	}
	w.skipAttachment()
	w.afterJob()
	p.assignWaiting()
}

// hearRecalled takes back a job that the worker was sent ahead, and had not begun when it was asked
// for it.
func (w *worker) hearRecalled(a *assignment) {
	p, t := w.pool, a.task
	w.drop(a)
	if t != nil {
		if a.begun { // As far as could be seen here.
			t.runs--
		}
		a.task, t.assignment = nil, nil
		p.requeue(t)
	}
	w.afterJob()
	p.assignWaiting()
}

// takeError is called when the worker has answered with an error.
func (t *Task) takeError(e *JobError) {
	p := t.pool
	e.Method, e.Runs = t.method, t.runs
	if t.retries == 0 || !t.stream.chunksTaken() || !t.stream.restart() {
		t.settleAfterChunks(nil, e)
		return
	}
	t.retries--
	t.assignment = nil
	p.counts.retried++
	p.requeue(t)
}

// hearFrame takes an answer of the protocol Frames, which is to the oldest job.
func (w *worker) hearFrame(p []byte) {
	if w.dropsMessages() {
		return
	}
	if len(w.jobs) == 0 {
		w.killBroken("an answer to nothing", p)
		return
	}
	w.takeAnswer(w.jobs[0], p, nil)
}

// maxExcerpt is the length of ProtocolError.Data, in bytes.
const maxExcerpt = 64

// noteGarbage notes something that makes no sense and does no harm. It is told once for each
// worker, and counted.
func (w *worker) noteGarbage(reason string, p []byte) {
	w.pool.counts.garbage++
	if !w.garbageReported {
		w.garbageReported = true
		w.pool.reportError(&ProtocolError{w.id(), reason, bytes.Clone(p[:min(len(p), maxExcerpt)])})
	}
}

// killBroken ends a worker that answers what it was not asked: nothing it says can be believed, and
// what it says from now on is dropped, since it may take its time to end.
func (w *worker) killBroken(reason string, p []byte) {
	w.noteGarbage(reason, p)
	w.broken = true
	if w.state == workerStarting {
		w.kill(ExitStartFailed, ErrBroken)
		return
	}
	w.kill(ExitProtocol, ErrBroken)
}

// hearError takes an error event of the child, its channel or its streams.
func (w *worker) hearError(err error) {
	if spawn, ok := errors.AsType[*childprocess.SpawnError](err); ok {
		w.cause = spawn // Its close comes next.
		return
	}
	if m, ok := errors.AsType[*ipc.MessageError](err); ok {
		if errors.Is(m.Err, ipc.ErrMessageTooLong) {
			w.hearTooLong(m.Data)
		} else if w.dropsMessages() || !w.hearUnreadable(m.Data) {
			w.noteGarbage(m.Err.Error(), m.Data)
		}
		return
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, ipc.ErrChannelClosed) {
		w.hearEnd() // That is how its end is seen first, or that it reads no more.
		return
	}
	w.pool.reportError(err)
}

// hearReceived is called when the worker has the descriptor of a job, or has not: then the job has
// not come either.
func (w *worker) hearReceived(id uint64, err error) {
	a := w.job(id)
	if err == nil || a == nil || errors.Is(err, ipc.ErrChannelClosed) || errors.Is(err, ipc.ErrHandleUsed) {
		return // It has ended, which comes next; or has the job without it.
	}
	t := a.task
	w.drop(a)
	if t != nil {
		if len(t.attach) > 0 {
			err = fmt.Errorf("%w: %w", ErrAttach, err)
		}
		w.pool.settle(t, nil, err)
	}
	w.afterJob()
	w.pool.assignWaiting()
}

// hearDrain is called when the worker takes messages again.
func (w *worker) hearDrain() { w.pool.assignWaiting() }

// hearEnd is called when the worker sends no more, or takes no more.
func (w *worker) hearEnd() {
	if w.state >= workerExiting {
		return
	}
	// It has died, or has closed its side and cannot be used any more.
	w.state = workerExiting
	w.requeueBound()
	w.exitWithin(w.pool.o.DisconnectGrace)
}
