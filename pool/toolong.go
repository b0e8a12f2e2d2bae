package pool

import (
	"bytes"

	"github.com/brood-go/brood/internal/nodejson"
)

// hearTooLong takes how a message begins that was too long, and dropped. The job that it is about
// fails, and the worker goes on.
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
		w.noteGarbage("it is too long", head) // And no answer.
	case b.id != 0:
		w.tooLong(w.jobsWithID(b.id), head, b.kind)
	case len(w.jobs) == 1: // The id would have come later.
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
		if a.task != nil { // Its answer is still to come.
			w.pool.abandon(a.task, ErrTooLarge, "it is too long")
		}
		return
	}
	w.failAnswered(a, ErrTooLarge, head)
}

// hearUnreadable takes a message that is no JSON. It reports false when that is not the answer of a
// job, as it is for many a program when a number is none.
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

// failAnswered ends an assignment that the worker has answered by what cannot be used.
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
		// Which would be taken for another one's.
		w.killBroken("an answer that cannot be read, and may have an attachment", head)
		return
	}
	w.afterJob()
	w.pool.assignWaiting()
}

// beginning is what is known of a message of which there is only the beginning.
type beginning struct {
	object bool
	id     uint64 // 0: it may follow
	kind   answerKind
}

// parseBeginning reads how a message begins. One with a handle is inside another one.
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
