package childprocess

import (
	"slices"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// tee copies the output of one slot to its targets. It is used on the loop goroutine.
type tee struct {
	c       *ChildProcess
	slot    int               // of Options.Stdio
	src     *streams.Readable // c's stream of that slot
	piped   bool              // the user reads src, too, and decides when it flows
	targets []*teeTarget      // at least one
	cut     bool              // no longer waits for targets that are behind
}

type teeTarget struct {
	tee       *tee
	index     int                // see TeeError.Target
	w         *streams.Writable  // owned, unless borrowed
	borrowed  bool               // w is the user's stream: never ended or destroyed here
	waiting   bool               // src is held until w has drained
	failed    bool               // no byte is written any more
	detached  bool               // close does not wait for it any more
	listeners []*events.Listener // on w, until detached
}

// begin starts to copy, before anything was read. close of c waits for each target.
func (t *tee) begin(c *ChildProcess) {
	t.c = c
	for _, to := range t.targets {
		c.pending++
		to.listeners = append(to.listeners, to.w.OnError(to.fail), to.w.OnDrain(to.release))
		if to.borrowed {
			to.listeners = append(to.listeners, to.w.OnClose(func() { to.fail(streams.ErrClosed) }))
		} else {
			to.w.NotifyClose(to)
		}
	}
	t.src.OnClose(t.endTargets)
	if t.piped {
		t.src.FollowData(t)
	} else {
		t.src.NotifyData(t)
	}
}

// discard destroys the targets of a tee that was never begun.
func (t *tee) discard() {
	for _, to := range t.targets {
		if !to.borrowed {
			to.w.Destroy(nil)
		}
	}
}

// StreamData writes chunk to each target, and holds src if one is behind.
func (t *tee) StreamData(chunk []byte) {
	for _, to := range t.targets {
		if to.failed || to.detached {
			continue
		}
		if _, err := to.w.Write(chunk); err != nil {
			// On a tick, because fail calls the user's listeners.
			t.c.loop.NextTick(func() { to.fail(err) })
			continue
		}
		switch {
		case !to.w.NeedDrain():
		case t.cut:
			to.cut()
		case !to.waiting:
			to.waiting = true
			t.src.Hold()
		}
	}
}

// endTargets is called when src has closed: no more bytes come.
func (t *tee) endTargets() {
	for _, to := range t.targets {
		switch {
		case to.failed || to.detached:
		case to.borrowed:
			if _, err := to.w.WriteThen(nil, func(error) { to.detach() }); err != nil {
				to.fail(err)
			}
		default:
			to.w.End()
		}
		if t.cut {
			to.cut()
		}
	}
}

// behind reports whether a target is behind, so that the child, or its close, has to wait.
func (t *tee) behind() bool {
	return slices.ContainsFunc(t.targets, func(to *teeTarget) bool { return !to.detached && (to.waiting || to.w.Buffered() > 0) })
}

// release lets src flow again, as far as this target is concerned.
func (to *teeTarget) release() {
	if to.waiting {
		to.waiting = false
		to.tee.src.Release()
	}
}

// fail is called when the target cannot take more bytes.
func (to *teeTarget) fail(err error) {
	if to.failed || to.detached {
		return
	}
	to.failed = true
	to.release()
	t, c := to.tee, to.tee.c
	failure := &TeeError{Slot: t.slot, Target: to.index, Err: err}
	if c.teeErr == nil {
		c.teeErr = failure
	}
	if to.borrowed {
		defer to.detach()
	}
	if !t.piped && !slices.ContainsFunc(t.targets, func(other *teeTarget) bool { return !other.failed && !other.detached }) {
		t.src.Destroy(nil)
	}
	reactor.Emit[error](c.loop, &c.err, failure)
}

// cut gives up the target if it is behind. The library's Writable loses its queue, a borrowed one
// keeps it.
func (to *teeTarget) cut() {
	if to.failed || to.detached || to.w.Buffered() == 0 {
		return
	}
	to.tee.c.status.CutOff = true
	to.failed = true // No error event, and no more bytes.
	to.release()
	if to.borrowed {
		to.tee.c.loop.NextTick(to.detach) // The bytes queued there belong to the user's stream.
		return
	}
	to.w.Destroy(nil)
}

// StreamClosed is called when the library's Writable has written everything, or was destroyed.
func (to *teeTarget) StreamClosed() { to.detach() }

// detach lets close no longer wait for the target.
func (to *teeTarget) detach() {
	if to.detached {
		return
	}
	to.detached = true
	to.release()
	for _, l := range to.listeners {
		l.Off()
	}
	to.tee.c.countDown()
}

// teesBehind reports whether the child, or its close, waits for a target of a Tee.
func (c *ChildProcess) teesBehind() bool { return slices.ContainsFunc(c.tees, (*tee).behind) }

// cutTees gives up the targets that are behind, and those that will be.
func (c *ChildProcess) cutTees() {
	for _, t := range c.tees {
		t.cut = true
		for _, to := range t.targets {
			to.cut()
		}
	}
}
