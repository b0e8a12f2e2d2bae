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
// closed when both halves are closed. (A terminal has no directions to shut down, so its users see
// nothing before it is closed.)
//
// A Duplex's methods must be called on the loop goroutine. Its fields are set by the constructor
// and must not be changed.
type Duplex struct {
	Readable *Readable  // bytes from the peer
	Writable *Writable  // bytes to the peer
	d        descriptor // of both halves
}

// NewDuplex returns both halves of fd. It takes ownership of fd if it returns no error; of fd 0, 1
// and 2 it owns a duplicate. About the mode of fd see [NewReadable]. Errors are *[OpError].
//
// Preconditions:
//
//   - fd is a connected stream socket or a pseudo-terminal's master.
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

// FD returns the descriptor, -1 once both halves are closed. The Duplex keeps ownership.
func (x *Duplex) FD() int { return x.d.fd }

// Detach gives the connection to another process or loop without shutting it down. It returns
// another descriptor of it, in its present mode, which the caller must Close. Both halves are
// destroyed, and their close events follow. Bytes that were read and not delivered are lost.
//
// Errors are *[OpError]; the streams then stay as they are. EBUSY: bytes are queued for writing.
// [ErrClosed]: both halves are closed.
//
// Preconditions:
//
//   - The reading half was paused in the callback of the last chunk that the caller wants.
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
	x.d.shared = true // Destroy must not shut a direction down.
	x.Destroy(nil)
	return n, nil
}

// Destroy destroys both halves with the same error.
func (x *Duplex) Destroy(err error) {
	x.Readable.Destroy(err)
	x.Writable.Destroy(err)
}
