package reactor_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/reactor"
)

// TestHangupsAndErrorsOfEpoll pins the reports of epoll(7). Other systems differ in detail.
//
//brood:checks S077
func TestHangupsAndErrorsOfEpoll(t *testing.T) {
	const (
		r, w, h, e = reactor.Readable, reactor.Writable, reactor.Hangup, reactor.Error
	)
	for _, c := range []struct {
		name string
		open func(t *testing.T) int
		want reactor.Readiness
		got  reactor.Readiness
	}{
		{"reader of a pipe whose writer is gone", deadReader, r, r | h},
		{"the same, watched for writing", deadReader, w, w | h},
		{"the same, watched for a hang-up", deadReader, h, h},
		{"the same, watched for an error", deadReader, e, h},
		{"writer of a pipe whose reader is gone", deadWriter, w, w | e},
		{"the same, watched for an error", deadWriter, e, e},
		{"half-closed socket", halfClosed, r, r},
		{"half-closed socket, watched for a hang-up too", halfClosed, r | h, r | h},
		{"half-closed socket, watched for a hang-up only", halfClosed, h, h},
		{"socket whose other end is gone", deadSocket, r | w, r | w | h},
		{"socket with an error pending", refused, r | w, r | w | h | e},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t)
			var got readiness
			watcher := watch(t, l, c.open(t), c.want, got.note)
			require.Equal(t, c.got, got.after(t, l), "wanted %v", c.want)
			watcher.Close()
		})
	}
}

func deadReader(t *testing.T) int {
	r, w := pipe(t)
	w.Close()
	return r.FD
}

func deadWriter(t *testing.T) int {
	r, w := pipe(t)
	r.Close()
	return w.FD
}

func halfClosed(t *testing.T) int {
	a, b := socketPair(t)
	require.NoError(t, unix.Shutdown(b.FD, unix.SHUT_WR))
	return a.FD
}

func deadSocket(t *testing.T) int {
	a, b := socketPair(t)
	b.Close()
	return a.FD
}

// refused connects to a port without a listener.
func refused(t *testing.T) int {
	socket := func() int {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		require.NoError(t, err)
		return fdtest.Own(t, fd).FD
	}
	bound, fd := socket(), socket()
	require.NoError(t, unix.Bind(bound, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	addr, err := unix.Getsockname(bound)
	require.NoError(t, err)
	if err := unix.Connect(fd, addr); err != unix.EINPROGRESS {
		require.ErrorIs(t, err, unix.ECONNREFUSED)
	}
	return fd
}

//brood:checks S077
func TestAnEpollInsideOurEpoll(t *testing.T) {
	l := newLoop(t)
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	require.NoError(t, err)
	fdtest.Own(t, fd)
	r, w := pipe(t)
	require.NoError(t, unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, r.FD, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(r.FD)}))
	var got readiness
	watcher := watch(t, l, fd, reactor.Readable, got.note)
	require.Zero(t, got.after(t, l))
	w.WriteString("x")
	require.Equal(t, reactor.Readable, got.after(t, l))
	require.Equal(t, reactor.Readable, got.after(t, l), "while it lasts")
	r.ReadString()
	require.Zero(t, got.after(t, l))
	watcher.Close()
}

//brood:checks S077
func TestALoopRefusesToWatchItself(t *testing.T) {
	a, b := newLoop(t), newLoop(t)
	_, err := a.Watch(a.FD(), reactor.Readable, func(reactor.Readiness) {})
	require.ErrorIs(t, err, unix.EINVAL)
	defer watch(t, a, b.FD(), reactor.Readable, func(reactor.Readiness) {}).Close()
	_, err = b.Watch(a.FD(), reactor.Readable, func(reactor.Readiness) {})
	require.ErrorIs(t, err, unix.ELOOP, "a circle of two")
}
