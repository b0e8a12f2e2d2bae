package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// duplexPair returns a stream over one end of a socket pair and the other end.
func duplexPair(t testing.TB, l *reactor.Loop) (*streams.Duplex, *descriptor) {
	t.Helper()
	a, b := socketpair(t, unix.SOCK_STREAM)
	return newDuplex(t, l, a), b
}

func (j *journal) duplexEvents(x *streams.Duplex) {
	x.Readable.OnEnd(j.Note("end"))
	x.Readable.OnError(func(err error) { j.Add("read-error:" + name(err)) })
	x.Readable.OnClose(j.Note("read-close"))
	x.Writable.OnFinish(j.Note("finish"))
	x.Writable.OnError(func(err error) { j.Add("write-error:" + name(err)) })
	x.Writable.OnClose(j.Note("write-close"))
}

func TestDuplexWorksBothWays(t *testing.T) {
	l := newLoop(t)
	x, peer := duplexPair(t, l)
	y := newDuplex(t, l, peer)
	fromX, fromY := pattern(3<<20), pattern(5<<20)
	write(t, x.Writable, fromX)
	write(t, y.Writable, fromY)
	x.Writable.End()
	y.Writable.End()
	atX, atY := collect(t, x.Readable, -1), collect(t, y.Readable, -1)
	run(t, l)
	requireSame(t, fromY, atX.data)
	requireSame(t, fromX, atY.data)
	require.Equal(t, -1, x.FD())
	require.Equal(t, -1, y.FD())
}

func TestDuplexHalfCloseWeFirst(t *testing.T) {
	l := newLoop(t)
	x, peer := duplexPair(t, l)
	fd := x.FD()
	require.Equal(t, fd, x.Readable.FD())
	require.Equal(t, fd, x.Writable.FD())
	var j journal
	j.data(x.Readable)
	j.duplexEvents(x)
	write(t, x.Writable, []byte("request"))
	x.Writable.End()
	got, end := peer.ReadAll()
	require.Equal(t, "request", string(got))
	require.True(t, end)
	poll(t, l)
	j.Wants(t, "finish write-close")
	require.True(t, isOpen(fd), "the other half needs it")
	peer.WriteString("answer")
	poll(t, l)
	j.Wants(t, "data:answer")
	peer.Close()
	run(t, l)
	j.Wants(t, "end read-close")
	require.False(t, isOpen(fd))
	require.Equal(t, -1, x.FD())
}

func TestDuplexHalfCloseThePeerFirst(t *testing.T) {
	l := newLoop(t)
	x, peer := duplexPair(t, l)
	fd := x.FD()
	var j journal
	j.data(x.Readable)
	j.duplexEvents(x)
	peer.WriteString("last")
	require.NoError(t, unix.Shutdown(peer.FD, unix.SHUT_WR))
	for len(j.Entries) < 3 {
		poll(t, l)
	}
	j.Wants(t, "data:last end read-close")
	require.True(t, isOpen(fd))
	require.False(t, l.Alive(), "nothing to wait for")
	want := pattern(2 << 20)
	write(t, x.Writable, want)
	x.Writable.End()
	got, end := drainUntilIdle(t, l, peer)
	require.True(t, end)
	requireSame(t, want, got)
	run(t, l)
	j.Wants(t, "finish write-close")
	require.False(t, isOpen(fd))
}

// Destroying a half shuts its direction down. The other half goes on.
func TestDuplexDestroyOneHalf(t *testing.T) {
	t.Run("readable", func(t *testing.T) {
		l := newLoop(t)
		x, peer := duplexPair(t, l)
		var j journal
		j.duplexEvents(x)
		x.Readable.Resume()
		x.Readable.Destroy(errTest)
		_, err := unix.Write(peer.FD, []byte("x"))
		require.Equal(t, unix.EPIPE, err, "the peer learns of it")
		run(t, l)
		j.Wants(t, "read-error:test read-close")
		write(t, x.Writable, []byte("still"))
		got, _ := peer.Read()
		require.Equal(t, "still", string(got))
		x.Writable.End()
		run(t, l)
		j.Wants(t, "finish write-close")
		require.Equal(t, -1, x.FD())
	})
	t.Run("writable", func(t *testing.T) {
		l := newLoop(t)
		x, peer := duplexPair(t, l)
		var j journal
		j.data(x.Readable)
		j.duplexEvents(x)
		write(t, x.Writable, make([]byte, 4<<20))
		x.Writable.Destroy(errTest)
		poll(t, l)
		j.Wants(t, "write-error:test write-close")
		_, end := peer.ReadAll()
		require.True(t, end)
		peer.WriteString("still")
		peer.Close()
		run(t, l)
		j.Wants(t, "data:still end read-close")
		require.Equal(t, -1, x.FD())
	})
}

func TestDuplexDestroyBothHalves(t *testing.T) {
	l := newLoop(t)
	x, peer := duplexPair(t, l)
	fd := x.FD()
	var j journal
	j.duplexEvents(x)
	x.Readable.Resume()
	write(t, x.Writable, make([]byte, 4<<20))
	x.Destroy(errTest)
	x.Destroy(nil)
	require.False(t, isOpen(fd), "at once")
	j.Wants(t, "")
	run(t, l)
	j.Wants(t, "read-error:test write-error:test write-close read-close")
	peer.ReadAll()
	peer.Close()
}

func TestDuplexDestroyTheOtherHalfInACallback(t *testing.T) {
	l := newLoop(t)
	x, peer := duplexPair(t, l)
	var j journal
	j.duplexEvents(x)
	write(t, x.Writable, make([]byte, 4<<20))
	x.Readable.OnData(func([]byte) {
		// Both are ready in this turn: the writing half must not be served after this.
		x.Writable.Destroy(nil)
		x.Readable.Destroy(nil)
	})
	peer.ReadAll()
	peer.WriteString("x")
	run(t, l)
	j.Wants(t, "read-close write-close")
	peer.Close()
}

// One watcher serves both halves. Pausing one does not stop the other, and each keeps the loop
// alive for itself.
func TestDuplexHalvesWaitIndependently(t *testing.T) {
	l := newLoop(t)
	x, peer := duplexPair(t, l)
	var j journal
	j.data(x.Readable)
	require.True(t, l.Alive())
	x.Readable.Pause()
	require.False(t, l.Alive())
	write(t, x.Writable, make([]byte, 4<<20))
	require.True(t, l.Alive())
	x.Writable.Unref()
	require.False(t, l.Alive())
	x.Readable.Resume()
	require.True(t, l.Alive(), "the reading half is ref'd")
	x.Readable.Unref()
	require.False(t, l.Alive())
	x.Writable.Ref()
	require.True(t, l.Alive())
	peer.WriteString("in")
	got := 0
	for x.Writable.Buffered() > 0 {
		p, _ := peer.ReadAll()
		got += len(p)
		poll(t, l)
	}
	p, _ := peer.ReadAll()
	require.Equal(t, 4<<20, got+len(p))
	j.Wants(t, "data:in")
	x.Destroy(nil)
	run(t, l)
}

func TestDuplexEcho(t *testing.T) {
	l := newLoop(t)
	x, peer := duplexPair(t, l)
	x.Readable.Pipe(x.Writable, nil)
	y := newDuplex(t, l, peer)
	want := pattern(4 << 20)
	write(t, y.Writable, want)
	y.Writable.End()
	got := collect(t, y.Readable, -1)
	run(t, l)
	require.NoError(t, got.err)
	requireSame(t, want, got.data)
}

func TestDuplexWithAChild(t *testing.T) {
	l := newLoop(t)
	ours, theirs := socketpair(t, unix.SOCK_STREAM)
	cat := start(t, theirs.Dup(), theirs, "cat")
	x := newDuplex(t, l, ours)
	got := collect(t, x.Readable, -1)
	want := pattern(1 << 20)
	write(t, x.Writable, want)
	x.Writable.End()
	run(t, l)
	requireSame(t, want, got.data)
	require.Equal(t, "exit status 0", cat.wait())
}

func TestDuplexOptions(t *testing.T) {
	l := newLoop(t)
	a, peer := socketpair(t, unix.SOCK_STREAM)
	x, err := streams.NewDuplex(l, a.Give(), &streams.DuplexOptions{
		Readable: streams.ReadableOptions{MaxLine: 3},
		Writable: streams.WritableOptions{HighWaterMark: 1},
	})
	require.NoError(t, err)
	var j journal
	j.duplexEvents(x)
	x.Readable.OnLine(func(p []byte) { j.Add(string(p)) })
	peer.WriteString("abc\nabcd\n")
	poll(t, l)
	j.Wants(t, "abc read-error:streams:-line-too-long read-close")
	fillStream(t, x.Writable)
	require.True(t, x.Writable.NeedDrain())
	x.Writable.Destroy(nil)
	run(t, l)
	peer.Close()
}
