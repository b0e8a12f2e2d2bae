package streams_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// registered returns the number of descriptors in the loop's epoll instance, see
// proc_pid_fdinfo(5).
func registered(t testing.TB, l *reactor.Loop) int {
	t.Helper()
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", l.FD()))
	require.NoError(t, err)
	return bytes.Count(info, []byte("tfd:"))
}

// An epoll registration lives as long as the open file description. If it were not removed before
// the close, a copy in a child would keep it firing.
func TestNothingStaysRegisteredWhileAChildHoldsACopy(t *testing.T) {
	l := newLoop(t)
	before := registered(t, l)
	r, in := pipe(t)
	out, w := pipe(t)
	w.Fill()
	copies := []*descriptor{r.Dup(), w.Dup()}
	src, dst := newReadable(t, l, r, nil), newWritable(t, l, w, nil)
	src.Resume()
	write(t, dst, []byte("queued"))
	require.Equal(t, before+2, registered(t, l))
	stdin, release := pipe(t)
	child := startWith(t, stdin, nil, copies, "cat")
	src.Destroy(nil)
	dst.Destroy(nil)
	require.Equal(t, before, registered(t, l))
	in.WriteString("readable")
	out.ReadAll()
	run(t, l)
	turns := l.Stats().Turns
	run(t, l)
	require.Equal(t, turns, l.Stats().Turns)
	release.Close()
	require.Equal(t, "exit status 0", child.wait())
}

// A stream is registered only while it waits.
func TestRegisteredOnlyWhileWaiting(t *testing.T) {
	l := newLoop(t)
	before := registered(t, l)
	r, in := readPipe(t, l, nil)
	w, out := writePipe(t, l, nil)
	write(t, w, []byte("taken at once"))
	require.Equal(t, before, registered(t, l))
	r.Resume()
	require.Equal(t, before+1, registered(t, l))
	r.Pause()
	require.Equal(t, before, registered(t, l))
	fillStream(t, w)
	require.Equal(t, before+1, registered(t, l))
	drainUntilIdle(t, l, out)
	require.Equal(t, before, registered(t, l))
	w.End()
	r.Destroy(nil)
	run(t, l)
	in.Close()
}

// A listener of drain mostly writes again. Then the poller is not called: its registration is still
// right.
func TestAStreamStaysRegisteredForTheListenersOfDrain(t *testing.T) {
	l := newLoop(t)
	before := registered(t, l)
	w, out, size := fullPipe(t, l, nil)
	left := 3
	w.OnDrain(func() {
		require.Equal(t, before+1, registered(t, l))
		if left--; left > 0 {
			write(t, w, pattern(size+streams.DefaultHighWaterMark))
			require.True(t, w.NeedDrain())
		}
	})
	write(t, w, pattern(streams.DefaultHighWaterMark))
	for left > 0 {
		require.Equal(t, before+1, registered(t, l))
		out.ReadAll()
		poll(t, l)
	}
	require.Equal(t, before, registered(t, l))
	w.End()
	run(t, l)
}

// Other code has put another file under the stream's number. Both halves of a duplex fail, once
// each.
func TestDescriptorReplacedUnderADuplex(t *testing.T) {
	l := newLoop(t)
	x, peer := duplexPair(t, l)
	x.Readable.Resume()
	var j journal
	j.duplexEvents(x)
	out, other := pipe(t)
	other.Fill()
	require.NoError(t, unix.Dup3(other.FD, x.FD(), unix.O_CLOEXEC))
	write(t, x.Writable, []byte("x")) // Queued; and the poller does not know this file.
	require.True(t, x.Readable.Closed())
	require.True(t, x.Writable.Closed())
	require.Equal(t, -1, x.FD())
	j.Wants(t, "")
	run(t, l)
	j.Wants(t, "write-error:ENOENT read-error:ENOENT read-close write-close")
	peer.Close()
	other.Close()
	out.Close()
}

// queuedMessages queues pieces behind a full socket that keeps the borders of writes, and returns
// the lengths of the writes that the stream then made.
func queuedMessages(t *testing.T, pieces ...int) (writes []int) {
	l := newLoop(t)
	src, dst := socketpair(t, unix.SOCK_SEQPACKET)
	require.NoError(t, unix.SetsockoptInt(dst.FD, unix.SOL_SOCKET, unix.SO_SNDBUF, 400<<10))
	before := 0
	for {
		_, err := unix.Write(dst.FD, make([]byte, 1000))
		if err == unix.EAGAIN {
			break
		}
		require.NoError(t, err)
		before++
	}
	w := newWritable(t, l, dst, nil)
	var want []byte
	for _, n := range pieces {
		p := pattern(len(want) + n)[len(want):]
		want = append(want, p...)
		write(t, w, p)
	}
	require.Equal(t, len(want), w.Buffered())
	var got []byte
	for l.Alive() {
		for {
			p, again := src.Read()
			if again {
				break
			}
			if before--; before >= 0 {
				continue
			}
			got = append(got, p...)
			writes = append(writes, len(p))
		}
		poll(t, l)
	}
	for {
		p, again := src.Read()
		if again {
			break
		}
		got = append(got, p...)
		writes = append(writes, len(p))
	}
	requireSame(t, want, got)
	w.End()
	run(t, l)
	return writes
}

//brood:checks S036
func TestQueuedPiecesLeaveInOneCall(t *testing.T) {
	var small []int
	for range 500 {
		small = append(small, 20)
	}
	require.Equal(t, []int{10_000}, queuedMessages(t, small...))
	// More than a block of the queue: several pieces, gathered by writev(2).
	big := streams.BlockSize
	require.Equal(t, []int{2*big + 10}, queuedMessages(t, 10, big, big))
	require.Equal(t, []int{big + 1001}, queuedMessages(t, 1000, big+1))
}
