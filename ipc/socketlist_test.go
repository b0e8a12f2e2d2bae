package ipc_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/ipc/socketlist"
)

const (
	askCount = `{"cmd":"NODE_SOCKET_GET_COUNT","key":"K"}` + "\n"
	askClose = `{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"K"}` + "\n"
	replied  = `{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"K"}`
)

func countReply(n int) string {
	return fmt.Sprintf(`{"cmd":"NODE_SOCKET_COUNT","key":"K","count":%d}`, n)
}

// collect takes the handles that come over c.
func collect(c *ipc.Channel) *[]*ipc.Handle {
	var handles []*ipc.Handle
	c.OnMessage(func(m *ipc.Message) { handles = append(handles, m.Handle()) })
	return &handles
}

func TestReceivedConnectionsAreCountedUntilTheyAreClosed(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	c, p := newLinePeer(t, l)
	handles := collect(c)
	conn := connection("tcp4", "127.0.0.1:0")(t)
	for range 5 {
		p.sendHandle("net.Socket", "K", conn)
	}
	until(t, l, func() bool { return len(*handles) == 5 })
	h := *handles
	expect := func(n int) {
		t.Helper()
		p.send(askCount)
		require.Equal(t, countReply(n), p.line())
	}
	expect(5)
	tcp, err := h[0].Conn()
	require.NoError(t, err)
	require.IsType(t, &ipc.TCPConn{}, tcp)
	file, err := h[1].File()
	require.NoError(t, err)
	expect(4) // No event says that a file is closed.
	duplex, err := h[2].Duplex(nil)
	require.NoError(t, err)
	require.NoError(t, h[3].Close())
	expect(3)
	p.send(askClose)
	p.send(askClose)
	p.requireNothingSent()
	require.NoError(t, tcp.Close())
	gone := false
	duplex.Readable.OnClose(func() { gone = true })
	duplex.Readable.Destroy(nil)
	until(t, l, func() bool { return gone })
	expect(2)
	gone = false
	duplex.Writable.OnClose(func() { gone = true })
	duplex.Writable.Destroy(nil)
	until(t, l, func() bool { return gone })
	expect(1)
	require.NoError(t, file.Close())
	require.NoError(t, h[4].Close())
	require.Equal(t, replied, p.line())
	require.Equal(t, replied, p.line(), "as often as was asked")
	expect(0)
	p.send(askClose)
	require.Equal(t, replied, p.line(), "at once when there is none")
}

func TestConnectionsThatCannotBeOpenedAreNotCounted(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	c, p := newLinePeer(t, l)
	handles := collect(c)
	p.sendHandle("net.Socket", "K", unixConnection(t))
	until(t, l, func() bool { return len(*handles) == 1 })
	withoutFreeFDs(t, func() {
		_, err := (*handles)[0].Conn()
		require.ErrorIs(t, err, unix.EMFILE)
	})
	p.send(askCount)
	require.Equal(t, countReply(0), p.line())
}

// The sender says "net.Socket" of a listener and of a UDP socket. Nothing would take them off the
// count, and the sender's server would never close.
func TestDescriptorsThatAreNoConnectionsAreNotCounted(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	c, p := newLinePeer(t, l)
	handles := collect(c)
	p.sendHandle("net.Socket", "K", unixListener(t))
	p.sendHandle("net.Socket", "K", packetConn("udp4", "127.0.0.1:0")(t))
	until(t, l, func() bool { return len(*handles) == 2 })
	p.send(askCount + askClose)
	require.Equal(t, countReply(0), p.line())
	require.Equal(t, replied, p.line())
	ln, err := (*handles)[0].Listener()
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	packets, err := (*handles)[1].PacketConn()
	require.NoError(t, err)
	require.NoError(t, packets.Close())
}

func TestUnclaimedConnectionsAreNotCounted(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	c, p := newLinePeer(t, l)
	got := 0
	c.OnMessage(func(*ipc.Message) { got++ })
	p.sendHandle("net.Socket", "K", unixConnection(t))
	until(t, l, func() bool { return got == 1 })
	p.send(askCount)
	require.Equal(t, countReply(0), p.line())
}

func TestKeysThatAreNotKnownGetNoAnswer(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	c, p := newLinePeer(t, l)
	handles := collect(c)
	p.send(askCount + askClose)
	p.requireNothingSent()
	p.sendHandle("net.Socket", "other", unixConnection(t))
	p.sendHandle("net.Server", "K", unixListener(t)) // Only connections are counted.
	p.sendHandle("net.Socket", "", unixConnection(t))
	p.send(askCount + askClose + strings.ReplaceAll(askCount, `"K"`, `""`))
	p.send(`{"cmd":"NODE_SOCKET_GET_COUNT"}` + "\n" + `{"cmd":"NODE_SOCKET_WHAT","key":"other"}` + "\n")
	p.send(strings.ReplaceAll(replied, `"K"`, `"other"`) + "\n")
	p.send(`{"cmd":"NODE_SOCKET_COUNT","key":"other","count":1}` + "\n")
	p.requireNothingSent()
	require.Len(t, *handles, 3)
	for _, h := range *handles {
		require.NoError(t, h.Close())
	}
}

func TestKeysDoNotPileUp(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	c, p := newLinePeer(t, l)
	handles := collect(c)
	conn := unixConnection(t)
	p.sendHandle("net.Socket", "K", conn)
	until(t, l, func() bool { return len(*handles) == 1 })
	for i := range 2 * socketlist.MaxIdleKeys {
		h := received(t, c, conn, "net.Socket", fmt.Sprint(i))
		require.NoError(t, h.Close())
		require.LessOrEqual(t, ipc.Keys(c), socketlist.MaxIdleKeys)
	}
	p.send(askCount)
	require.Equal(t, countReply(1), p.line(), "open connections keep their key")
	require.NoError(t, (*handles)[0].Close())

	keys := ipc.Keys(c)
	h := received(t, c, conn, "net.Socket", strings.Repeat("x", socketlist.MaxKey+1))
	require.Equal(t, keys, ipc.Keys(c))
	require.NoError(t, h.Close())
}

func TestAPeerThatAsksAndNeverReadsMakesNothingGrow(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	c, p := newLinePeer(t, l)
	handles := collect(c)
	p.sendHandle("net.Socket", "K", unixConnection(t))
	until(t, l, func() bool { return len(*handles) == 1 })
	const questions = 200_000
	unsent := strings.Repeat(askCount, questions)
	for stuck := 0; len(unsent) > 0 && stuck < 100; {
		n := p.sendSome(unsent)
		unsent = unsent[n:]
		stuck++
		if n > 0 {
			stuck = 0
		}
		poll(t, l)
		require.Less(t, c.Queued(), 1<<20)
	}
	require.NotEmpty(t, unsent, "the peer is held up by what it does not read")
	// Once it reads again, all questions are answered.
	replies := 0
	until(t, l, func() bool {
		if len(unsent) > 0 {
			unsent = unsent[p.sendSome(unsent):]
		}
		s, _ := p.read()
		replies += strings.Count(s, "\n")
		return replies == questions
	})
	require.NoError(t, (*handles)[0].Close())
}

func TestAnswersWaitUntilTheChannelHasDrained(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	c, p := newLinePeer(t, l)
	handles := collect(c)
	p.sendHandle("net.Socket", "K", unixConnection(t))
	until(t, l, func() bool { return len(*handles) == 1 })
	const large = 4 << 20 // bytes, more than the kernel takes
	asked := 0
	c.OnMessage(func(*ipc.Message) { asked++ })
	for round := range 2 {
		require.NoError(t, c.Send(strings.Repeat("x", large)))
		until(t, l, func() bool { poll(t, l); return c.NeedDrain() })
		queued := c.Queued()
		p.send(strings.Repeat(askCount, 3) + askClose + "0\n")
		until(t, l, func() bool { return asked == round+1 })
		require.Equal(t, queued, c.Queued(), "they are numbers until then")
		require.Len(t, p.line(), large+len(`""`))
		for range 3 {
			require.Equal(t, countReply(1), p.line())
		}
	}
	require.NoError(t, (*handles)[0].Close())
	require.Equal(t, replied, p.line())
	require.Equal(t, replied, p.line())
}

func TestCountedConnectionsAreStillThoseOfPackageNet(t *testing.T) {
	leakcheck.NoNewFDs(t)
	t.Cleanup(func() {
		// The pipes that io.Copy splices through are in a sync.Pool, and so go with the second
		// collection.
		runtime.GC()
		runtime.GC()
	})
	c := unrefedChannel(t, drainedLoop(t))
	// Package net takes a refused splice(2) for a failure of the connection.
	sandbox.Need(t, "splice")
	for _, network := range []string{"tcp4", "unix"} {
		var ln net.Listener
		if network == "unix" {
			ln = unixListener(t).(net.Listener)
		} else {
			ln = listener("tcp4", "127.0.0.1:0")(t).(net.Listener)
		}
		var ends [2]net.Conn
		var others [2]net.Conn
		for i := range ends {
			accepted, dialled := connect(t, ln)
			conn, err := received(t, c, accepted, "net.Socket", "K").Conn()
			require.NoError(t, err)
			require.NoError(t, accepted.Close())
			ends[i], others[i] = conn, dialled
		}
		_, err := others[0].Write([]byte("through the kernel"))
		require.NoError(t, err)
		require.NoError(t, others[0].Close())
		n, err := io.Copy(ends[1], ends[0])
		require.NoError(t, err)
		require.EqualValues(t, len("through the kernel"), n)
		require.NoError(t, ends[1].(interface{ CloseWrite() error }).CloseWrite())
		got, err := io.ReadAll(others[1])
		require.NoError(t, err)
		require.Equal(t, "through the kernel", string(got))
		for _, conn := range ends {
			require.NoError(t, conn.Close())
		}
	}
}

func TestAReceivedConnectionThatIsSentOnIsCountedNoLonger(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	c, p := newLinePeer(t, l)
	next, q := newLinePeer(t, l)
	handles := collect(c)
	p.sendHandle("net.Socket", "K", unixConnection(t))
	p.sendHandle("net.Socket", "K", unixConnection(t))
	until(t, l, func() bool { return len(*handles) == 2 })
	conn, err := (*handles)[0].Conn()
	require.NoError(t, err)
	for i, v := range []any{conn, (*handles)[1]} {
		require.NoError(t, next.SendWith(0, &ipc.SendOptions{Handle: v}))
		q.acceptHandle(`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":0}`)
		p.send(askCount)
		require.Equal(t, countReply(1-i), p.line())
	}
}
