package signals

import (
	"encoding/binary"
	"os"

	"github.com/brood-go/brood/internal/fd"
)

// bell is a descriptor that a loop watches and any thread makes readable: an eventfd(2), or a
// pipe(2) where a sandbox refuses that. The loop goroutine opens, drains and closes it, any
// goroutine rings.
type bell struct {
	readFD, writeFD int // owned; the same number for an eventfd, -1 for noBell
}

func openBell() (bell, error) {
	efd, err := fd.Eventfd()
	if err == nil {
		return bell{efd, efd}, nil
	}
	if !fd.Refused(err) {
		return noBell, os.NewSyscallError("eventfd", err)
	}
	r, w, err := fd.PipeNonblock()
	if err != nil {
		return noBell, os.NewSyscallError("pipe", err)
	}
	return bell{r, w}, nil
}

var (
	noBell  = bell{-1, -1}
	bellOne = binary.NativeEndian.AppendUint64(nil, 1)
)

// ring fails only when earlier rings have not been drained: one of them is enough.
func (b bell) ring() { _, _ = fd.Write(b.writeFD, bellOne) }

// drain takes all rings off the bell.
func (b bell) drain() {
	for {
		var buf [64]byte
		if n, _ := fd.Read(b.readFD, buf[:]); n < len(buf) {
			return // One read empties an eventfd. EAGAIN: it is empty.
		}
	}
}

func (b bell) close() {
	fd.Close(b.readFD)
	if b.writeFD != b.readFD {
		fd.Close(b.writeFD)
	}
}
