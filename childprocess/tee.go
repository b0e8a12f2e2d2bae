package childprocess

import (
	"slices"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// tee passes on what a child writes to one slot. It is used on the loop goroutine.
type tee struct {
	c       *ChildProcess
	slot    int
	src     *streams.Readable
	piped   bool // src is the program's, too, who decides when it flows
	targets []*teeTarget
	cut     bool // who is behind is not waited for any more
}

// teeTarget is what a tee writes to.
type teeTarget struct {
	tee       *tee
	index     int
	w         *streams.Writable
	borrowed  bool // it is the program's
	waiting   bool // src is held until w has drained
	failed    bool
	detached  bool // close does not wait for it any more
	listeners []*events.Listener
}

// begin has the child wait for its tees, and what is read passed on. Nothing was read before.
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

// discard closes what is the library's.
func (t *tee) discard() {
	for _, to := range t.targets {
		if !to.borrowed {
			to.w.Destroy(nil)
		}
	}
}

// StreamData is called with each chunk.
func (t *tee) StreamData(chunk []byte) {
	for _, to := range t.targets {
		if to.failed || to.detached {
			continue
		}
		if _, err := to.w.Write(chunk); err != nil {
			t.c.loop.NextTick(func() { to.fail(err) }) // Not now: it calls the program.
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

// endTargets is told when nothing more will come.
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

// behind reports whether somebody is behind, so that the child or its close waits.
func (t *tee) behind() bool {
	return slices.ContainsFunc(t.targets, func(to *teeTarget) bool { return !to.detached && (to.waiting || to.w.Buffered() > 0) })
}

// release lets src go on.
func (to *teeTarget) release() {
	if to.waiting {
		to.waiting = false
		to.tee.src.Release()
	}
}

// fail is told when the target takes no more.
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

// cut gives up what the target is behind by.
func (to *teeTarget) cut() {
	if to.failed || to.detached || to.w.Buffered() == 0 {
		return
	}
	to.tee.c.status.CutOff = true
	to.failed = true // Nothing more is written, and nobody is told.
	to.release()
	if to.borrowed {
		to.tee.c.loop.NextTick(to.detach) // What is queued is the program's stream's.
		return
	}
	to.w.Destroy(nil)
}

// StreamClosed is called when a target of the library's has everything, or is given up.
func (to *teeTarget) StreamClosed() { to.detach() }

// detach has close not wait for the target any more.
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

// cutTees is the end of all patience with targets that are behind.
func (c *ChildProcess) cutTees() {
	for _, t := range c.tees {
		t.cut = true
		for _, to := range t.targets {
			to.cut()
		}
	}
}
