package reactor

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// eventfdWaker wakes through an eventfd(2) that is watched edge-triggered: every write is a new edge, so the counter is
// never read. It would block after 2^64-2 wake-ups.
type eventfdWaker struct{ efd int }

func newWaker(_ *poller, forcePipe bool) (waker, error) {
	if forcePipe {
		return newPipeWaker()
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, wrap("eventfd", -1, err)
	}
	return &eventfdWaker{fd}, nil
}

var eventfdOne = binary.NativeEndian.AppendUint64(nil, 1)

func (w *eventfdWaker) wake() {
	for {
		if _, err := unix.Write(w.efd, eventfdOne); err != unix.EINTR {
			return
		}
	}
}

func (w *eventfdWaker) drain()          {}
func (w *eventfdWaker) fd() int         { return w.efd }
func (w *eventfdWaker) mode() Readiness { return edgeTriggered }
func (w *eventfdWaker) close() error    { return wrap("close", w.efd, unix.Close(w.efd)) }
