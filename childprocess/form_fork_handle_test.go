package childprocess_test

import (
	"context"
	"errors"
	"math"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// ipc-refused sends values that are no handles, and says how many were refused.
	helperproc.Register("ipc-refused", func([]string) {
		inChild(func(_ *reactor.Loop, parent *ipc.Channel) { must(parent.Send(refusals(parent.SendWith))) })
	})

	// ipc-bind binds a TCP and a UDP socket to each address that it gets, sends them back, and ends
	// with its parent.
	helperproc.Register("ipc-bind", func([]string) {
		inChild(func(_ *reactor.Loop, parent *ipc.Channel) {
			parent.OnMessage(func(m *ipc.Message) {
				var at addresses
				must(m.Decode(&at))
				ln := check(shared.Listen(context.Background(), "tcp4", at.TCP))
				conn := check(shared.ListenPacket(context.Background(), "udp4", at.UDP))
				parent.OnDisconnect(func() { must(errors.Join(ln.Close(), conn.Close())) })
				must(parent.Send(addresses{ln.Addr().String(), conn.LocalAddr().String()}))
			})
		})
	})
}

// noHandles are values that have no descriptor.
func noHandles() []any {
	a, b := net.Pipe()
	_, _ = a.Close(), b.Close() // It has no descriptor in either case.
	return []any{"handle", 7, math.NaN(), true, struct{}{}, []byte("handle"), map[string]any{}, errors.New("handle"), a}
}

// refusals returns the number of values that are refused correctly, and sends a message without
// options.
func refusals(send func(v any, o *ipc.SendOptions) error) (n int) {
	for _, v := range noHandles() {
		err := send("with a handle", &ipc.SendOptions{Handle: v, Done: func(error) { panic("done after an error") }})
		if e, ok := errors.AsType[*ipc.HandleError](err); ok && errors.Is(e, ipc.ErrHandleType) {
			n++
		}
	}
	must(send("without options", nil))
	return n
}

//brood:checks N152
func TestOtherValuesThanHandlesAreRefusedInParentAndChild(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	c := forkHelper(t, l, nil, "ipc-refused")
	var got []any
	c.OnMessage(func(m *ipc.Message) {
		v, err := m.Value()
		require.NoError(t, err)
		got = append(got, v)
	})
	require.Equal(t, len(noHandles()), refusals(c.SendWith))
	run(t, l)
	require.Equal(t, []any{"without options", float64(len(noHandles()))}, got)

	for _, o := range []childprocess.ForkOptions{
		{Options: childprocess.Options{Serialization: 2}},
		{Options: childprocess.Options{Serialization: -1}},
	} {
		_, err := childprocess.Fork(l, "true", nil, &o)
		require.IsType(t, &childprocess.ArgumentError{}, err)
	}
}

// shared opens sockets whose address another socket that shared opens may have, too.
var shared = net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
	var optErr error
	err := c.Control(func(fd uintptr) { optErr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
	return errors.Join(err, optErr)
}}

type addresses struct{ TCP, UDP string }

//brood:checks N175
func TestWorkersBindTheSamePort(t *testing.T) {
	l := newLoop(t)
	first, second := forkHelper(t, l, nil, "ipc-bind"), forkHelper(t, l, nil, "ipc-bind")
	var bound []addresses
	for _, c := range []*childprocess.ChildProcess{first, second} {
		c.OnMessage(func(m *ipc.Message) {
			var at addresses
			require.NoError(t, m.Decode(&at))
			bound = append(bound, at)
			if c == first {
				require.NoError(t, second.Send(at))
				return
			}
			// Both have the address now; a socket that does not share it cannot have it.
			_, err := net.Listen("tcp4", at.TCP)
			require.ErrorIs(t, err, syscall.EADDRINUSE)
			_, err = net.ListenPacket("udp4", at.UDP)
			require.ErrorIs(t, err, syscall.EADDRINUSE)
			first.Disconnect()
			second.Disconnect()
		})
	}
	require.NoError(t, first.Send(addresses{"127.0.0.1:0", "127.0.0.1:0"}))
	run(t, l)
	require.Len(t, bound, 2)
	require.Equal(t, bound[0], bound[1])
	for _, c := range []*childprocess.ChildProcess{first, second} {
		status, _ := c.Status()
		require.True(t, status.Success(), "%v", status)
	}
}
