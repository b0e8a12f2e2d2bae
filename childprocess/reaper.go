package childprocess

import (
	"errors"
	"io"
	"math"
	"syscall"
	"time"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// ErrReaperOpen is returned by [NewReaper] while another Reaper of this program is open. It wraps
// syscall.EBUSY.
var ErrReaperOpen error = limitError{"childprocess: this program has a Reaper", syscall.EBUSY}

// A Reaper waits for orphans: descendants of this program whose parent has exited. While it is
// open, this program is a subreaper (PR_SET_CHILD_SUBREAPER(2const)), so the kernel gives orphans
// to it and not to process 1. If this program is process 1, as in a container, it gets them in any
// case.
//
// A Reaper does not wait for children that this program has started: not those of this package, on
// any loop and in any form, and not those of os and os/exec, because package os holds a pidfd until
// it has waited. It leaves alone every process of which this program holds a pidfd. A child that
// syscall.ForkExec or C code has forked without a pidfd, on the main thread or on a thread that has
// ended since, looks like an orphan: a program that waits for such children must not have a Reaper.
//
// A Reaper's methods must be called on the loop goroutine.
type Reaper struct {
	loop    *reactor.Loop
	orphans *process.Orphans   // owned; nil: closed
	watcher *signals.Watcher   // of SIGCHLD; keeps the loop alive
	next    *reactor.Immediate // calls reapSome; nil: not queued
	// calls reapNext for processes of which no signal tells; nil: there are none
	retryTimer *reactor.Timer
	retryPause time.Duration // last duration of retryTimer; 0 after SIGCHLD
	passing    bool          // a listing of the children is not through yet
	dirty      bool          // SIGCHLD came after that listing
	exit       events.Event[orphanExit]
}

type orphanExit struct {
	pid    int
	status ExitStatus
}

// Exited children that others in this program may still wait for are looked at again after
// reaperPause, and then at growing intervals up to reaperPauseLongest.
const (
	reaperPause        = time.Millisecond
	reaperPauseLongest = time.Second
)

// reaperKey is the key of a loop's reaperSlot in Loop.Local.
type reaperKey struct{}

// reaperSlot closes a loop's Reaper with the loop.
type reaperSlot struct{ open *Reaper } // nil: none

// Close is called by the loop's Close. The loop closes the watcher itself.
func (s *reaperSlot) Close() error {
	if s.open != nil {
		s.open.stop()
	}
	return nil
}

// NewReaper makes this program the parent of its orphans and lets l wait for them. The Reaper keeps
// the loop alive until Close, unless it is unref'd. Must be called on the loop goroutine.
//
// The error is
//
//   - [ErrReaperOpen]: a program has one Reaper at a time;
//   - *[ArgumentError] for a nil loop, [reactor.ErrClosed] for a closed one;
//   - *[signals.WatchError] if SIGCHLD cannot be watched;
//   - *[UnsupportedError] where a Reaper could take the status of others' children: on systems
//     other than Linux, before Linux 5.4, in a sandbox that forbids pidfds, or with a /proc of
//     another PID namespace.
//
// When orphans exit, the Reaper lists all children of this program, and for those that may be
// orphans it looks at the program's descriptors. It does so in parts, so that the loop can go on
// between them.
//
// Sources: PR_SET_CHILD_SUBREAPER(2const), pidfd_open(2), waitid(2), proc_pid_fdinfo(5).
func NewReaper(l *reactor.Loop) (*Reaper, error) {
	const op = "NewReaper"
	if l == nil {
		return nil, &ArgumentError{op, "loop", "is nil"}
	}
	kept, err := l.Local(reaperKey{}, func() (io.Closer, error) { return &reaperSlot{}, nil })
	if err != nil {
		return nil, err
	}
	orphans, err := process.AdoptOrphans()
	switch {
	case errors.Is(err, syscall.EBUSY):
		return nil, ErrReaperOpen
	case errors.Is(err, errors.ErrUnsupported):
		return nil, &UnsupportedError{op, "Reaper", "cannot tell orphans from the children of package os on this system"}
	case err != nil:
		return nil, err
	}
	r := &Reaper{loop: l, orphans: orphans}
	if r.watcher, err = signals.Watch(l, syscall.SIGCHLD, func(syscall.Signal) { r.onSIGCHLD() }); err != nil {
		orphans.Release()
		return nil, err
	}
	kept.(*reaperSlot).open = r
	r.reapNext() // If this program is process 1, it may have orphans already.
	return r, nil
}

// OnExit calls fn once for each orphan that has exited, after the Reaper has waited for it, so pid
// may belong to another process by then. Elapsed and Usage.PeakMemory of the status are 0. A nil fn
// panics.
func (r *Reaper) OnExit(fn func(pid int, s ExitStatus)) *events.Listener {
	if fn == nil {
		panic("childprocess: Reaper.OnExit: nil callback")
	}
	return r.exit.On(func(e orphanExit) { fn(e.pid, e.status) })
}

// Close stops the Reaper; orphans go to their former reaper again. This program stays the parent of
// the orphans that it has. They become zombies when they exit, until this program ends or opens
// another Reaper. Exits that were not emitted yet are dropped. Closing twice is harmless. Close of
// the loop closes the Reaper.
func (r *Reaper) Close() {
	if r.orphans == nil {
		return
	}
	r.stop()
	r.watcher.Close()
	kept, err := r.loop.Local(reaperKey{}, func() (io.Closer, error) { return &reaperSlot{}, nil })
	if err == nil {
		kept.(*reaperSlot).open = nil
	}
}

// stop is Close without the watcher, which the loop closes, and without the slot.
func (r *Reaper) stop() {
	r.orphans.Release()
	r.orphans = nil
	if r.next != nil {
		r.next.Stop()
	}
	if r.retryTimer != nil {
		r.retryTimer.Stop()
	}
}

// Ref lets the open Reaper keep Run alive, as a new one does.
func (r *Reaper) Ref() { r.watcher.Ref() }

// Unref lets Run return while the Reaper is open.
func (r *Reaper) Unref() { r.watcher.Unref() }

// onSIGCHLD is called after SIGCHLD: one or more children have exited or stopped.
func (r *Reaper) onSIGCHLD() {
	r.retryPause = 0
	r.dirty = true
	r.reapNext()
}

// reapNext queues reapSome for the immediates phase, after the events of the same turn.
func (r *Reaper) reapNext() {
	if r.orphans == nil || r.next != nil {
		return
	}
	r.next = r.loop.SetImmediate(func() {
		r.next = nil
		r.reapSome()
	})
}

// reapSome waits for some orphans, and queues itself for the others.
func (r *Reaper) reapSome() {
	if r.retryTimer != nil {
		r.retryTimer.Stop()
		r.retryTimer = nil
	}
	if !r.passing {
		r.dirty = false
	}
	r.passing = r.orphans.Reap(r.reportExit)
	switch {
	case r.passing, r.dirty: // A listing is not through, or older than the signal.
		r.reapNext()
	case r.orphans.Left():
		r.reapLater()
	}
}

// reportExit emits exit. Each orphan gets a callback of its own: a listener that panics does not
// cost the other orphans their event.
func (r *Reaper) reportExit(o process.Orphan) {
	status := statusOf(o.Change)
	status.Usage = usageOf(status.Rusage, 0, math.MaxInt64, 0) // Its parent's memory is not known.
	r.loop.SetImmediate(func() {
		if r.orphans != nil {
			reactor.Emit(r.loop, &r.exit, orphanExit{o.Pid, status})
		}
	})
}

// reapLater calls reapNext after a growing pause, which does not keep the loop alive.
func (r *Reaper) reapLater() {
	r.retryPause = min(max(2*r.retryPause, reaperPause), reaperPauseLongest)
	r.retryTimer = r.loop.SetTimeout(r.retryPause, func() {
		r.retryTimer = nil
		r.reapNext()
	})
	r.retryTimer.Unref()
}
