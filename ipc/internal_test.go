package ipc_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// clusterMessage is one as Node's cluster sends it.
type clusterMessage struct {
	Cmd string `json:"cmd"`
	Act string `json:"act"`
	Seq int    `json:"seq"`
}

func init() {
	// ipc-internal sends internal messages back, with their handles.
	helperproc.Register("ipc-internal", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			c.OnInternal("NODE_CLUSTER", func(m *ipc.Message) {
				var v clusterMessage
				check(m.Decode(&v))
				o := &ipc.SendOptions{}
				if h := m.Handle(); h != nil {
					o.Handle = h
				}
				v.Act = "echo " + v.Act
				check(c.SendInternal(v, o))
			})
			c.OnDisconnect(func() {}) // Without it nothing keeps the loop alive.
		})
	})
}

// Node emits internal messages as 'internalMessage', and sends them back here.
const internalEcho = `
	process.on('internalMessage', (m, h) => {
		if (m.cmd === 'NODE_CLUSTER') process.send({...m, act: 'echo ' + m.act}, h);
	});
	process.on('disconnect', () => {});`

//brood:checks N147
func TestInternalMessagesGoBothWaysWithAndWithoutHandles(t *testing.T) {
	for _, peer := range []string{"node", "go"} {
		t.Run(peer, func(t *testing.T) {
			eachMode(t, func(t *testing.T, o *ipc.Options) {
				leakcheck.NoNewFDs(t)
				l := newLoop(t)
				var c *ipc.Channel
				var wait func()
				if peer == "node" {
					node := startNode(t, l, o, internalEcho)
					c, wait = node.channel, func() { node.wait() }
				} else {
					channel, cmd := startHelper(t, l, "ipc-internal", o)
					c, wait = channel, func() { require.NoError(t, cmd.Wait()) }
				}
				c.OnError(func(err error) { require.NoError(t, err) })
				c.OnMessage(func(m *ipc.Message) { require.Fail(t, "a message", "%s", m.Raw()) })
				var got []string
				c.OnInternal("NODE_CLUSTER", func(m *ipc.Message) {
					var v clusterMessage
					require.NoError(t, m.Decode(&v))
					got = append(got, fmt.Sprint(v.Seq, " ", v.Act, " ", m.Handle() != nil))
					if len(got) == 4 {
						c.Disconnect()
					}
				})
				c.OnInternal("NODE_OTHER", func(*ipc.Message) { require.Fail(t, "another prefix") })
				for i := range 4 {
					o := &ipc.SendOptions{}
					if i%2 == 1 {
						o.Handle = connection("tcp4", "127.0.0.1:0")(t)
					}
					require.NoError(t, c.SendInternal(clusterMessage{"NODE_CLUSTER", "act", i}, o))
				}
				run(t, l)
				wait()
				require.Equal(t, []string{"0 echo act false", "1 echo act true", "2 echo act false", "3 echo act true"}, got)
			})
		})
	}
}

func TestTheDoorIsForInternalMessagesOnly(t *testing.T) {
	eachMode(t, func(t *testing.T, o *ipc.Options) {
		l := newLoop(t)
		a, b := newPair(t, l, o)
		never := func(err error) { require.NoError(t, err); require.Fail(t, "called") }
		for _, v := range []any{"x", nil, map[string]any{"cmd": "NODE_"}, map[string]any{"cmd": 1}, []any{"NODE_x"},
			map[string]any{"cmd": "NODE_HANDLE"}, map[string]any{"cmd": "NODE_HANDLE_ACK"}, map[string]any{"cmd": "NODE_HANDLE_NACK"}} {
			require.ErrorIs(t, a.SendInternal(v, &ipc.SendOptions{Done: never}), ipc.ErrNotInternal, "%v", v)
		}
		require.Error(t, a.SendInternal(func() {}, nil))
		for _, prefix := range []string{"", "NODE", "x"} {
			require.Panics(t, func() { b.OnInternal(prefix, func(*ipc.Message) {}) })
		}
		var got []string
		for _, prefix := range []string{"NODE_A", "NODE_AB", "NODE_", "NODE_A"} {
			b.OnInternal(prefix, func(m *ipc.Message) {
				var v struct{ Cmd string }
				require.NoError(t, m.Decode(&v))
				got = append(got, prefix+"<"+v.Cmd)
			})
		}
		b.OnInternal("NODE_", func(*ipc.Message) { require.Fail(t, "removed") }).Off()
		b.OnMessage(func(m *ipc.Message) { require.Fail(t, "a message") })
		for _, cmd := range []string{"NODE_AB", "NODE_A", "NODE_HANDLE_FRESH"} {
			require.NoError(t, a.SendInternal(map[string]string{"cmd": cmd}, nil))
		}
		require.NoError(t, a.Send(map[string]string{"cmd": "NODE_HANDLE_ACK"}))
		a.Disconnect()
		run(t, l)
		require.Equal(t, []string{"NODE_A<NODE_AB", "NODE_A<NODE_AB", "NODE_AB<NODE_AB", "NODE_<NODE_AB",
			"NODE_A<NODE_A", "NODE_A<NODE_A", "NODE_<NODE_A", "NODE_<NODE_HANDLE_FRESH"}, got)
		require.ErrorIs(t, a.SendInternal(map[string]string{"cmd": "NODE_x"}, nil), ipc.ErrChannelClosed)
	})
}

func TestAnUntakenHandleOfAnInternalMessageIsClosed(t *testing.T) {
	for _, listens := range []bool{false, true} {
		leakcheck.NoNewFDs(t)
		l := newLoop(t)
		c, p := newChannel(t, l, nil)
		got := 0
		if listens {
			c.OnInternal("NODE_x", func(m *ipc.Message) { got++ })
		}
		x, y := socketPair(t)
		p.send(handleFrame("net.Native", `{"cmd":"NODE_x"}`), x)
		require.NoError(t, unix.Close(x))
		poll(t, l)
		requireEOF(t, y)
		require.NoError(t, unix.Close(y))
		require.Equal(t, listens, got == 1)
		s, _ := p.read()
		require.Equal(t, ack, s)
		p.close()
		run(t, l)
	}
}

// An answer with a cmd of Node's is an internal message all the same.
func TestAnInternalMessageIsNoAnswer(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	got := 0
	a.OnInternal("NODE_x", func(*ipc.Message) { got++ })
	answering(t, b, func(q question) map[string]any { return map[string]any{"cmd": "NODE_x"} })
	require.NoError(t, a.Request(context.Background(), 1, func(_ *ipc.Message, err error) {
		require.ErrorIs(t, err, ipc.ErrChannelClosed)
	}))
	until(t, l, func() bool { return got == 1 })
	a.Disconnect()
	run(t, l)
}

func TestAListenerForInternalMessagesDoesNotKeepAChildsLoopAlive(t *testing.T) {
	l := newLoop(t)
	c, _ := newParentChannel(t, l, "json")
	c.OnInternal("NODE_CLUSTER", func(*ipc.Message) {})
	run(t, l)
	c.Destroy()
	run(t, l)
}

func TestAChildBoundsItsParent(t *testing.T) {
	l := newLoop(t)
	x, y := socketPair(t)
	p := &peer{t: t, fd: y}
	t.Cleanup(p.close)
	setChannel(t, strconv.Itoa(x), "json")
	o := &ipc.Options{Serialization: ipc.Advanced, MaxMessage: 10, MaxQueue: 100}
	c, err := ipc.ParentWith(l, o)
	require.NoError(t, err)
	require.Empty(t, os.Getenv("NODE_CHANNEL_FD"))
	again, err := ipc.Parent(l)
	require.NoError(t, err)
	require.Same(t, c, again)
	require.Equal(t, ipc.Advanced, o.Serialization, "it is the caller's")
	var j journal
	j.watch(c)
	p.send("1\n\"12345678901\"\n2\n")
	poll(t, l)
	require.Equal(t, []string{"1", "error: ipc: message too long", "2"}, j.Entries)
	for range 1000 {
		if err = c.Send(strings.Repeat("x", 1<<16)); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, ipc.ErrQueueFull)
	p.close()
	run(t, l)

	_, err = ipc.ParentWith(nil, nil)
	require.Error(t, err)
	_, err = ipc.ParentWith(newLoop(t), nil)
	require.ErrorIs(t, err, ipc.ErrNoParent)
}
