//go:build darwin || dragonfly || freebsd

package reactor

import "golang.org/x/sys/unix"

// userWaker wakes through an EVFILT_USER event of the loop's own kqueue(2). It needs no descriptor,
// and one call a wake-up. The event resets itself when the loop takes it (EV_CLEAR).
type userWaker struct {
	kq      int             // borrowed from the poller
	trigger []unix.Kevent_t // constant after newUserWaker: the kernel reads it on any thread
}

// newWaker falls back to a pipe where the filter is refused, as by an emulation of these systems.
func newWaker(p *poller, forcePipe bool) (waker, error) {
	if !forcePipe {
		if w, err := newUserWaker(p); err == nil {
			return w, nil
		}
	}
	return newPipeWaker()
}

func newUserWaker(p *poller) (*userWaker, error) {
	w := &userWaker{kq: p.fd, trigger: newKevents(1)}
	setKevent(&w.trigger[0], 0, unix.EVFILT_USER, unix.EV_ADD|unix.EV_CLEAR, 0, 0, 0)
	if _, err := unix.Kevent(w.kq, w.trigger, nil, nil); err != nil {
		return nil, err
	}
	// No flags: EV_CLEAR together with the trigger would reset it at once (FreeBSD,
	// filt_usertouch).
	setKevent(&w.trigger[0], 0, unix.EVFILT_USER, 0, unix.NOTE_TRIGGER, 0, 0)
	return w, nil
}

func (w *userWaker) wake() {
	for {
		if _, err := unix.Kevent(w.kq, w.trigger, nil, nil); err != unix.EINTR {
			return
		}
	}
}

func (w *userWaker) drain()          {}
func (w *userWaker) fd() int         { return -1 }
func (w *userWaker) mode() Readiness { return 0 }
func (w *userWaker) close() error    { return nil } // Closing the kqueue removes the event.
