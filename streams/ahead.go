package streams

import (
	"bytes"
	"slices"

	"github.com/brood-go/brood/reactor"
)

// consumers are kinds of those who take a stream's data.
type consumers uint8

const (
	toDataWatchers consumers = 1 << iota // see NotifyData
	toData                               // listeners of OnData, a bridge among them
	toText
	toLines
	toPipes
	toAll consumers = 1<<iota - 1
)

// segment is data that comes before anything newly read, for those kinds of consumers who have not
// had it.
type segment struct {
	p  []byte // the stream's own
	to consumers
}

// stage is whom deliver is calling.
type stage uint8

const (
	stageNone stage = iota // it is not running
	stageData
	stageText
	stageLines
)

// Unshift puts a copy of p back in front: it is delivered next, before anything newly read, to
// whoever listens then, by OnData, OnText or OnLine, or by a Pipe, Collect or bridge. It is for a
// listener that was given more than it wants, such as the beginning of a body with its header;
// inside its callback it calls Off, attaches who comes next, and puts the rest back. Who goes on
// listening gets p again, but for what gathers everything that was read (Collect, Exec). BytesRead
// does not change. While the stream is paused p waits for Resume, as what is in the kernel does;
// when nobody listens it is thrown away like that.
//
// A listener of OnLine need not put anything back: when it calls Off, and no other listener of
// OnLine is left, what follows its line goes to those who come instead of it.
//
// It returns [ErrClosed] after the end was emitted, or when the stream was destroyed.
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
	// What listeners wait to have completed was not delivered to them: it comes behind p, unless
	// they have not yet had the chunk that is being delivered, which p is from.
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

// live reports whether there may be data to deliver.
func (r *Readable) live() bool { return r.state == readOpen || r.state == readEnding }

// hasAhead reports whether something is to be delivered before anything is read.
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

// takePartialText and takePartialLine take from the decoder and from the splitter what waits to be
// completed.
func (r *Readable) takePartialText() []segment {
	if r.decoder.n == 0 {
		return nil
	}
	tail := bytes.Clone(r.decoder.tail[:r.decoder.n])
	r.decoder.drop()
	return []segment{{tail, r.textTo}}
}

func (r *Readable) takePartialLine() []segment {
	if !r.splitter.begun() {
		return nil
	}
	partial := r.splitter.partial
	r.splitter.drop()
	return []segment{{partial, r.linesTo}}
}

// requeuePartials is called before anything is delivered. The beginning of a line or of a character
// that was kept for listeners who have gone is for those who came instead of them.
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

// scheduleAhead has deliverAhead called for what is ahead, or for the end of a stream that a
// listener has cut, unless a pause keeps it from doing anything.
func (r *Readable) scheduleAhead() {
	if (r.hasAhead() || r.state == readEnding) && r.flow == flowOn {
		r.d.loop.NextTick(r.deliverAhead)
	}
}

// deliverAhead delivers what is ahead and then goes back to reading, or comes to the end. It is
// called by a tick, which may be in the middle of a delivery; that one calls again.
func (r *Readable) deliverAhead() {
	if r.stage != stageNone || r.flow != flowOn || !r.live() {
		return
	}
	unwinding := true
	defer func() {
		if unwinding { // A listener has panicked: what follows is still to come.
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
				break // The bridge holds the stream back.
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

// deliver gives a chunk to those of to who are there; who comes in a callback gets what follows.
// Those of this package get it however the listeners behave: the pipes come last, because a
// listener may take one away.
func (r *Readable) deliver(chunk []byte, to consumers) {
	present := to & r.consumers()
	if r.retaining && to&toData != 0 {
		r.door.makeBridge(r).retain(chunk)
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

// delivered ends a delivery: it writes the chunk to the pipes that there were before the listeners
// were called. One of these may have taken a pipe away.
func (r *Readable) delivered(chunk []byte, pipes []*pipe) {
	r.stage = stageNone
	for _, p := range pipes {
		if !p.gone {
			p.write(chunk)
		}
	}
	if r.d.hub.poison {
		clear(chunk)
	}
	r.scheduleAhead()
}
