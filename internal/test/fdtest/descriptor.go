// Package fdtest gives tests descriptors that they own: each is closed with its test, and every
// call on it must succeed.
package fdtest

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// Descriptor is a descriptor that a test owns. It is closed with the test, unless the test has
// closed it or given it away.
//
// A Descriptor belongs to the test's goroutine, but for the function that [Descriptor.Writer]
// returns.
type Descriptor struct {
	FD int // -1 once it is closed or given away

	t   testing.TB
	buf []byte // of Read
}

// Own returns the Descriptor for fd, which it takes ownership of.
func Own(t testing.TB, fd int) *Descriptor {
	d := &Descriptor{FD: fd, t: t}
	t.Cleanup(d.Close)
	return d
}

// Borrow returns a Descriptor for fd, which it does not close with the test: fd is somebody else's.
func Borrow(t testing.TB, fd int) *Descriptor { return &Descriptor{FD: fd, t: t} }

// Pipe returns both ends of a pipe, in non-blocking mode.
func Pipe(t testing.TB) (r, w *Descriptor) {
	t.Helper()
	x, y, err := fd.PipeNonblock()
	require.NoError(t, err)
	return Own(t, x), Own(t, y)
}

// SocketPair returns both ends of a connected pair of Unix sockets of that kind, such as
// unix.SOCK_STREAM, in non-blocking mode.
func SocketPair(t testing.TB, kind int) (a, b *Descriptor) {
	t.Helper()
	var p [2]int
	func() {
		syscall.ForkLock.RLock() // Not every system has SOCK_CLOEXEC.
		defer syscall.ForkLock.RUnlock()
		var err error
		p, err = syscall.Socketpair(syscall.AF_UNIX, kind, 0)
		require.NoError(t, err)
		syscall.CloseOnExec(p[0])
		syscall.CloseOnExec(p[1])
	}()
	a, b = Own(t, p[0]), Own(t, p[1])
	require.NoError(t, unix.SetNonblock(a.FD, true))
	require.NoError(t, unix.SetNonblock(b.FD, true))
	return a, b
}

// Open opens a file of any kind for reading.
func Open(t testing.TB, path string) *Descriptor {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err, path)
	return Own(t, fd)
}

// IsOpen reports whether fd is an open descriptor of this process.
func IsOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// Close closes d, unless that was done or d was given away.
func (d *Descriptor) Close() {
	if d.FD < 0 {
		return
	}
	fd := d.Give()
	if err := unix.Close(fd); err != nil {
		d.t.Errorf("close(%d): %v", fd, err)
	}
}

// Give returns the number to its next owner.
func (d *Descriptor) Give() int {
	fd := d.FD
	d.FD = -1
	return fd
}

// Dup returns a copy of d.
func (d *Descriptor) Dup() *Descriptor {
	d.t.Helper()
	fd, err := unix.FcntlInt(uintptr(d.FD), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(d.t, err)
	return Own(d.t, fd)
}

// Flags returns the flags of d's open file, see F_GETFL in fcntl(2).
func (d *Descriptor) Flags() int {
	d.t.Helper()
	flags, err := unix.FcntlInt(uintptr(d.FD), unix.F_GETFL, 0)
	require.NoError(d.t, err)
	return flags
}

// SetBlocking puts the open file into blocking mode, and returns d.
func (d *Descriptor) SetBlocking() *Descriptor {
	d.t.Helper()
	require.NoError(d.t, unix.SetNonblock(d.FD, false))
	return d
}

// Writable reports whether a write to d would not block now.
func (d *Descriptor) Writable() bool { return poll(d.t, d.FD, unix.POLLOUT, 0) }

// Readable reports whether poll(2) finds fd readable within so many milliseconds. The end of a
// stream and a hang-up are readable, too.
func Readable(t testing.TB, fd, milliseconds int) bool { return poll(t, fd, unix.POLLIN, milliseconds) }

// poll reports whether poll(2) finds any of events on fd in time.
func poll(t testing.TB, fd int, events int16, milliseconds int) bool {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		n, err := unix.Poll(fds, milliseconds)
		if err == unix.EINTR {
			continue
		}
		require.NoError(t, err)
		return n == 1
	}
}
