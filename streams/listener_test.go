package streams_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// echo is a function for Listen that sends all bytes back.
func echo(x *streams.Duplex) { x.Readable.Pipe(x.Writable, nil) }

// listen returns a listener on a free port of this machine, and its address.
func listen(t *testing.T, l *reactor.Loop, fn func(*streams.Duplex)) (x *streams.Listener, address string) {
	t.Helper()
	x, err := streams.Listen(l, "tcp", "127.0.0.1:0", fn)
	require.NoError(t, err)
	name, err := unix.Getsockname(x.FD())
	require.NoError(t, err)
	return x, net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*unix.SockaddrInet4).Port))
}

func connect(t *testing.T, l *reactor.Loop, network, address string, done func(*streams.Duplex, error)) (cancel func()) {
	t.Helper()
	a, err := streams.Connect(l, network, address, nil, done)
	require.NoError(t, err)
	return a.Cancel
}

func TestAListenerServesManyConnectionsWithoutAGoroutine(t *testing.T) {
	l := newLoop(t)
	x, address := listen(t, l, echo)
	const n = 200
	left := n
	for i := range n {
		connect(t, l, "tcp", address, func(d *streams.Duplex, err error) {
			require.NoError(t, err)
			text := strconv.Itoa(i)
			write(t, d.Writable, []byte(text))
			d.Writable.End()
			d.Readable.Collect(-1, func(data []byte, err error) {
				require.NoError(t, err)
				require.Equal(t, text, string(data))
				if left--; left == 0 {
					x.Close()
				}
			})
		})
	}
	run(t, l)
	require.Zero(t, left)
	require.Equal(t, -1, x.FD())
}

func TestAUnixListenerRemovesItsFile(t *testing.T) {
	l := newLoop(t)
	path := filepath.Join(t.TempDir(), "s")
	x, err := streams.Listen(l, "unix", path, echo)
	require.NoError(t, err)
	connect(t, l, "unix", path, func(d *streams.Duplex, err error) {
		require.NoError(t, err)
		d.Writable.End()
		d.Readable.OnClose(x.Close)
		d.Readable.Resume()
	})
	run(t, l)
	require.NoFileExists(t, path)

	x, err = streams.Listen(l, "unix", path, echo)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	x.Close()
	x.Close()
	require.FileExists(t, path, "it is somebody else's")
}

func TestAListenerThatIsUnrefedLetsTheLoopEnd(t *testing.T) {
	l := newLoop(t)
	x, address := listen(t, l, echo)
	x.Unref()
	run(t, l)
	x.Ref()
	connect(t, l, "tcp", address, func(d *streams.Duplex, err error) {
		require.NoError(t, err)
		d.Destroy(nil)
		x.Unref()
	})
	run(t, l)
	require.NoError(t, l.Close())
	require.Equal(t, -1, x.FD(), "it is closed with its loop")
	_, err := net.Dial("tcp", address)
	require.ErrorIs(t, err, unix.ECONNREFUSED)
}

func TestAPausedListenerLeavesConnectionsInTheBacklog(t *testing.T) {
	l := newLoop(t)
	accepted := 0
	var x *streams.Listener
	x, address := listen(t, l, func(d *streams.Duplex) {
		accepted++
		d.Destroy(nil)
		x.Close()
	})
	x.Pause()
	connect(t, l, "tcp", address, func(d *streams.Duplex, err error) {
		require.NoError(t, err)
		d.Readable.OnClose(func() {})
		d.Readable.Resume()
		l.SetImmediate(func() {
			require.Zero(t, accepted)
			x.Resume()
		})
	})
	run(t, l)
	require.Equal(t, 1, accepted)
}

func TestAnAttemptToConnectFailsWithTheReason(t *testing.T) {
	l := newLoop(t)
	x, address := listen(t, l, echo)
	x.Close()
	var got []error
	note := func(d *streams.Duplex, err error) {
		require.Nil(t, d)
		got = append(got, err)
	}
	connect(t, l, "tcp", address, note)
	connect(t, l, "unix", filepath.Join(t.TempDir(), "nothing"), note)
	cancel := connect(t, l, "tcp", address, func(*streams.Duplex, error) { require.Fail(t, "it was given up") })
	cancel()
	cancel()
	require.Empty(t, got, "nothing is told inside the call")
	run(t, l)
	require.Len(t, got, 2)
	for i, want := range []error{unix.ECONNREFUSED, unix.ENOENT} {
		if got[0] != nil && i == 0 && !isErrno(got[0], want) {
			got[0], got[1] = got[1], got[0] // Which comes first is the kernel's choice.
		}
		require.ErrorIs(t, got[i], want)
		var op *streams.OpError
		require.ErrorAs(t, got[i], &op)
		require.Equal(t, "connect", op.Op)
	}
	for _, bad := range [][2]string{{"tcp", "localhost:1"}, {"tcp", "1.2.3.4"}, {"udp", "1.2.3.4:1"}, {"", ""}} {
		_, err := streams.Connect(l, bad[0], bad[1], nil, note)
		require.Error(t, err, "%q", bad)
	}
	_, err := streams.Connect(l, "tcp", address, &streams.ConnectOptions{LocalAddress: "8.8.8.8:1"}, note)
	require.ErrorIs(t, err, unix.EADDRNOTAVAIL)
	_, err = streams.Connect(nil, "tcp", address, nil, note)
	require.Error(t, err)
}

func TestAnAttemptThatIsUnrefedDoesNotKeepTheLoop(t *testing.T) {
	l := newLoop(t)
	x, address := listen(t, l, echo)
	x.Close()
	// The first is under way, the second has failed at once.
	for _, network := range []string{"tcp", "unix"} {
		a, err := streams.Connect(l, network, address, nil, func(*streams.Duplex, error) { require.Fail(t, "the loop has run") })
		require.NoError(t, err)
		require.True(t, l.Alive())
		a.Unref()
		require.False(t, l.Alive())
		a.Ref()
		require.True(t, l.Alive())
		a.Cancel()
		a.Ref()
		require.False(t, l.Alive())
	}
}

func isErrno(err, errno error) bool { return err.(*streams.OpError).Err == errno }

func TestALoopThatIsClosedGivesUpAttemptsToConnect(t *testing.T) {
	l := newLoop(t)
	_, address := listen(t, l, echo)
	connect(t, l, "tcp", address, func(*streams.Duplex, error) { require.Fail(t, "called") })
	require.NoError(t, l.Close())
}

func TestAListenerTakesOnlySoManyConnectionsATurn(t *testing.T) {
	l := newLoop(t)
	accepted := 0
	x, address := listen(t, l, func(d *streams.Duplex) {
		accepted++
		d.Destroy(nil)
	})
	for range 40 { // They are made by the kernel, and wait in the backlog.
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close()) }()
	}
	require.True(t, poll(t, l))
	require.Equal(t, 32, accepted)
	require.True(t, poll(t, l))
	require.Equal(t, 40, accepted)
	x.Close()
	run(t, l)
}

func TestListenersAndAttemptsRefuseANilCallback(t *testing.T) {
	l := newLoop(t)
	require.PanicsWithValue(t, "streams: Listen: nil callback", func() { _, _ = streams.Listen(l, "tcp", "127.0.0.1:0", nil) })
	require.PanicsWithValue(t, "streams: NewListener: nil callback", func() { _, _ = streams.NewListener(l, 0, nil) })
	require.PanicsWithValue(t, "streams: Connect: nil callback", func() { _, _ = streams.Connect(l, "tcp", "127.0.0.1:1", nil, nil) })
}
