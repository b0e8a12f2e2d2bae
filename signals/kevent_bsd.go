//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package signals

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// source is a kqueue(2) of its own, which the loop watches like any descriptor: it is readable when
// an event is pending. EVFILT_SIGNAL reports every signal of its number that the process gets, on
// whichever thread and whatever the disposition, to each kqueue that asks. So no signal has to be
// blocked or forwarded, and loops and signal.Notify do not disturb each other. The runtime catches
// the signal only to keep it from its default. Only the loop goroutine touches a source.
type source struct {
	hub     *hub
	kq      int              // owned
	watcher *reactor.Watcher // of kq, unref'd
	// filled by os/signal and never read: a full channel drops more
	caught map[Signal]chan os.Signal
	change [1]unix.Kevent_t // argument of apply
	events [eventsPerRead]unix.Kevent_t
}

const eventsPerRead = 16 // signals a turn; the rest stays in the kernel for the next one

func openSource(h *hub) (*source, error) {
	// A child of fork(2) does not inherit a kqueue, but a program that replaces this one would.
	syscall.ForkLock.RLock()
	kq, err := unix.Kqueue()
	if err == nil {
		unix.CloseOnExec(kq)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("kqueue", err)
	}
	s := &source{hub: h, kq: kq, caught: map[Signal]chan os.Signal{}}
	s.watcher, err = h.loop.Watch(kq, reactor.Readable, s.answer)
	if err != nil {
		fd.Close(kq) // The watch error is the one to report.
		return nil, err
	}
	s.watcher.Unref() // The hub keeps the loop alive.
	s.watcher.Late()
	return s, nil
}

func (s *source) close() {
	s.watcher.Close()
	fd.Close(s.kq)
}

// add makes the kernel report the signal before the runtime catches it, so that none is missed.
// With EV_CLEAR, which this filter always has, every report counts from the one before.
func (s *source) add(sig Signal) error {
	if err := s.apply(sig, unix.EV_ADD|unix.EV_CLEAR); err != nil {
		return os.NewSyscallError("kevent", err)
	}
	s.caught[sig] = make(chan os.Signal, 1)
	acquireSignal(sig, s.caught[sig])
	return nil
}

// remove removes the filter, which drops its pending reports.
func (s *source) remove(sig Signal) {
	_ = s.apply(sig, unix.EV_DELETE) // It cannot fail: the filter is there.
	releaseSignals(s.caught[sig], sig)
	delete(s.caught, sig)
}

func (s *source) apply(sig Signal, flags int) error {
	unix.SetKevent(&s.change[0], int(sig), unix.EVFILT_SIGNAL, flags)
	_, err := unix.Kevent(s.kq, s.change[:], nil, nil)
	if err == unix.EINTR {
		return nil // By the manual page the change has been made by then.
	}
	return err
}

// answer runs in the poll phase.
func (s *source) answer(reactor.Readiness) {
	var now unix.Timespec
	n, err := unix.Kevent(s.kq, nil, s.events[:], &now)
	if err != nil {
		return // EINTR: the kqueue stays readable.
	}
	for i := range n {
		// Data is how often the signal came since the last report.
		s.hub.enqueue(Signal(s.events[i].Ident), int(s.events[i].Data))
	}
	s.hub.deliver() // Last, because a callback may close this source.
}

// reserved follows the runtime's tables of signals. They end at 32, so the runtime cannot catch the
// real-time signals of FreeBSD and NetBSD. SIGTHR belongs to the thread library; NetBSD has SIGPWR
// at that number, which is free.
func reserved(s Signal) bool { return s > 32 || Name(s) == "SIGTHR" }
