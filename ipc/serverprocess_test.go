package ipc_test

import (
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

// sendCounted sends conn, which s accepted, to the peer.
func sendCounted(t testing.TB, c *ipc.Channel, p *linePeer, s *ipc.Server, conn net.Conn, keepOpen bool) {
	t.Helper()
	require.NoError(t, c.SendWith(0, &ipc.SendOptions{Handle: conn, KeepOpen: keepOpen}))
	p.acceptHandle(`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":0,"key":"` + s.Key() + `"}`)
}

func getCount(s *ipc.Server) string {
	return `{"cmd":"NODE_SOCKET_GET_COUNT","key":"` + s.Key() + `"}`
}

func countIs(s *ipc.Server, n string) string {
	return `{"cmd":"NODE_SOCKET_COUNT","key":"` + s.Key() + `","count":` + n + "}\n"
}

func notifyClose(s *ipc.Server) string {
	return `{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"` + s.Key() + `"}`
}

func allClosed(s *ipc.Server) string {
	return `{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"` + s.Key() + `"}` + "\n"
}

//brood:checks N173
func TestConnectionsCountsThoseThatWereSent(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	a, pa := newLinePeer(t, l)
	b, pb := newLinePeer(t, l)
	for i := range 4 {
		conn, _ := connect(t, s)
		switch i {
		case 0, 1:
			sendCounted(t, a, pa, s, conn, false)
		case 2:
			sendCounted(t, b, pb, s, conn, true)
		}
	}
	total := -1
	s.Connections(func(n int, err error) {
		require.NoError(t, err)
		total = n
	})
	require.Equal(t, getCount(s), pa.line())
	require.Equal(t, getCount(s), pb.line())
	pa.send(countIs(s, "2"))
	pa.send(countIs(s, "7")) // There was no other question.
	pa.requireNothingSent()
	require.Equal(t, -1, total, "the other one has not replied")
	pb.send(countIs(s, "1"))
	until(t, l, func() bool { return total >= 0 })
	require.Equal(t, 2+1+2, total, "the one with KeepOpen is open in both processes")
}

func TestConnectionsFailsWhenTheReplyMakesNoSense(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	c, p := newLinePeer(t, l)
	conn, _ := connect(t, s)
	sendCounted(t, c, p, s, conn, false)
	for _, bad := range []string{"-1", "1.5", `"many"`, "null", "1e300", "{}", "true", `"NaN"`} {
		var failed error
		s.Connections(func(n int, err error) {
			require.Zero(t, n)
			failed = err
		})
		require.Equal(t, getCount(s), p.line())
		p.send(countIs(s, bad))
		until(t, l, func() bool { return failed != nil })
		_, ok := errors.AsType[*ipc.HandleError](failed)
		require.True(t, ok, "%s: %v", bad, failed)
	}
	// A reply without a count.
	var failed error
	s.Connections(func(_ int, err error) { failed = err })
	require.Equal(t, getCount(s), p.line())
	p.send(`{"cmd":"NODE_SOCKET_COUNT","key":"` + s.Key() + `"}` + "\n")
	until(t, l, func() bool { return failed != nil })
}

func TestConnectionsFailsWhenTheProcessGoes(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	c, p := newLinePeer(t, l)
	conn, _ := connect(t, s)
	sendCounted(t, c, p, s, conn, false)
	var failed error
	s.Connections(func(_ int, err error) { failed = err })
	require.Equal(t, getCount(s), p.line())
	p.close()
	until(t, l, func() bool { return failed != nil })
	require.ErrorIs(t, failed, ipc.ErrChildClosedBeforeReply)
	require.Zero(t, s.Processes())
	require.Zero(t, count(t, l, s), "it is no longer asked")
}

func TestAServerClosesWhenEveryProcessHasReplied(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	a, pa := newLinePeer(t, l)
	b, pb := newLinePeer(t, l)
	first, _ := connect(t, s)
	second, _ := connect(t, s)
	own, _ := connect(t, s)
	sendCounted(t, a, pa, s, first, false)
	sendCounted(t, b, pb, s, second, false)
	closed := false
	s.OnClose(func() { closed = true })
	pa.send(allClosed(s)) // It comes before the question, so it does not count.
	pa.requireNothingSent()
	require.NoError(t, s.Close())
	require.Equal(t, notifyClose(s), pa.line())
	require.Equal(t, notifyClose(s), pb.line())
	require.NoError(t, own.Close())
	pa.send(allClosed(s))
	pa.send(allClosed(s))
	pa.requireNothingSent()
	require.False(t, closed)
	pb.close() // The end of its channel is an answer too.
	until(t, l, func() bool { return closed })
	require.Zero(t, s.Processes())
}

func TestAConnectionSentWhileClosingIsWaitedFor(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	c, p := newLinePeer(t, l)
	first, _ := connect(t, s)
	second, _ := connect(t, s)
	sendCounted(t, c, p, s, first, false)
	closed := false
	s.OnClose(func() { closed = true })
	require.NoError(t, s.Close())
	require.Equal(t, notifyClose(s), p.line())
	p.send(allClosed(s))
	p.requireNothingSent()
	require.False(t, closed)
	sendCounted(t, c, p, s, second, false)
	require.Equal(t, notifyClose(s), p.line(), "behind the connection")
	p.requireNothingSent()
	require.False(t, closed)
	p.send(allClosed(s))
	until(t, l, func() bool { return closed })
}

func TestAProcessThatNeverGotAConnectionIsNotAsked(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	c, p := newLinePeer(t, l)
	conn, _ := connect(t, s)
	failed := false
	c.OnError(func(error) { failed = true })
	require.NoError(t, c.SendWith(0, &ipc.SendOptions{Handle: conn}))
	n := -1
	s.Connections(func(got int, err error) {
		require.NoError(t, err)
		n = got
	})
	for range 4 {
		until(t, l, p.readable)
		_, fds := p.takeRights()
		require.Len(t, fds, 1)
		p.send(`{"cmd":"NODE_HANDLE_NACK"}` + "\n")
	}
	until(t, l, func() bool { return failed && n >= 0 })
	require.Zero(t, n)
	require.Zero(t, s.Processes())
	require.NoError(t, s.Close())
	waitClosed(t, l, s)
}

func TestAQueuedConnectionStaysTheSendersWhenTheChannelEnds(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	c, p := newLinePeer(t, l)
	first, _ := connect(t, s)
	second, _ := connect(t, s)
	require.NoError(t, c.SendWith(0, &ipc.SendOptions{Handle: first}))
	require.NoError(t, c.SendWith(0, &ipc.SendOptions{Handle: second}))
	require.Equal(t, 1, s.Processes())
	gone := false
	c.OnDisconnect(func() { gone = true })
	p.close()
	until(t, l, func() bool { return gone })
	require.ErrorIs(t, first.Close(), net.ErrClosed, "it was on its way")
	require.Equal(t, 1, count(t, l, s))
	require.NoError(t, second.Close())
	require.NoError(t, s.Close())
	waitClosed(t, l, s)
}

// The process does not acknowledge a handle for a while. Questions to it meanwhile are neither lost
// nor sent a thousand times.
func TestQuestionsWaitBehindAHandle(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	s := newServer(t, l, "tcp4", "127.0.0.1:0")
	c, p := newLinePeer(t, l)
	conn, _ := connect(t, s)
	sendCounted(t, c, p, s, conn, false)
	require.NoError(t, c.SendWith(1, &ipc.SendOptions{Handle: socketFile(t)}))
	const calls = 5000
	answered := 0
	for range calls {
		s.Connections(func(n int, err error) {
			require.NoError(t, err)
			require.Equal(t, 1, n)
			answered++
		})
	}
	require.Less(t, c.Queued(), 1000)
	closed := false
	s.OnClose(func() { closed = true })
	require.NoError(t, s.Close())
	p.acceptHandle(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":1}`)
	require.Equal(t, getCount(s), p.line())
	require.Equal(t, notifyClose(s), p.line())
	p.send(countIs(s, "1"))
	until(t, l, func() bool { return answered == calls })
	require.False(t, closed)
	p.send(allClosed(s))
	until(t, l, func() bool { return closed })
}
