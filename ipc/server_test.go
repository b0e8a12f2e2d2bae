package ipc_test

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func TestAServerCountsItsOwnConnections(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	require.Zero(t, count(t, l, s))
	first, _ := connect(t, s)
	second, _ := connect(t, s)
	require.IsType(t, &ipc.TCPConn{}, first)
	require.Equal(t, 2, count(t, l, s))
	require.NoError(t, first.Close())
	require.Equal(t, 1, count(t, l, s))
	require.ErrorIs(t, first.Close(), net.ErrClosed)
	require.Equal(t, 1, count(t, l, s), "closed twice, counted once")
	require.NoError(t, second.Close())
	require.Zero(t, count(t, l, s))
	require.NoError(t, s.Close())
	waitClosed(t, l, s)
}

func TestAServerClosesAfterItsLastConnection(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	conn, _ := connect(t, s)
	var events []string
	s.OnClose(func() { events = append(events, "close") })
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Close(), net.ErrClosed)
	l.SetTimeout(0, func() {
		events = append(events, "still open")
		require.NoError(t, conn.Close())
		require.Equal(t, []string{"still open"}, events, "never inside the call")
	})
	run(t, l)
	require.Equal(t, []string{"still open", "close"}, events)
	_, err := s.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestAServerKeepsRunAliveUntilItIsUnrefed(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	require.True(t, l.Alive())
	s.Unref()
	s.Unref()
	require.False(t, l.Alive())
	run(t, l)
	s.Ref()
	s.Ref()
	require.True(t, l.Alive())
	s.Unref()
	require.NoError(t, l.Close())
	_, err := s.Accept()
	require.ErrorIs(t, err, net.ErrClosed, "closed with the loop")
	require.ErrorIs(t, s.Close(), net.ErrClosed)
}

// TestCloseMissesNoConnection closes servers while other goroutines accept. In every order no
// connection may be open at the close event.
func TestCloseMissesNoConnection(t *testing.T) {
	leakcheck.NoNewFDs(t)
	for range 50 {
		l := drainedLoop(t)
		s := newServer(t, l, "tcp4", "127.0.0.1:0")
		var mu sync.Mutex
		open := 0
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				for {
					conn, err := s.Accept()
					if err != nil {
						return
					}
					mu.Lock()
					open++
					mu.Unlock()
					all.Go(func() {
						_, _ = conn.Read(make([]byte, 1)) // Until the client closes.
						mu.Lock()
						open--
						mu.Unlock()
						_ = conn.Close()
					})
				}
			})
		}
		all.Go(func() {
			for {
				conn, err := net.Dial("tcp4", s.Addr().String())
				if err != nil {
					return
				}
				_ = conn.Close()
			}
		})
		all.Go(func() { _ = s.Close() })
		s.OnClose(func() {
			mu.Lock()
			defer mu.Unlock()
			require.Zero(t, open)
		})
		run(t, l)
		all.Wait()
	}
}

func TestTheKeyIsTheBoundAddress(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	dir := t.TempDir()
	for _, c := range []struct{ network, address, prefix, suffix string }{
		{"tcp4", "127.0.0.1:0", "4:127.0.0.1:", ""},
		{"tcp4", ":0", "4:0.0.0.0:", ""},
		{"tcp6", "[::1]:0", "6:::1:", ""},
		{"tcp", ":0", "6::::", ""},
		{"unix", filepath.Join(dir, "s"), "-1:" + dir + "/s:-1", "none"},
	} {
		if c.prefix[0] == '6' && !hasIPv6() {
			continue
		}
		s := newServer(t, l, c.network, c.address)
		want := c.prefix
		if c.suffix == "" {
			_, port, err := net.SplitHostPort(s.Addr().String())
			require.NoError(t, err)
			want += port
		}
		require.Equal(t, want, s.Key())
		require.NoError(t, s.Close())
		waitClosed(t, l, s)
	}
}

func TestTwoServersNeverShareAKey(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	path := filepath.Join(t.TempDir(), "s")
	first := newServer(t, l, "unix", path)
	require.NoError(t, os.Remove(path))
	second := newServer(t, l, "unix", path)
	require.NotEqual(t, first.Key(), second.Key())
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
	waitClosed(t, l, first)
	run(t, l)
	third := newServer(t, l, "unix", path)
	require.Equal(t, first.Key(), third.Key(), "the key is free again")
	require.NoError(t, third.Close())
	run(t, l)
}

func TestNewServerWantsAListenerOfPackageNet(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	ln := listener("tcp4", "127.0.0.1:0")(t).(net.Listener)
	for name, try := range map[string]func() (*ipc.Server, error){
		"wrapped": func() (*ipc.Server, error) { return ipc.NewServer(l, struct{ net.Listener }{ln}) },
		"nil":     func() (*ipc.Server, error) { return ipc.NewServer(l, nil) },
		"nil pointer": func() (*ipc.Server, error) {
			return ipc.NewServer(l, (*net.TCPListener)(nil))
		},
		"nil loop": func() (*ipc.Server, error) { return ipc.NewServer(nil, ln) },
	} {
		s, err := try()
		require.Nil(t, s, name)
		require.IsType(t, &ipc.HandleError{}, err, name)
	}
	require.NoError(t, l.Close())
	_, err := ipc.NewServer(l, ln)
	require.ErrorIs(t, err, reactor.ErrClosed)
	_, err = ln.(*net.TCPListener).SyscallConn()
	require.NoError(t, err, "the listener is still the caller's")
}

func TestAServerCanBeSentItself(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	c, p := newLinePeer(t, l)
	require.NoError(t, c.SendWith(0, &ipc.SendOptions{Handle: s}))
	p.acceptHandle(`{"cmd":"NODE_HANDLE","type":"net.Server","msg":0}`)
	require.NoError(t, s.Close())
	waitClosed(t, l, s)
	require.NoError(t, c.SendWith(1, &ipc.SendOptions{Handle: s}))
	require.Equal(t, "1", p.line(), "closed: without handle")
}
