package streams

import "golang.org/x/sys/unix"

// A platform supplies, for descriptors that are in non-blocking mode:
//
//	func readNonblock(fd int, p []byte) (int, error)
//	func writeNonblock(fd int, p []byte) (int, error)
//	func writevNonblock(fd int, pieces [][]byte) (int, error)
//
// and for pipes in blocking mode, which may answer EOPNOTSUPP:
//
//	func readPipeNowait(fd int, p []byte) (int, error)
//	func writePipeNowait(fd int, p []byte) (int, error)
//
// and:
//
//	func enlargePipe(fd int)                             gives a pipe busyPipeSize, if the system lets it
//
// Their errors are bare errnos.

// sharedWrite is the most that is written at once to a descriptor in blocking mode: poll(2) promises room for that much
// in a pipe (PIPE_BUF on Linux; POSIX has 512 as the least, which is what other systems may promise).
const sharedWrite = 512

// read reads once. The error is a bare errno, EAGAIN when there is nothing.
func (d *descriptor) read(p []byte) (n int, err error) {
	for {
		if d.shared {
			n, err = d.readShared(p)
		} else {
			n, err = readNonblock(d.fd, p)
		}
		if err == unix.EINTR {
			continue
		}
		if err == unix.EIO && d.isTerminal() {
			return 0, nil // Linux says so on a pseudo-terminal's master when the last slave is closed: it is the end.
		}
		return n, err
	}
}

// write writes once what the kernel takes, 0 bytes with an error.
func (d *descriptor) write(p []byte) (n int, err error) {
	for {
		if d.shared {
			n, err = d.writeShared(p)
		} else {
			n, err = writeNonblock(d.fd, p)
		}
		if err != unix.EINTR {
			return max(n, 0), err // x/sys/unix returns -1 with an error.
		}
	}
}

// writev is write of several pieces.
func (d *descriptor) writev(pieces [][]byte) (n int, err error) {
	if d.shared || len(pieces) == 1 {
		return d.write(pieces[0])
	}
	for {
		if n, err = writevNonblock(d.fd, pieces); err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// readShared is called only after the poller found fd readable. Somebody else may still have been faster, so the kernel is
// asked not to wait where it can be asked.
func (d *descriptor) readShared(p []byte) (int, error) {
	if d.isSocket() {
		n, _, err := unix.Recvfrom(d.fd, p, unix.MSG_DONTWAIT)
		return n, err
	}
	if d.isPipe() {
		if n, err := readPipeNowait(d.fd, p); err != unix.EOPNOTSUPP {
			return n, err
		}
	}
	return unix.Read(d.fd, p)
}

func (d *descriptor) writeShared(p []byte) (int, error) {
	if d.isSocket() {
		return unix.SendmsgN(d.fd, p, nil, nil, unix.MSG_DONTWAIT)
	}
	if d.isPipe() {
		if n, err := writePipeNowait(d.fd, p); err != unix.EOPNOTSUPP {
			return n, err
		}
	}
	if d.isFile() {
		return unix.Write(d.fd, p) // It waits for a disk at most.
	}
	if !d.writableNow() {
		return 0, unix.EAGAIN
	}
	return unix.Write(d.fd, p[:min(len(p), sharedWrite)])
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

// enlarge gives a pipe through which much goes a larger capacity, once.
func (d *descriptor) enlarge() {
	if !d.enlarged {
		d.enlarged = true
		if d.isPipe() {
			enlargePipe(d.fd)
		}
	}
}
