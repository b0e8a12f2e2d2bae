package ipc_test

import (
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// ipc-read-once reads its channel once and exits: it has received a handle and not acknowledged
	// it.
	helperproc.Register("ipc-read-once", func([]string) {
		_, _, _, _, err := unix.Recvmsg(3, make([]byte, 1000), make([]byte, 1000), 0)
		check(err)
	})

	// ipc-take takes the handles that come until the parent disconnects.
	helperproc.Register("ipc-take", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			c.OnMessage(func(m *ipc.Message) { check(m.Handle().Close()) })
		})
	})
}

func TestReceivedReportsTheFateOfAHandle(t *testing.T) {
	refused := errors.New("an errno")
	for _, c := range []struct {
		name   string
		handle func(t *testing.T) any
		then   func(ch *ipc.Channel, p *peer)
		want   error
	}{
		{"acknowledged", func(t *testing.T) any { return socketFile(t) }, func(_ *ipc.Channel, p *peer) { p.send(ack) }, nil},
		{"refused", func(t *testing.T) any { return socketFile(t) }, func(_ *ipc.Channel, p *peer) { p.send(nack) }, ipc.ErrHandleNotReceived},
		{"the peer closes", func(t *testing.T) any { return socketFile(t) }, func(_ *ipc.Channel, p *peer) { p.close() }, ipc.ErrChannelClosed},
		{"destroyed", func(t *testing.T) any { return socketFile(t) }, func(ch *ipc.Channel, _ *peer) { ch.Destroy() }, ipc.ErrChannelClosed},
		{"acknowledged after Disconnect", func(t *testing.T) any { return socketFile(t) }, func(ch *ipc.Channel, p *peer) {
			ch.Disconnect()
			p.send(ack)
		}, nil},
		{"a closed object", func(t *testing.T) any {
			conn, _ := newConn(t)
			require.NoError(t, conn.Close())
			return conn
		}, func(*ipc.Channel, *peer) {}, ipc.ErrHandleUsed},
		{"none", func(t *testing.T) any { return nil }, func(*ipc.Channel, *peer) {}, ipc.ErrHandleUsed},
		{"not connected", func(t *testing.T) any { return socketFile(t) }, nil, ipc.ErrChannelClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			ch, p := newChannel(t, l, nil)
			ch.OnError(func(err error) { require.NoError(t, errors.Join(refused, err)) })
			if c.then == nil {
				ch.Destroy()
				c.then = func(*ipc.Channel, *peer) {}
			}
			var j journal
			require.NoError(t, ch.SendWith("x", &ipc.SendOptions{
				Handle:   c.handle(t),
				Done:     func(error) { j.Add("done") },
				Received: func(err error) { require.ErrorIs(t, err, c.want); j.Add("received") },
			}))
			require.NoError(t, errors.Join(ch.SendWith("behind", &ipc.SendOptions{Done: func(error) {}})))
			require.Empty(t, j.Entries, "inside the call")
			c.then(ch, p)
			until(t, l, func() bool { return len(j.Entries) == 2 })
			require.Equal(t, []string{"done", "received"}, j.Entries)
			p.close()
			run(t, l)
			require.Len(t, j.Entries, 2)
		})
	}
}

// Without Done, Received gets the error, and not OnError.
func TestALostMessageGoesToReceivedIfThereIsNoDone(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	c.OnError(func(err error) { require.NoError(t, err) })
	var got []error
	for range 3 {
		require.NoError(t, c.SendWith("x", &ipc.SendOptions{Handle: socketFile(t), Received: func(err error) { got = append(got, err) }}))
	}
	p.close()
	run(t, l)
	require.Equal(t, []error{ipc.ErrChannelClosed, ipc.ErrChannelClosed, ipc.ErrChannelClosed}, got)
}

func TestAConnectionGoesToAnotherProcessIfTheFirstDiesWithoutAcknowledgingIt(t *testing.T) {
	for _, second := range []string{"ipc-take", "node"} {
		t.Run(second, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			first, cmd := startHelper(t, l, "ipc-read-once", nil)
			conn, other := newConn(t)
			send := func(c *ipc.Channel, received func(error)) {
				require.NoError(t, c.SendWith("yours", &ipc.SendOptions{Handle: conn, KeepOpen: true, Received: received}))
			}
			var wait func()
			took := false
			send(first, func(err error) {
				require.ErrorIs(t, err, ipc.ErrChannelClosed)
				var c *ipc.Channel
				if second == "node" {
					n := startNode(t, l, nil, `process.on('message', (m, h) => h.end('through', () => h.destroy()));`)
					c, wait = n.channel, func() { n.wait() }
				} else {
					ch, cmd := startHelper(t, l, second, nil)
					c, wait = ch, func() { require.NoError(t, cmd.Wait()) }
				}
				send(c, func(err error) {
					require.NoError(t, err)
					took = true
					require.NoError(t, conn.Close())
					c.Disconnect()
				})
			})
			run(t, l)
			require.NoError(t, cmd.Wait())
			wait()
			require.True(t, took)
			if second == "node" {
				buf := make([]byte, 16)
				n, err := other.Read(buf)
				require.NoError(t, err)
				require.Equal(t, "through", string(buf[:n]))
			}
		})
	}
}

// A hundred handles are on their way when the process dies. Each Received is called once, and no
// descriptor leaks.
func TestReceivedIsCalledOnceForEachHandleWhenTheProcessDies(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, cmd := startHelper(t, l, "ipc-take", nil)
	var told [100]int
	received := 0
	for i := range told {
		conn, _ := newConn(t)
		require.NoError(t, c.SendWith(i, &ipc.SendOptions{Handle: net.Conn(conn), KeepOpen: true, Received: func(err error) {
			if told[i]++; err == nil {
				received++
			} else { // One of them may be the first to find that the process has gone.
				require.True(t, errors.Is(err, ipc.ErrChannelClosed) || errors.Is(err, unix.EPIPE), "%d: %v", i, err)
			}
			if received == 50 {
				require.NoError(t, cmd.Process.Kill())
			}
		}}))
	}
	run(t, l)
	require.Error(t, cmd.Wait())
	for i, times := range told {
		require.Equal(t, 1, times, i)
	}
	require.GreaterOrEqual(t, received, 50)
}
