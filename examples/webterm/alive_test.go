package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/looptest"
)

// alive is a fifo that processes have open for writing as long as they live.
type alive struct {
	t    *testing.T
	path string
	fd   int
}

func openAlive(t *testing.T) *alive {
	t.Helper()
	a := &alive{t: t, path: t.TempDir() + "/alive"}
	require.NoError(t, unix.Mkfifo(a.path, 0o600))
	var err error
	// It does not wait for a writer.
	a.fd, err = unix.Open(a.path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(a.fd) })
	return a
}

// script has a shell script, and what it starts, be alive, and say so.
func (a *alive) script(rest string) string { return "exec 9>" + a.path + "; echo begun; " + rest }

// read returns how many bytes they have written since the last call, and whether any of them is
// left.
func (a *alive) read() (n int, left bool) {
	a.t.Helper()
	buf := make([]byte, 64<<10)
	for {
		k, err := unix.Read(a.fd, buf)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return n, true
		case k == 0:
			return n, false
		default:
			require.NoError(a.t, err)
			n += k
		}
	}
}

// gone waits until none of them is left, which have begun.
func (a *alive) gone() {
	a.t.Helper()
	for {
		if _, left := a.read(); !left {
			return
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(a.fd), Events: unix.POLLIN}}, int(looptest.HangLimit().Milliseconds()))
		if err != unix.EINTR {
			require.NoError(a.t, err)
			require.NotZero(a.t, n, "some of the processes live on")
		}
	}
}
