package childprocess_test

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// whenFull calls fn when the pipe that r reads is full: its writer waits then.
func whenFull(t *testing.T, l *reactor.Loop, r *streams.Readable, fn func()) {
	t.Helper()
	var timer *reactor.Timer
	timer = l.SetInterval(time.Millisecond, func() {
		// Only a writing end can be polled for that; this opens another.
		fd, err := unix.Open("/proc/self/fd/"+strconv.Itoa(r.FD()), unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		require.NoError(t, err)
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		_, err = unix.Poll(fds, 0)
		require.NoError(t, unix.Close(fd))
		require.NoError(t, err)
		if fds[0].Revents&unix.POLLOUT == 0 {
			timer.Stop()
			fn()
		}
	})
}

//brood:checks S031
func TestAWriterWaitsWhileItIsNotRead(t *testing.T) {
	const total = 4 << 20
	l := newLoop(t)
	c := start(t, l, "pour", "31", strconv.Itoa(total), "65536")
	ev := events(c)
	var got bytes.Buffer
	rounds := 0
	c.Stdout.OnData(func(chunk []byte) {
		got.Write(chunk)
		if rounds == 5 {
			return
		}
		rounds++
		c.Stdout.Pause()
		whenFull(t, l, c.Stdout, func() {
			require.EqualValues(t, got.Len(), c.Stdout.BytesRead(), "nothing is read while it is paused")
			require.Zero(t, ev.count("exit"))
			c.Stdout.Resume()
		})
	})
	run(t, l)
	require.Equal(t, 5, rounds)
	require.True(t, bytes.Equal(tune(31, 1, 0, total), got.Bytes()))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks S029
func TestABridgeIsNotDrainedPastItsGoroutine(t *testing.T) {
	const total = 1 << 20
	l := newLoop(t)
	c := start(t, l, "pour", "3", "1048576", "65536")
	ev := events(c)
	r := c.Stdout.Reader()
	gate := make(chan struct{})
	type result struct {
		data []byte
		err  error
	}
	read := make(chan result, 1)
	go func() { // It ends with the stream; the test waits for its result.
		<-gate
		var all bytes.Buffer
		_, err := all.ReadFrom(r)
		read <- result{all.Bytes(), err}
	}()
	whenFull(t, l, c.Stdout, func() {
		require.LessOrEqual(t, c.Stdout.BytesRead(), int64(streams.DefaultHighWaterMark))
		close(gate)
	})
	run(t, l)
	got := <-read
	require.NoError(t, got.err)
	require.True(t, bytes.Equal(tune(3, 1, 0, total), got.data))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}
