package streams

import (
	"bytes"
	"slices"

	"github.com/brood-go/brood/reactor"
)

// consumers is a set of the kinds of consumers that a stream has.
type consumers uint8

const (
	toDataWatchers consumers = 1 << iota // those of NotifyData
	toData                               // listeners of OnData, and a bridge
	toText
	toLines
	toPipes
	toAll consumers = 1<<iota - 1
)

// segment has bytes to deliver before anything newly read, to the consumers that have not had them.
type segment struct {
	p  []byte // owned by the stream
	to consumers
}

// stage is the kind of consumers that deliver is calling.
type stage uint8

const (
	stageNone stage = iota // deliver is not running
	stageData
	stageText
	stageLines
)

// Unshift puts a copy of p in front of the data that is still to come. It is delivered next, before
// anything newly read, to the consumers that are there then: listeners of OnData, OnText and
// OnLine, Pipe, Collect, a bridge. It is for a listener that got more than it wants, such as the
// beginning of a body behind its header: in its callback it calls Off, attaches the next listener,
// and puts the rest back. A listener that stays gets p again. Consumers that collect all data that
// was read (Collect, Exec) do not get it again. BytesRead does not change. While the stream is
// paused p waits for Resume; if the stream flows and nobody listens, p is thrown away.
//
// A listener of OnLine need not put anything back: when it calls Off and no other listener of
// OnLine is left, the bytes behind its line go to the consumers that come next.
//
// The error is [ErrClosed] after the end event, or when the stream was destroyed. Source: Node v20
// documentation, "Stream", readable.unshift.
func (r *Readable) Unshift(p []byte) error {
	if !r.live() {
		return ErrClosed
	}
	if len(p) == 0 {
		return nil
	}
	to := toAll
	if len(r.dataWatchers) > 0 {
		to &^= toDataWatchers
	}
	front := []segment{{bytes.Clone(p), to}}
	// The beginnings of a character and of a line were not delivered, so they come behind p. But p
	// comes from the chunk that is being delivered: a kind of listeners that has not had this chunk
	// has a beginning from before it, which stays.
	if r.stage != stageData {
		front = append(front, r.takePartialText()...)
	}
	if r.stage == stageNone || r.stage == stageLines {
		front = append(front, r.takePartialLine()...)
	}
	r.ahead = append(front, r.ahead...)
	r.d.update()
	r.scheduleAhead()
	return nil
}

// live reports whether data, or the end, may still be delivered. A stream whose end waits has
// closed its descriptor, so closing the loop does not reach it and leaves its state.
func (r *Readable) live() bool {
	return r.state == readOpen || r.state == readEnding && !r.d.hub.closed
}

// hasAhead reports whether bytes must be delivered before anything is read.
func (r *Readable) hasAhead() bool { return len(r.ahead) > 0 }

func (r *Readable) consumers() (c consumers) {
	if len(r.dataWatchers) > 0 {
		c |= toDataWatchers
	}
	if r.data.Len() > 0 {
		c |= toData
	}
	if r.text.Len() > 0 {
		c |= toText
	}
	if r.line.Len() > 0 {
		c |= toLines
	}
	if len(r.pipes) > 0 {
		c |= toPipes
	}
	return c
}

// takePartialText takes the beginning of a character out of the decoder.
func (r *Readable) takePartialText() []segment {
	if r.decoder.n == 0 {
		return nil
	}
	tail := bytes.Clone(r.decoder.tail[:r.decoder.n])
	r.decoder.drop()
	return []segment{{tail, r.textTo}}
}

// takePartialLine takes the beginning of a line out of the splitter.
func (r *Readable) takePartialLine() []segment {
	if !r.splitter.begun() {
		return nil
	}
	partial := r.splitter.partial
	r.splitter.drop()
	return []segment{{partial, r.linesTo}}
}

// requeuePartials runs before each delivery. If all listeners of OnText or OnLine have gone, it
// puts the beginning of a character or of a line, which was kept for them, ahead for the consumers
// that came instead.
func (r *Readable) requeuePartials() {
	var kept []segment
	if r.decoder.n > 0 && r.text.Len() == 0 {
		kept = r.takePartialText()
	}
	if r.splitter.begun() && r.line.Len() == 0 {
		kept = append(kept, r.takePartialLine()...)
	}
	kept = slices.DeleteFunc(kept, func(s segment) bool { return s.to&r.consumers() == 0 })
	if len(kept) > 0 {
		r.ahead = append(kept, r.ahead...)
		r.scheduleAhead()
	}
}

// scheduleAhead makes the next tick deliver the bytes that are ahead, or emit the end, unless the
// stream does not flow.
func (r *Readable) scheduleAhead() {
	if (r.hasAhead() || r.state == readEnding) && r.flow == flowOn && r.live() {
		r.d.loop.NextTick(r.deliverAhead)
	}
}

// deliverAhead delivers the bytes that are ahead and then reads again or emits the end. It is the
// callback of a tick. If that tick comes in the middle of a delivery, it does nothing, because that
// delivery schedules another.
func (r *Readable) deliverAhead() {
	if r.stage != stageNone || r.flow != flowOn || !r.live() {
		return
	}
	unwinding := true
	defer func() {
		if unwinding { // A listener has panicked. The bytes behind its own are still to come.
			r.d.loop.NextTick(r.deliverAhead)
		}
	}()
	for {
		if r.attachIfAsked(); r.flow != flowOn || r.blocked > 0 {
			break
		}
		if r.requeuePartials(); !r.hasAhead() {
			break
		}
		s := &r.ahead[0]
		p, to := s.p, s.to
		if r.bridge != nil {
			if p = p[:min(len(p), r.bridge.room())]; len(p) == 0 {
				break // The bridge is full.
			}
		}
		if s.p = s.p[len(p):]; len(s.p) == 0 {
			r.ahead = r.ahead[1:]
		}
		r.deliver(p, to)
	}
	unwinding = false
	if r.hasAhead() || r.flow != flowOn {
		return
	}
	r.ahead = nil
	if r.state == readEnding {
		r.emitEnd()
		return
	}
	r.d.update()
}

// deliver gives chunk to the consumers of the kinds to that are there when it begins. A consumer
// that comes in a callback gets the data behind chunk. Data watchers and pipes get chunk even if a
// listener panics or destroys the stream. The pipes come last, because a listener may remove one,
// which then does not get chunk.
func (r *Readable) deliver(chunk []byte, to consumers) {
	present := to & r.consumers()
	if r.retaining && to&toData != 0 {
		r.door.ensureBridge(r).retain(chunk)
	}
	if present&toDataWatchers != 0 {
		for _, w := range r.dataWatchers {
			w.StreamData(chunk)
		}
	}
	var pipes []*pipe
	if present&toPipes != 0 {
		pipes = r.pipes
	}
	defer r.delivered(chunk, pipes)
	if to&^present&toText != 0 {
		r.decoder.drop()
	}
	if to&^present&toLines != 0 {
		r.splitter.drop()
	}
	if present&toData != 0 && r.live() {
		r.stage = stageData
		reactor.Emit(r.d.loop, &r.data, chunk)
	}
	if present&toText != 0 && r.live() {
		r.stage = stageText
		if r.decoder.n == 0 {
			r.textTo = toAll
		}
		r.textTo &= to &^ (present &^ toText)
		if s := r.decoder.decode(chunk); s != "" {
			reactor.Emit(r.d.loop, &r.text, s)
		}
	}
	if present&toLines != 0 && r.live() {
		r.stage = stageLines
		r.splitLines(chunk, to&^(present&^toLines))
	}
}

// delivered ends a delivery. It writes chunk to pipes, the ones from before the listeners were
// called, unless a listener has removed them.
func (r *Readable) delivered(chunk []byte, pipes []*pipe) {
	r.stage = stageNone
	for _, p := range pipes {
		if !p.gone {
			p.write(chunk)
		}
	}
	if r.state == readEnding {
		r.endBridge() // If a listener has cut the stream, the bridge is still open.
	}
	if r.d.hub.poison {
		clear(chunk)
	}
	r.scheduleAhead()
}
