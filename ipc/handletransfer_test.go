package ipc_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

const (
	ack  = `{"cmd":"NODE_HANDLE_ACK"}` + "\n"
	nack = `{"cmd":"NODE_HANDLE_NACK"}` + "\n"
)

// newConn returns one end of a connection, as an object to send, and the other one.
func newConn(t *testing.T) (*net.UnixConn, *os.File) {
	t.Helper()
	x, y := socketPair(t)
	f := os.NewFile(uintptr(x), "connection")
	defer f.Close()
	c, err := net.FileConn(f)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() }) // The test may have done so.
	other := os.NewFile(uintptr(y), "peer of the connection")
	t.Cleanup(func() { _ = other.Close() })
	return c.(*net.UnixConn), other
}

// socketFile returns a socket as a file, which is sent as net.Native.
func socketFile(t *testing.T) *os.File {
	t.Helper()
	_, f := newConn(t)
	return f
}

func handleFrame(typ, msg string) string {
	return `{"cmd":"NODE_HANDLE","type":"` + typ + `","msg":` + msg + "}\n"
}

// requireConnected requires that fd is an end of the connection whose other end is file.
func requireConnected(t *testing.T, fd int, file *os.File) {
	t.Helper()
	_, err := unix.Write(fd, []byte("through"))
	require.NoError(t, err)
	buf := make([]byte, 16)
	n, err := file.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "through", string(buf[:n]))
}

func TestAHandleIsSentWithItsFrameAndEverythingElseWaits(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	conn, other := newConn(t)
	var j journal
	note := func(s string) *ipc.SendOptions {
		return &ipc.SendOptions{Done: func(err error) { require.NoError(t, err); j.Add(s) }}
	}
	require.NoError(t, c.SendWith("before", note("before")))
	withHandle := note("handle")
	withHandle.Handle = conn
	require.NoError(t, c.SendWith("x", withHandle))
	require.False(t, c.NeedDrain())
	require.NoError(t, c.SendWith("first behind", note("first behind")))
	require.False(t, c.NeedDrain(), "as Node's send returns true for it")
	require.NoError(t, c.SendWith("second behind", note("second behind")))
	require.True(t, c.NeedDrain())
	c.OnDrain(j.Note("drain"))
	require.NoError(t, c.SendInternal(map[string]string{"cmd": "NODE_x"}, nil))
	_, err := conn.Write([]byte("x"))
	require.ErrorIs(t, err, net.ErrClosed, "the connection is the peer's now")

	s, fds := p.takeRights()
	if s == "\"before\"\n" { // Linux may return them together.
		require.Empty(t, fds)
		s, fds = p.takeRights()
	}
	require.Equal(t, handleFrame("net.Socket", `"x"`), strings.TrimPrefix(s, "\"before\"\n"))
	require.Len(t, fds, 1)
	requireConnected(t, fds[0], other)
	poll(t, l)
	s, _ = p.read()
	require.Empty(t, s)
	require.Equal(t, []string{"before", "handle"}, j.Entries, "done does not wait for the acknowledgement")

	p.send(ack)
	poll(t, l)
	s, _ = p.read()
	require.Equal(t, "\"first behind\"\n\"second behind\"\n{\"cmd\":\"NODE_x\"}\n", s)
	require.False(t, c.NeedDrain())
	require.Equal(t, []string{"before", "handle", "first behind", "second behind", "drain"}, sorted(j.Entries))
	p.send(ack + ack) // Surplus ones.
	p.close()
	run(t, l)
}

// sorted moves the drain event to the end, because its place among callbacks is not promised.
func sorted(entries []string) []string {
	for i, s := range entries {
		if s == "drain" {
			return append(append(append([]string{}, entries[:i]...), entries[i+1:]...), s)
		}
	}
	return entries
}

//brood:checks N180
func TestAClosedObjectIsSentAsAPlainMessage(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	conn, _ := newConn(t)
	require.NoError(t, c.SendWith(1, &ipc.SendOptions{Handle: conn}))
	require.NoError(t, c.SendWith(2, &ipc.SendOptions{Handle: conn}))
	_, fds := p.takeRights()
	require.Len(t, fds, 1)
	p.send(ack)
	poll(t, l)
	s, _ := p.read()
	require.Equal(t, "2\n", s)
	p.close()
	run(t, l)
}

//brood:checks S072
func TestHandlesGoOneAtATimeInEachDirection(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	var j, k journal
	receive := func(c *ipc.Channel, j *journal) {
		n := 0
		c.OnMessage(func(m *ipc.Message) {
			j.Add(fmt.Sprint(string(m.Raw()), " ", m.Handle() != nil))
			if h := m.Handle(); h != nil {
				require.NoError(t, h.Close())
			}
			if n++; n == 40 {
				c.Disconnect()
			}
		})
	}
	receive(a, &j)
	receive(b, &k)
	var want []string
	for i := range 40 {
		o := &ipc.SendOptions{}
		if i%4 != 0 {
			o.Handle = socketFile(t)
		}
		require.NoError(t, a.SendWith(i, o))
		require.NoError(t, b.SendWith(i, o))
		want = append(want, fmt.Sprint(i, " ", i%4 != 0))
	}
	run(t, l)
	for _, entries := range [][]string{j.Entries, k.Entries} {
		require.Equal(t, want[:len(entries)], entries)
	}
	require.Equal(t, 40, max(len(j.Entries), len(k.Entries)))
}

// Only a connection is sent again, as in Node. A lost handle of another kind is an error too.
func TestAConnectionThatIsRefusedIsSentFourTimes(t *testing.T) {
	for _, c := range []struct {
		name   string
		handle func(t *testing.T) any
		keep   bool
		times  int
	}{
		{"net.Socket", func(t *testing.T) any { c, _ := newConn(t); return c }, false, 4},
		{"net.Socket", func(t *testing.T) any { c, _ := newConn(t); return c }, true, 1},
		{"net.Native", func(t *testing.T) any { return socketFile(t) }, false, 1},
	} {
		t.Run(fmt.Sprint(c.name, " ", c.keep), func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			ch, p := newChannel(t, l, nil)
			var got []error
			ch.OnError(func(err error) { got = append(got, err) })
			dones := 0
			require.NoError(t, ch.SendWith("x", &ipc.SendOptions{Handle: c.handle(t), KeepOpen: c.keep, Done: func(error) { dones++ }}))
			require.NoError(t, ch.Send("behind"))
			for range c.times {
				s, fds := p.takeRights()
				require.Equal(t, handleFrame(c.name, `"x"`), s, "not wrapped again")
				require.Len(t, fds, 1)
				p.send(nack)
				poll(t, l)
			}
			s, fds := p.takeRights()
			require.Equal(t, "\"behind\"\n", s)
			require.Empty(t, fds)
			poll(t, l)
			require.Equal(t, 1, dones)
			require.Equal(t, []error{ipc.ErrHandleNotReceived}, got)
			p.close()
			run(t, l)
		})
	}
}

func TestDisconnectWaitsForTheAcknowledgement(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	j.watch(c)
	require.NoError(t, c.SendWith("x", &ipc.SendOptions{Handle: socketFile(t)}))
	require.NoError(t, c.Send("behind"))
	c.Disconnect()
	require.False(t, c.Connected())
	poll(t, l)
	_, fds := p.takeRights()
	require.Len(t, fds, 1)
	p.send("\"meanwhile\"\n" + ack)
	run(t, l)
	s, end := p.read()
	require.Equal(t, "\"behind\"\n", s)
	require.True(t, end)
	require.Equal(t, []string{`"meanwhile"`, "disconnect"}, j.Entries)
}

// Node emits an error then, and the callbacks never come (spec H6).
//
//brood:checks N177
func TestTheEndOfThePeerWhileAHandleIsOnItsWay(t *testing.T) {
	for _, disconnect := range []bool{false, true} {
		leakcheck.NoNewFDs(t)
		l := newLoop(t)
		c, p := newChannel(t, l, nil)
		var j journal
		j.watch(c)
		done := func(s string, want error) *ipc.SendOptions {
			conn, _ := newConn(t)
			return &ipc.SendOptions{Handle: conn, Done: func(err error) { require.ErrorIs(t, err, want); j.Add(s) }}
		}
		require.NoError(t, c.SendWith("x", done("first", nil)))
		require.NoError(t, c.SendWith("y", done("second", ipc.ErrChannelClosed)))
		require.NoError(t, c.SendWith("z", done("third", ipc.ErrChannelClosed)))
		if disconnect {
			c.Disconnect()
		}
		p.close()
		run(t, l)
		require.Equal(t, []string{"first", "second", "third", "disconnect"}, j.Entries)
	}
}

func TestAnErrorOfTheHandleIsReturned(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	err := c.SendWith(1, &ipc.SendOptions{Handle: "string", Done: func(error) { require.Fail(t, "called") }})
	var e *ipc.HandleError
	require.ErrorAs(t, err, &e)
	require.Error(t, c.SendWith(func() {}, &ipc.SendOptions{Handle: socketFile(t)}))
	p.close()
	run(t, l)
}

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("in MarshalJSON") }

func TestAHandleWhoseMessagePanicsStaysTheSenders(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	conn, other := newConn(t)
	require.Panics(t, func() { _ = c.SendWith(panics{}, &ipc.SendOptions{Handle: conn}) })
	require.NoError(t, c.SendWith(1, &ipc.SendOptions{Handle: conn}))
	s, fds := p.takeRights()
	require.Equal(t, handleFrame("net.Socket", "1"), s)
	require.Len(t, fds, 1)
	requireConnected(t, fds[0], other)
	p.close()
	run(t, l)
}

// An answer that comes before the frame was written is ignored, because the descriptor is still
// needed.
func TestAnEarlyAcknowledgementIsIgnored(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	require.NoError(t, c.Send(strings.Repeat("x", 1<<20)))
	file := socketFile(t)
	require.NoError(t, c.SendWith(1, &ipc.SendOptions{Handle: file}))
	require.NoError(t, c.Send("behind"))
	p.send(ack)
	poll(t, l)
	var got strings.Builder
	var fds []int
	for range 100 {
		if p.readable() {
			s, more := p.takeRights()
			got.WriteString(s)
			fds = append(fds, more...)
		}
		poll(t, l)
	}
	require.Len(t, fds, 1)
	require.True(t, strings.HasSuffix(got.String(), handleFrame("net.Native", "1")))
	p.send(ack)
	poll(t, l)
	s, _ := p.read()
	require.Equal(t, "\"behind\"\n", s)
	p.close()
	run(t, l)
}

func TestCloseOfTheLoopClosesEveryDescriptor(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	c.Unref()
	p.send(handleFrame("net.Socket", `"waits for a listener"`), fdSaying(t, "a"))
	poll(t, l)
	p.send(`{"cmd":"NODE_HANDLE","half a frame`, fdSaying(t, "b"))
	poll(t, l)
	require.Equal(t, 1, c.PendingRights())
	require.Equal(t, 1, ipc.OpenHandles(c))
	for _, msg := range []string{"in flight", "held"} {
		conn, _ := newConn(t)
		require.NoError(t, c.SendWith(msg, &ipc.SendOptions{Handle: conn, Done: func(err error) { require.NoError(t, err, msg) }}))
	}
	poll(t, l)
	require.NoError(t, l.Close())
}

// After a listener has panicked, the next message with its descriptor is in the inbox, and no tick
// takes it.
func TestCloseOfTheLoopClosesDescriptorsThatWereNotDelivered(t *testing.T) {
	for _, c := range []struct {
		name string
		more func(p *peer)
	}{
		{"open", func(*peer) {}},
		{"ended", func(p *peer) { p.close() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			ch, p := newChannel(t, l, nil)
			ch.OnMessage(func(*ipc.Message) { panic("the first message") })
			p.send("\"plain\"\n"+handleFrame("net.Socket", "1"), fdSaying(t, "a"))
			c.more(p)
			require.PanicsWithValue(t, "the first message", func() { _ = l.Run() })
			require.True(t, l.Alive())
			require.NoError(t, l.Close())
		})
	}
}
