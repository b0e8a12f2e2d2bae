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

// ErrReaperOpen is returned by [NewReaper] while another Reaper of this program is open. errors.Is
// finds syscall.EBUSY in it.
var ErrReaperOpen error = limitError{"childprocess: this program has a Reaper", syscall.EBUSY}

// A Reaper waits for orphans: descendants of this program whose parent has ended. As long as it is
// open the kernel gives them to this program, which is a subreaper then
// (PR_SET_CHILD_SUBREAPER(2const)), and not to process 1; if this program is process 1 itself, as
// in a container, it has them anyway.
//
// A Reaper does not wait for children that somebody in this program has started: not for those of
// this package, on any loop and in any form, and not for those of package os and os/exec, of which
// package os holds a pidfd until they were waited for. A process of which anything else in this
// program has a pidfd is left alone, too. What syscall.ForkExec or C code has forked without a
// pidfd, on the main thread or on one that has ended since, cannot be told from an orphan: a
// program that does so, and waits for it, should not have a Reaper.
//
// A Reaper's methods must be called on the loop goroutine.
type Reaper struct {
	loop    *reactor.Loop
	orphans *process.Orphans // nil once it is closed
	watcher *signals.Watcher // of SIGCHLD
	next    *reactor.Immediate
	// looks once more, where no signal tells; nil if nothing is left to be looked at
	retryTimer *reactor.Timer
	retryPause time.Duration // of again
	passing    bool          // the children were listed, and not all of them looked at
	dirty      bool          // SIGCHLD has come since they were listed
	exit       events.Event[orphanExit]
}

type orphanExit struct {
	pid    int
	status ExitStatus
}

// Children that have ended, and may be given up by those who have not waited for them, are looked
// at again after reaperPause, and then at growing distances up to reaperPauseLongest.
const (
	reaperPause        = time.Millisecond
	reaperPauseLongest = time.Second
)

// reaperKey is where a loop keeps its Reaper, to close it.
type reaperKey struct{}

// reaperSlot has the Reaper of a loop, nil if there is none.
type reaperSlot struct{ open *Reaper }

// Close is called when the loop is closed.
func (s *reaperSlot) Close() error {
	if s.open != nil {
		s.open.stop()
	}
	return nil
}

// NewReaper makes this program the one to which its orphans are given, and has l wait for them. It
// keeps the loop alive until Close, like a watcher of a signal; see Unref.
//
// There is one Reaper in a program at a time: [ErrReaperOpen]. Other errors are *[ArgumentError]
// for a nil loop, [reactor.ErrClosed] for a closed one, *[signals.WatchError] when SIGCHLD cannot
// be watched, and an *[UnsupportedError] on systems where it could take the status of others'
// children: all but Linux, and Linux before 5.4, with a sandbox that forbids pidfds, or with a
// /proc of another PID namespace.
//
// Each time orphans have ended it looks at the numbers of all children and, for those that may be
// orphans, at the descriptors of this program. It does so for some at a time, so that the loop goes
// on.
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
	r.reapNext() // Process 1 may have some.
	return r, nil
}

// OnExit calls fn once for each orphan that has ended, with its process id, which may belong to
// another process by then. The status has no Elapsed time and no PeakMemory. It panics when fn is
// nil.
func (r *Reaper) OnExit(fn func(pid int, s ExitStatus)) *events.Listener {
	if fn == nil {
		panic("childprocess: Reaper.OnExit: nil callback")
	}
	return r.exit.On(func(e orphanExit) { fn(e.pid, e.status) })
}

// Close stops the Reaper, and has orphans go to who got them before. This program stays the parent
// of those that it has; when one of them ends nobody waits for it, and it is a zombie until this
// program ends or another Reaper is opened. What was waited for and not told yet is not told any
// more. Closing twice is harmless. Close of the loop closes the Reaper.
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

// stop is Close without the loop's part.
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

// Ref has the Reaper keep Run alive while it is open, as a new one does.
func (r *Reaper) Ref() { r.watcher.Ref() }

// Unref lets Run end while the Reaper is open.
func (r *Reaper) Unref() { r.watcher.Unref() }

// onSIGCHLD is told that children have ended, one or many.
func (r *Reaper) onSIGCHLD() {
	r.retryPause = 0
	r.dirty = true
	r.reapNext()
}

// reapNext has reapSome called in the immediates phase, after the events of the same turn.
func (r *Reaper) reapNext() {
	if r.orphans == nil || r.next != nil {
		return
	}
	r.next = r.loop.SetImmediate(func() {
		r.next = nil
		r.reapSome()
	})
}

// reapSome waits for some orphans. The rest has its turn next.
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
	case r.passing, r.dirty: // The list of children was from before the signal.
		r.reapNext()
	case r.orphans.Left():
		r.reapLater()
	}
}

// reportExit has the listeners called, in a callback of its own: one that panics does not take the
// others' away.
func (r *Reaper) reportExit(o process.Orphan) {
	status := statusOf(o.Change)
	status.Usage = usageOf(status.Rusage, 0, math.MaxInt64, 0) // Its parent's memory is not known.
	r.loop.SetImmediate(func() {
		if r.orphans != nil {
			reactor.Emit(r.loop, &r.exit, orphanExit{o.Pid, status})
		}
	})
}

func (r *Reaper) reapLater() {
	r.retryPause = min(max(2*r.retryPause, reaperPause), reaperPauseLongest)
	r.retryTimer = r.loop.SetTimeout(r.retryPause, func() {
		r.retryTimer = nil
		r.reapNext()
	})
	r.retryTimer.Unref()
}
