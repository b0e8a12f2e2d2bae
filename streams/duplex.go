package streams

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// DuplexOptions configure a [Duplex]. A nil *DuplexOptions means all defaults.
type DuplexOptions struct {
	Readable ReadableOptions // of the reading half
	Writable WritableOptions // of the writing half
}

// A Duplex is both halves of one socket, or of the master of a pseudo-terminal. The halves are
// independent: ending or destroying one shuts down that direction only, and the descriptor is
// closed when both are closed. (A terminal has no directions to be shut down: whoever uses it
// learns nothing before it is closed.)
type Duplex struct {
	Readable *Readable // what the other side sends
	Writable *Writable // what the other side gets
	d        descriptor
}

// NewDuplex returns the two streams over fd, a connected stream socket or a pseudo-terminal's
// master. It takes ownership of fd once it returned no error; of fd 0, 1 and 2 it has a duplicate,
// and about the mode see [NewReadable]. Errors are *[OpError].
func NewDuplex(l *reactor.Loop, fd int, o *DuplexOptions) (*Duplex, error) {
	if o == nil {
		o = new(DuplexOptions)
	}
	if err := o.Readable.check(fd); err != nil {
		return nil, err
	}
	x := &Duplex{Readable: new(Readable), Writable: new(Writable)}
	if err := x.d.open(l, fd, o.Readable.Fresh || o.Writable.Fresh); err != nil {
		return nil, err
	}
	x.Readable.init(&x.d, &o.Readable)
	x.Writable.init(&x.d, &o.Writable)
	return x, nil
}

// FD returns the descriptor, -1 once both halves are closed.
func (x *Duplex) FD() int { return x.d.fd }

// Detach gives the connection up without shutting it down, for another process or another loop: it
// returns a descriptor of it, in the mode that it has, which the caller must Close. Both halves are
// destroyed, and their close events follow. What was read and not yet delivered is lost; so pause
// the reading half first, in the callback that gave the last chunk that you want. Errors are
// *[OpError]: EBUSY while something is queued for writing, [ErrClosed] once both halves are closed;
// the streams stay as they are then.
func (x *Duplex) Detach() (int, error) {
	if x.d.fd < 0 {
		return -1, wrap("detach", -1, ErrClosed)
	}
	if x.Writable.Buffered() > 0 {
		return -1, wrap("detach", x.d.fd, unix.EBUSY)
	}
	n, err := fd.Duplicate(x.d.fd, lastStandard+1)
	if err != nil {
		return -1, wrap("dup", x.d.fd, err)
	}
	x.d.shared = true // So that neither direction is shut down.
	x.Destroy(nil)
	return n, nil
}

// Destroy destroys both halves, with the same error.
func (x *Duplex) Destroy(err error) {
	x.Readable.Destroy(err)
	x.Writable.Destroy(err)
}
