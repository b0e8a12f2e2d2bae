package streams

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// sharedWrite is the most that is written at once to a descriptor in blocking mode: poll(2) promises room for that much
// in a pipe (PIPE_BUF on Linux; POSIX has 512 as the least, which is what other systems may promise).
const sharedWrite = 512

// read reads once. The error is a bare errno, EAGAIN when there is nothing.
func (d *descriptor) read(p []byte) (n int, err error) {
	if d.shared {
		n, err = d.readShared(p)
	} else {
		n, err = fd.ReadNonblock(d.fd, p)
	}
	if err == unix.EIO && d.isTerminal() {
		return 0, nil // Linux says so on a pseudo-terminal's master when the last slave is closed: it is the end.
	}
	return n, err
}

// write writes once what the kernel takes, 0 bytes with an error.
func (d *descriptor) write(p []byte) (int, error) {
	if d.shared {
		return d.writeShared(p)
	}
	return fd.WriteNonblock(d.fd, p)
}

// writev is write of several pieces.
func (d *descriptor) writev(pieces [][]byte) (int, error) {
	if d.shared || len(pieces) == 1 {
		return d.write(pieces[0])
	}
	return fd.WritevNonblock(d.fd, pieces)
}

// readShared is called only after the poller found fd readable. Somebody else may still have been faster, so the kernel is
// asked not to wait where it can be asked.
func (d *descriptor) readShared(p []byte) (int, error) {
	if d.isSocket() {
		return fd.Recv(d.fd, p)
	}
	if d.isPipe() {
		if n, err := fd.ReadNowait(d.fd, p); err != unix.EOPNOTSUPP {
			return n, err
		}
	}
	return fd.Read(d.fd, p)
}

func (d *descriptor) writeShared(p []byte) (int, error) {
	if d.isSocket() {
		return fd.Send(d.fd, p)
	}
	if d.isPipe() {
		if n, err := fd.WritevNowait(d.fd, [][]byte{p}); err != unix.EOPNOTSUPP {
			return n, err
		}
	}
	if d.isFile() {
		return fd.Write(d.fd, p) // It waits for a disk at most.
	}
	if !d.writableNow() {
		return 0, unix.EAGAIN
	}
	return fd.Write(d.fd, p[:min(len(p), sharedWrite)])
}

// writableNow asks poll(2): a write is tried before the poller was ever asked.
func (d *descriptor) writableNow() bool {
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1
}

func (d *descriptor) isSocket() bool   { return d.fileType() == unix.S_IFSOCK }
func (d *descriptor) isPipe() bool     { return d.fileType() == unix.S_IFIFO }
func (d *descriptor) isFile() bool     { return d.fileType() == unix.S_IFREG }
func (d *descriptor) isTerminal() bool { return d.fileType() == unix.S_IFCHR }

// fileType asks the first time it matters; most streams never do.
func (d *descriptor) fileType() uint32 {
	if d.kind == 0 && d.fd >= 0 {
		var st unix.Stat_t
		if unix.Fstat(d.fd, &st) == nil {
			d.kind = uint32(st.Mode) & unix.S_IFMT
		}
	}
	return d.kind
}

// busyPipeSize is in bytes; it is what Linux lets unprivileged processes have (/proc/sys/fs/pipe-max-size). Moving data
// from child to child by splice(2) is 1.5 times as fast with it as with the default of 64 KiB (bench, "pipe a child to
// a child"): fewer, larger hand-overs.
const busyPipeSize = 1 << 20

// enlarge gives a pipe through which much goes a larger capacity, once.
func (d *descriptor) enlarge() {
	if !d.enlarged {
		d.enlarged = true
		if d.isPipe() {
			// Refused, the pipe stays as it is; other systems than Linux enlarge a busy one themselves.
			_ = fd.SetPipeSize(d.fd, busyPipeSize)
		}
	}
}
