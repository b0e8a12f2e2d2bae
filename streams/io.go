package streams

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// read reads once. The error is a bare errno, EAGAIN when there is nothing.
func (d *descriptor) read(p []byte) (n int, err error) {
	if n, err = d.readOnce(p); err == unix.EIO && d.isDevice() && fd.IsMaster(d.fd) {
		// Linux says so on a pseudo-terminal's master when the last slave is closed: it is the end.
		return 0, nil
	}
	return n, err
}

// readOnce does not wait, whoever else has the open file description and whatever he makes of its
// mode, as far as the kernel can be asked that. Where it cannot, the poller has found d readable,
// and nobody was faster.
func (d *descriptor) readOnce(p []byte) (int, error) {
	switch {
	case d.isSocket():
		n, err := fd.Recv(d.fd, p)
		if err != unix.ENOTSOCK {
			return n, err
		}
		d.kindKnown = false // Somebody has put something else under the number.
		return d.readOnce(p)
	case d.isFile():
		return fd.Read(d.fd, p) // It waits for a disk at most.
	case d.alone():
		return fd.ReadNonblock(d.fd, p)
	case !d.nowaitRefused:
		if n, err := fd.ReadNowait(d.fd, p); err != unix.EOPNOTSUPP {
			return n, err
		}
		d.nowaitRefused = true
	}
	if d.blocking {
		return fd.Read(d.fd, p)
	}
	return fd.ReadNonblock(d.fd, p)
}

// write writes once what the kernel takes, 0 bytes with an error.
func (d *descriptor) write(p []byte) (int, error) {
	pieces := [1][]byte{p}
	return d.writev(pieces[:])
}

// writev is write of several pieces; it is to writing what readOnce is to reading.
func (d *descriptor) writev(pieces [][]byte) (int, error) {
	switch {
	case d.isSocket():
		n, err := fd.Sendmsg(d.fd, pieces, nil)
		if err != unix.ENOTSOCK {
			return n, err
		}
		d.kindKnown = false
		return d.writev(pieces)
	case d.isFile():
		return fd.Write(d.fd, pieces[0])
	case d.alone():
		return d.writeNonblock(pieces)
	case !d.nowaitRefused:
		if n, err := fd.WritevNowait(d.fd, pieces); err != unix.EOPNOTSUPP {
			return n, err
		}
		d.nowaitRefused = true
	}
	if !d.blocking {
		return d.writeNonblock(pieces)
	}
	if !d.writableNow() {
		return 0, unix.EAGAIN
	}
	p := pieces[0]
	return fd.Write(d.fd, p[:min(len(p), blockingWrite)])
}

func (d *descriptor) writeNonblock(pieces [][]byte) (int, error) {
	if len(pieces) == 1 {
		return fd.WriteNonblock(d.fd, pieces[0])
	}
	return fd.WritevNonblock(d.fd, pieces)
}

// writableNow asks poll(2): a write is tried before the poller was ever asked.
func (d *descriptor) writableNow() bool {
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1
}

// alone reports whether the open file description is in non-blocking mode and nobody else can
// change that.
func (d *descriptor) alone() bool { return d.fresh && !d.shared }

func (d *descriptor) isSocket() bool { return d.fileType() == unix.S_IFSOCK }
func (d *descriptor) isPipe() bool   { return d.fileType() == unix.S_IFIFO }
func (d *descriptor) isFile() bool   { return d.fileType() == unix.S_IFREG }
func (d *descriptor) isDevice() bool { return d.fileType() == unix.S_IFCHR }

// markPipe is told by whoever has made the descriptor.
func (d *descriptor) markPipe() { d.kind, d.kindKnown = unix.S_IFIFO, true }

// fileType asks the first time it matters.
func (d *descriptor) fileType() uint32 {
	if !d.kindKnown {
		d.kindKnown = true
		var st unix.Stat_t
		if unix.Fstat(d.fd, &st) == nil {
			d.kind = uint32(st.Mode) & unix.S_IFMT
		}
	}
	return d.kind
}
