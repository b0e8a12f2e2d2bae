package streams

// Cut ends a stream whose writer does not end it: the bytes read so far are all its data. The
// descriptor is closed. Then the events of an end follow on a later tick: text and lines that have
// begun, end, close; a Pipe ends its destination. While the stream is paused they wait for Resume.
// Cut is for a caller that knows that nothing of interest will follow, as when a program has exited
// and left its pipe to a daemon.
//
// Cut reports whether the stream was open. If it was not, Cut does nothing.
func (r *Readable) Cut() bool {
	if r.state != readOpen {
		return false
	}
	r.attachIfAsked()
	r.state = readEnding
	r.d.closeReadHalf()
	if r.stage == stageNone { // Otherwise the bridge gets the chunk first: delivered ends it.
		r.endBridge()
	}
	r.d.loop.NextTick(r.deliverAhead)
	return true
}

// HeldBack reports whether the stream would read if its consumers, a bridge or the destination of a
// Pipe, took more.
func (r *Readable) HeldBack() bool { return r.state == readOpen && r.flow == flowOn && r.blocked > 0 }
