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

// hear takes a message of the worker: JSON in p, which is valid until hear returns. m is the
// message of the channel that has p, nil for other links.
//
// The methods whose names begin with hear are the callbacks of links and streams, on the loop
// goroutine. They may settle tasks and kill the worker. Callbacks of the program run in later
// ticks.
func (w *worker) hear(p []byte, m *ipc.Message) {
	if w.dropsMessages() {
		return
	}
	a, err := parseAnswer(p)
	if w.state == workerStarting && w.pool.o.Ready == ReadyFirst && a.kind != kindReady {
		w.becomeReady() // That may assign a job. The message was sent before, so it answers none.
		return
	}
	switch {
	case err != nil && w.hearUnreadable(p):
	case w.pool.o.Protocol == StdLines && (err != nil || w.prints(a)):
		w.log.line(streamStdout, p)
	case err != nil:
		w.noteGarbage(err.Error(), p)
	case a.kind == kindOther:
		w.pool.counts.foreign++ // It is the program's own.
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

// dropsMessages reports whether messages of the worker are ignored.
func (w *worker) dropsMessages() bool { return w.broken || w.state == workerGone }

// prints reports whether a line of JSON on stdout is output of the program and no message: it has
// no member of the protocol, its id is no positive integer, or the id is its only member of the
// protocol and that of no job.
func (w *worker) prints(a answer) bool {
	return a.kind == kindOther || a.hasID && (a.id == 0 || a.bare && w.job(a.id) == nil)
}

// hearReady takes the ready message. The worker may have jobs already, see Ready.
func (w *worker) hearReady(value []byte) {
	if w.readyHeard {
		return // Only the first one counts.
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

// mostConcurrency bounds the jobs that a worker may ask for, so that sums stay in range.
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

// job returns the assignment with that id, or nil.
func (w *worker) job(id uint64) *assignment {
	for _, a := range w.jobs {
		if a.id == id {
			return a
		}
	}
	return nil
}

// takeAnswer finishes an assignment with the worker's answer, a result or a failure.
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

// hearRecalled requeues the task of a job that the worker gave back.
func (w *worker) hearRecalled(a *assignment) {
	p, t := w.pool, a.task
	w.drop(a)
	if t != nil {
		if a.begun { // An answer before it made it count as begun.
			t.runs--
		}
		a.task, t.assignment = nil, nil
		p.requeue(t)
	}
	w.afterJob()
	p.assignWaiting()
}

// takeError takes the worker's error as the answer, or runs the job again if retries are left and
// no chunk was taken or waits.
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

// hearFrame takes an answer of the protocol Frames. It belongs to the oldest job.
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

// noteGarbage counts a message that is invalid and harmless. OnError gets one for each worker.
func (w *worker) noteGarbage(reason string, p []byte) {
	w.pool.counts.garbage++
	if !w.garbageReported {
		w.garbageReported = true
		w.pool.reportError(&ProtocolError{w.id(), reason, bytes.Clone(p[:min(len(p), maxExcerpt)])})
	}
}

// killBroken kills a worker that broke the protocol. Its messages are dropped from now on, because
// none can be trusted and its exit may take time.
func (w *worker) killBroken(reason string, p []byte) {
	w.noteGarbage(reason, p)
	w.broken = true
	if w.state == workerStarting {
		w.kill(ExitStartFailed, ErrBroken)
		return
	}
	w.kill(ExitProtocol, ErrBroken)
}

// hearError takes an 'error' of the child, its channel or its streams.
func (w *worker) hearError(err error) {
	if spawn, ok := errors.AsType[*childprocess.SpawnError](err); ok {
		w.cause = spawn // 'close' comes next.
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
		w.hearEnd() // It has exited, or closed its side.
		return
	}
	w.pool.reportError(err)
}

// hearReceived runs when the descriptor of a job has arrived (err nil) or is lost. If it is lost,
// so is the job.
func (w *worker) hearReceived(id uint64, err error) {
	a := w.job(id)
	if err == nil || a == nil || errors.Is(err, ipc.ErrChannelClosed) || errors.Is(err, ipc.ErrHandleUsed) {
		// If the channel is closed, 'close' follows. With ErrHandleUsed the worker has the job
		// without the handle.
		return
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

// hearDrain runs when the worker's link takes jobs again.
func (w *worker) hearDrain() { w.pool.assignWaiting() }

// hearEnd runs when the worker sends or reads nothing more: it has exited, or closed its side. It
// gets no further job, and is killed if it does not exit.
func (w *worker) hearEnd() {
	if w.state >= workerExiting {
		return
	}
	w.state = workerExiting
	w.requeueBound()
	w.exitWithin(w.pool.o.DisconnectGrace)
}
