package ipc_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// drainedLoop returns a loop that runs, when everything was unrefed, until nothing is left to do.
func drainedLoop(t testing.TB) *reactor.Loop {
	t.Helper()
	l := newLoop(t)
	t.Cleanup(func() {
		if !t.Failed() {
			if err := l.Run(); !errors.Is(err, reactor.ErrClosed) {
				require.NoError(t, err)
			}
		}
	})
	return l
}

// linePeer is a peer whose bytes are read line by line.
type linePeer struct {
	*peer
	loop    *reactor.Loop
	pending string
	ended   bool
}

func newLinePeer(t testing.TB, l *reactor.Loop) (*ipc.Channel, *linePeer) {
	t.Helper()
	c, p := newChannel(t, l, nil)
	c.Unref()
	return c, &linePeer{peer: p, loop: l}
}

// line returns the next line from the channel.
func (p *linePeer) line() string {
	p.t.Helper()
	until(p.t, p.loop, func() bool {
		if !strings.Contains(p.pending, "\n") && !p.ended {
			s, end := p.read()
			p.pending += s
			p.ended = end
		}
		return strings.Contains(p.pending, "\n")
	})
	line, rest, _ := strings.Cut(p.pending, "\n")
	p.pending = rest
	return line
}

// requireNothingSent checks that the channel has not answered the peer's messages: the next line is
// the answer to a handle without a descriptor, sent behind them.
func (p *linePeer) requireNothingSent() {
	p.t.Helper()
	p.send(`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":0}` + "\n")
	require.Equal(p.t, `{"cmd":"NODE_HANDLE_NACK"}`, p.line())
}

// sendHandle sends v as a handle and waits for the acknowledgement.
func (p *linePeer) sendHandle(typ, key string, v any) {
	p.t.Helper()
	fd := dup(p.t, v)
	p.send(`{"cmd":"NODE_HANDLE","type":"`+typ+`","msg":0,"key":"`+key+`"}`+"\n", fd)
	closeFD(p.t, fd)
	require.Equal(p.t, `{"cmd":"NODE_HANDLE_ACK"}`, p.line())
}

// acceptHandle checks that the next line is frame, acknowledges it and closes its descriptor.
func (p *linePeer) acceptHandle(frame string) {
	p.t.Helper()
	require.Empty(p.t, p.pending)
	var got string
	var fds []int
	until(p.t, p.loop, func() bool {
		if !p.readable() {
			return false
		}
		got, fds = p.readRights()
		return true
	})
	require.Equal(p.t, frame+"\n", got)
	require.Len(p.t, fds, 1)
	closeFD(p.t, fds[0])
	p.send(`{"cmd":"NODE_HANDLE_ACK"}` + "\n")
}

// newServer returns a Server at network and address on l.
func newServer(t testing.TB, l *reactor.Loop, network, address string) *ipc.Server {
	t.Helper()
	ln, err := net.Listen(network, address)
	require.NoError(t, err)
	s, err := ipc.NewServer(l, ln)
	require.NoError(t, err)
	t.Cleanup(func() { s.Unref() })
	return s
}

// count runs the loop until s has counted its connections.
func count(t testing.TB, l *reactor.Loop, s *ipc.Server) int {
	t.Helper()
	n := -1
	s.Connections(func(got int, err error) {
		require.NoError(t, err)
		n = got
	})
	require.Equal(t, -1, n, "never inside the call")
	until(t, l, func() bool { return n >= 0 })
	return n
}

// waitClosed runs the loop until the close event of s.
func waitClosed(t testing.TB, l *reactor.Loop, s *ipc.Server) {
	t.Helper()
	closed := false
	s.OnClose(func() { closed = true })
	until(t, l, func() bool { return closed })
}

// sendSome writes s as far as the kernel takes it.
func (p *peer) sendSome(s string) int {
	p.t.Helper()
	n, err := unix.Write(p.fd, []byte(s[:min(len(s), 64<<10)]))
	if err == unix.EAGAIN {
		return 0
	}
	require.NoError(p.t, err)
	return n
}
