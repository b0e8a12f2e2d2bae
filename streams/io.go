package streams

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// read reads once into p. It returns 0 without an error at the end of the data. The error is the
// bare errno, EAGAIN if there is no data. The functions of this file run on the loop goroutine and
// do not wait, except as readOnce says.
func (d *descriptor) read(p []byte) (n int, err error) {
	if n, err = d.readOnce(p); err == unix.EIO && d.isDevice() && fd.IsMaster(d.fd) {
		// Linux gives EIO to a pseudo-terminal's master when the last slave is closed: the end.
		return 0, nil
	}
	return n, err
}

// readOnce reads once. It asks the kernel not to wait, in a way that does not depend on the mode of
// the open file description, which others may change. If the kernel has no such way, the call
// relies on the poller's report; it waits if another reader has been faster and the mode is
// blocking.
func (d *descriptor) readOnce(p []byte) (int, error) {
	switch {
	case d.isSocket():
		n, err := fd.Recv(d.fd, p)
		if err != unix.ENOTSOCK {
			return n, err
		}
		d.kindKnown = false // Other code has put another file under the number.
		return d.readOnce(p)
	case d.isFile():
		return fd.Read(d.fd, p) // It waits for the disk at most.
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

// write writes once, as many bytes of p as the kernel takes. With an error it has written none.
func (d *descriptor) write(p []byte) (int, error) {
	pieces := [1][]byte{p}
	return d.writev(pieces[:])
}

// writev is write of several pieces. It avoids waiting as readOnce does.
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

// writableNow asks poll(2), because a write is tried before the poller was asked.
func (d *descriptor) writableNow() bool {
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1
}

// alone reports whether the open file description is in non-blocking mode and only this stream can
// change that.
func (d *descriptor) alone() bool { return d.fresh && !d.shared }

func (d *descriptor) isSocket() bool { return d.fileType() == unix.S_IFSOCK }
func (d *descriptor) isPipe() bool   { return d.fileType() == unix.S_IFIFO }
func (d *descriptor) isFile() bool   { return d.fileType() == unix.S_IFREG }
func (d *descriptor) isDevice() bool { return d.fileType() == unix.S_IFCHR }

// markPipe notes that the caller knows the descriptor to be a pipe.
func (d *descriptor) markPipe() { d.kind, d.kindKnown = unix.S_IFIFO, true }

// fileType returns the S_IFMT bits of the file type. It calls fstat(2) the first time.
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
