package reactor

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// eventfdWaker wakes through an eventfd(2) that is watched edge-triggered: every write is a new
// edge, so the counter is never read. It would block after 2^64-2 wake-ups.
type eventfdWaker struct{ efd int } // efd is owned

func newWaker(_ *poller, forcePipe bool) (waker, error) {
	if forcePipe {
		return newPipeWaker()
	}
	efd, err := fd.Eventfd()
	if fd.Refused(err) {
		return newPipeWaker()
	}
	if err != nil {
		return nil, wrap("eventfd", -1, err)
	}
	return &eventfdWaker{efd}, nil
}

var eventfdOne = binary.NativeEndian.AppendUint64(nil, 1)

// wake cannot fail.
func (w *eventfdWaker) wake() { _, _ = fd.Write(w.efd, eventfdOne) }

func (w *eventfdWaker) drain()          {}
func (w *eventfdWaker) fd() int         { return w.efd }
func (w *eventfdWaker) mode() Readiness { return edgeTriggered }
func (w *eventfdWaker) close() error    { return wrap("close", w.efd, unix.Close(w.efd)) }
