package pool

import (
	"bytes"

	"github.com/brood-go/brood/internal/nodejson"
)

// This file handles answers that cannot be read, because they are too long or no JSON. Their
// beginning shows the job that they are about. It runs on the loop goroutine.

// hearTooLong takes the beginning of a message that was too long to be read. The job that it is
// about fails, and the worker goes on. If it is about a job that cannot be found, the worker is
// killed.
func (w *worker) hearTooLong(head []byte) {
	if w.dropsMessages() {
		return
	}
	if w.pool.o.Protocol == Frames {
		w.tooLong(w.jobs, head, kindResult)
		return
	}
	b := parseBeginning(head)
	switch {
	case b.id == 0 && b.kind == kindOther && w.pool.o.Protocol == StdLines:
		w.log.line(streamStdout, head[:min(len(head), longLine)])
	case !b.object:
		w.noteGarbage("it is too long", head) // It is no message of the protocol.
	case b.id != 0:
		w.tooLong(w.jobsWithID(b.id), head, b.kind)
	case len(w.jobs) == 1: // The id is in the part that was dropped.
		w.tooLong(w.jobs, head, b.kind)
	default:
		w.tooLong(nil, head, b.kind)
	}
}

// jobsWithID returns the assignment with that id, alone, or nothing.
func (w *worker) jobsWithID(id uint64) []*assignment {
	if a := w.job(id); a != nil {
		return []*assignment{a}
	}
	return nil
}

// tooLong fails the first of the assignments.
func (w *worker) tooLong(of []*assignment, head []byte, kind answerKind) {
	if len(of) == 0 {
		w.killBroken("an answer that is too long", head)
		return
	}
	a := of[0]
	if kind == kindProgress || kind == kindChunk {
		if a.task != nil { // The answer still comes.
			w.pool.abandon(a.task, ErrTooLarge, "it is too long")
		}
		return
	}
	w.failAnswered(a, ErrTooLarge, head)
}

// hearUnreadable takes a message that is no JSON. If it looks like the answer of a job, that job
// fails; many programs write NaN for a number. Otherwise it returns false.
func (w *worker) hearUnreadable(p []byte) bool {
	b := parseBeginning(p)
	a := w.job(b.id)
	if a == nil || b.kind != kindResult && b.kind != kindError {
		return false
	}
	const reason = "an answer that is no JSON"
	w.noteGarbage(reason, p)
	w.failAnswered(a, &ProtocolError{w.id(), reason, bytes.Clone(p[:min(len(p), maxExcerpt)])}, p)
	return true
}

// failAnswered finishes an assignment whose answer cannot be used, and fails its task with err.
func (w *worker) failAnswered(a *assignment, err error, head []byte) {
	t := a.task
	w.finishJob(a)
	w.pool.supply.noteAnswer()
	if t != nil {
		w.pool.settle(t, nil, err)
	} else {
		w.pool.counts.late++
	}
	if w.side != nil {
		// That attachment would be taken for the one of another answer.
		w.killBroken("an answer that cannot be read, and may have an attachment", head)
		return
	}
	w.afterJob()
	w.pool.assignWaiting()
}

// beginning has the parts of a message that its beginning shows.
type beginning struct {
	object bool
	id     uint64 // 0: not seen
	kind   answerKind
}

// parseBeginning reads the beginning of a message. A message with a handle is the member msg of
// another object (Node's NODE_HANDLE).
func parseBeginning(head []byte) (b beginning) {
	nodejson.Beginning(head, func(key, value []byte, whole bool) {
		b.object = true
		switch name := plainText(key); string(name) {
		case "id":
			if whole {
				b.id, _ = number(value)
			}
		case "msg":
			if !whole && b.id == 0 && b.kind == kindOther {
				b = parseBeginning(value)
			}
		default:
			if kind := kindOf(name); b.kind == kindOther || kind == kindError || kind == kindResult {
				b.kind = kind
			}
		}
	})
	return b
}
