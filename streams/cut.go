package streams

import "io"

// Cut ends a stream whose writer does not end it: what was read is all there is. The descriptor is
// closed, and the end comes as it does with the data's: text and lines that have begun are given
// out, then end and close, on a later tick, and a Pipe ends its destination. A paused stream tells
// of it after Resume. It is for whoever knows that nothing that matters will follow, as when a
// program has ended and left its pipe to a daemon.
//
// Cut reports whether the stream was open. If not, it does nothing.
func (r *Readable) Cut() bool {
	if r.state != readOpen {
		return false
	}
	r.state = readEnding
	r.d.closeReadHalf()
	r.door.shut(io.EOF)
	r.d.loop.NextTick(r.deliverAhead)
	return true
}

// HeldBack reports whether the stream would read if its consumers, a bridge or the destination of a
// Pipe, took more.
func (r *Readable) HeldBack() bool { return r.state == readOpen && r.flow == flowOn && r.blocked > 0 }
