package ipc_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

// use converts h into the object that o says, and closes that.
func (o *object) use(t testing.TB, h *ipc.Handle) {
	t.Helper()
	var made io.Closer
	var err error
	switch {
	case o.listens:
		made, err = h.Listener()
	case o.connects:
		made, err = h.Conn()
	case o.receives:
		made, err = h.PacketConn()
	default:
		made, err = h.File()
	}
	require.NoError(t, err)
	require.NoError(t, made.Close())
}

//brood:checks S071
func TestAHandleAndItsMessageStayTogether(t *testing.T) {
	for _, mode := range []ipc.Serialization{ipc.JSON, ipc.Advanced} {
		for _, object := range objects() {
			if object.typ == "" {
				continue
			}
			t.Run(fmt.Sprint(mode, " ", object.name), func(t *testing.T) {
				leakcheck.NoNewFDs(t)
				l := drainedLoop(t)
				a, b := newPair(t, l, &ipc.Options{Serialization: mode})
				messages := []any{"before", "", nil, map[string]any{}, "after"}
				senders := make([]any, len(messages))
				for i, v := range messages {
					if i == 0 || i == len(messages)-1 {
						require.NoError(t, a.Send(v))
						continue
					}
					senders[i] = object.create(t)
					sendHandle(t, a, v, senders[i])
				}
				a.Disconnect()
				var got []any
				b.OnMessage(func(m *ipc.Message) {
					v, err := m.Value()
					require.NoError(t, err)
					text, err := json.Marshal(v)
					require.NoError(t, err)
					want, err := json.Marshal(messages[len(got)])
					require.NoError(t, err)
					require.JSONEq(t, string(want), string(text))
					if senders[len(got)] == nil {
						require.Nil(t, m.Handle())
					} else {
						require.Equal(t, object.typ, m.Handle().Type())
						object.use(t, m.Handle())
					}
					got = append(got, v)
				})
				run(t, l)
				require.Len(t, got, len(messages))
				for _, v := range senders {
					if v == nil {
						continue
					}
					_, err := v.(syscall.Conn).SyscallConn()
					require.NoError(t, err)
					err = v.(io.Closer).Close()
					if object.typ == "net.Socket" {
						require.ErrorIs(t, err, net.ErrClosed)
					} else {
						require.NoError(t, err)
					}
				}
			})
		}
	}
}

//brood:checks S072
func TestTwoConnectionsEachWayAtOnce(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	a, b := newPair(t, l, nil)
	ln := unixListener(t).(net.Listener)
	got := 0
	for name, ends := range map[string][2]*ipc.Channel{"a to b": {a, b}, "b to a": {b, a}} {
		for i := range 2 {
			accepted, dialled := connect(t, ln)
			_, err := fmt.Fprint(dialled, name, i)
			require.NoError(t, err)
			require.NoError(t, dialled.Close())
			sendHandle(t, ends[0], fmt.Sprint(name, i), accepted)
		}
		mine := 0
		ends[1].OnMessage(func(m *ipc.Message) {
			require.Equal(t, fmt.Sprint(name, mine), text(t, m))
			conn, err := m.Handle().Conn()
			require.NoError(t, err)
			data, err := io.ReadAll(conn)
			require.NoError(t, err)
			require.Equal(t, text(t, m), string(data))
			require.NoError(t, conn.Close())
			mine++
			if got++; got == 4 {
				a.Disconnect()
			}
		})
	}
	run(t, l)
	require.Equal(t, 4, got)
}

//brood:checks S072
func TestTwoConnectionsToNodeAndBack(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	child := forkNode(t, l, `process.on('message', (m, socket) => socket.write('node' + m, () => process.send(m, socket)));`)
	var clients []net.Conn
	for i := range 2 {
		accepted, client := connect(t, listener("tcp4", "127.0.0.1:0")(t).(net.Listener))
		clients = append(clients, client)
		sendHandle(t, child, i, accepted)
	}
	got := 0
	child.OnMessage(func(m *ipc.Message) {
		require.Equal(t, fmt.Sprint(got), string(m.Raw()))
		conn, err := m.Handle().Conn()
		require.NoError(t, err)
		_, err = fmt.Fprint(conn, " and go", got)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		if got++; got == 2 {
			child.Disconnect()
		}
	})
	run(t, l)
	for i, client := range clients {
		data, err := io.ReadAll(client)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("node%d and go%[1]d", i), string(data))
	}
}

func TestAPipeIsAPipeInNode(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	child := forkNode(t, l, `
		process.on('message', (m, handle) => {
			const socket = new (require('net').Socket)({ handle, readable: true, writable: false });
			let all = '';
			socket.on('data', (data) => all += data);
			socket.on('end', () => { process.send(all); process.disconnect(); });
		});`)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	sendHandle(t, child, "pipe", r)
	require.NoError(t, r.Close())
	_, err = w.WriteString("through a pipe")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	got := ""
	child.OnMessage(func(m *ipc.Message) { got = text(t, m) })
	run(t, l)
	require.Equal(t, "through a pipe", got)
}
