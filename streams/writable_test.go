package streams_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// fullPipe returns a stream whose pipe is full, the reading end, and the bytes in the pipe.
func fullPipe(t testing.TB, l *reactor.Loop, o *streams.WritableOptions) (*streams.Writable, *descriptor, int) {
	t.Helper()
	r, w := pipe(t)
	n := w.Fill()
	return newWritable(t, l, w, o), r, n
}

// drainUntilIdle reads everything that w writes, over as many turns of l as needed. It reports
// whether the end came.
func drainUntilIdle(t testing.TB, l *reactor.Loop, r *descriptor) (got []byte, end bool) {
	t.Helper()
	for {
		alive := poll(t, l)
		p, end := r.ReadAll()
		got = append(got, p...)
		if end || !alive {
			return got, end
		}
	}
}

func TestWriteTriesAtOnce(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	n, err := w.Write([]byte("now"))
	require.NoError(t, err)
	require.Equal(t, 3, n)
	n, err = w.WriteString(", here")
	require.NoError(t, err)
	require.Equal(t, 6, n)
	require.Zero(t, w.Buffered())
	require.EqualValues(t, 9, w.BytesWritten())
	require.False(t, l.Alive(), "nothing to wait for")
	got, _ := r.Read()
	require.Equal(t, "now, here", string(got))
	w.End()
	run(t, l)
}

func TestWriteQueuesTheBytesTheKernelRefuses(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	want := pattern(1 << 20)
	p := bytes.Clone(want)
	write(t, w, p)
	clear(p) // Write does not keep it.
	taken := int(w.BytesWritten())
	require.Positive(t, taken)
	require.Equal(t, len(p)-taken, w.Buffered())
	require.True(t, l.Alive())
	got, _ := drainUntilIdle(t, l, r)
	requireSame(t, want, got)
	require.Zero(t, w.Buffered())
	require.EqualValues(t, len(p), w.BytesWritten())
	w.End()
	run(t, l)
}

func TestWritesStayInOrderBehindAQueue(t *testing.T) {
	l := newLoop(t)
	w, r, n := fullPipe(t, l, nil)
	var want bytes.Buffer
	for i := range 5000 {
		s := strconv.Itoa(i) + strings.Repeat("x", i%97) + "\n"
		want.WriteString(s)
		write(t, w, []byte(s))
	}
	write(t, w, nil)
	got, _ := r.ReadAll()
	require.Len(t, got, n)
	write(t, w, []byte("last")) // The kernel has room, but it is not its turn.
	want.WriteString("last")
	got, _ = drainUntilIdle(t, l, r)
	requireSame(t, want.Bytes(), got)
	w.End()
	run(t, l)
}

func TestDrainComesOnceAfterNeedDrain(t *testing.T) {
	l := newLoop(t)
	w, r, _ := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: 100})
	var j journal
	j.writableEvents(w)
	write(t, w, make([]byte, 99))
	require.False(t, w.NeedDrain(), "under the mark")
	r.ReadAll()
	run(t, l)
	j.Wants(t, "") // NeedDrain was never true.

	w2 := w
	fillStream(t, w2)
	write(t, w2, make([]byte, 100))
	require.True(t, w2.NeedDrain())
	j.Wants(t, "")
	r.ReadAll()
	for w2.Buffered() > 0 {
		require.True(t, w2.NeedDrain(), "until it is empty")
		poll(t, l)
		r.ReadAll()
	}
	j.Wants(t, "drain")
	require.False(t, w2.NeedDrain())
	w.End()
	run(t, l)
	j.Wants(t, "finish close")
}

// fillStream writes to w until something is queued.
func fillStream(t testing.TB, w *streams.Writable) {
	t.Helper()
	for w.Buffered() == 0 {
		write(t, w, make([]byte, 1<<10))
	}
}

func TestDefaultHighWaterMark(t *testing.T) {
	l := newLoop(t)
	w, r, _ := fullPipe(t, l, nil)
	write(t, w, make([]byte, streams.DefaultHighWaterMark-1))
	require.False(t, w.NeedDrain())
	write(t, w, make([]byte, 1))
	require.True(t, w.NeedDrain())
	w.Destroy(nil)
	run(t, l)
	r.Close()
}

func TestWriteInsideDrain(t *testing.T) {
	l := newLoop(t)
	w, r, n := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: 1})
	var j journal
	j.writableEvents(w)
	w.OnDrain(func() {
		if len(j.Entries) < 3 {
			fillStream(t, w)
			return
		}
		write(t, w, []byte("end"))
		w.End()
	})
	write(t, w, []byte("begin"))
	got, end := drainUntilIdle(t, l, r)
	run(t, l)
	require.False(t, end && l.Alive())
	rest, _ := r.ReadAll()
	got = append(got, rest...)
	j.Wants(t, "drain drain drain finish close")
	require.Equal(t, "begin", string(got[n:n+5]))
	require.Equal(t, "end", string(got[len(got)-3:]))
}

// A stream with many queued bytes does not keep the loop from its other work.
func TestEndlessWriterDoesNotStarveOthers(t *testing.T) {
	l := newLoop(t)
	w, out, _ := fullPipe(t, l, nil)
	write(t, w, make([]byte, 16<<20))
	r := newReadable(t, l, out, nil)
	r.Resume()
	other, in := readPipe(t, l, nil)
	turns := 0
	other.OnData(func([]byte) {
		if turns++; turns == 50 {
			require.Positive(t, w.Buffered())
			w.Destroy(nil)
			in.Close()
			return
		}
		in.WriteString("x")
	})
	in.WriteString("x")
	run(t, l)
	require.Equal(t, 50, turns)
}

// The blocks of a queue are used again, but only a bounded number is kept.
func TestQueueMemoryIsBounded(t *testing.T) {
	l := newLoop(t)
	w, r, _ := fullPipe(t, l, nil)
	for range 100 {
		write(t, w, make([]byte, streams.BlockSize))
	}
	drainUntilIdle(t, l, r)
	spare, err := streams.SpareBlocks(l)
	require.NoError(t, err)
	require.Positive(t, spare)
	require.LessOrEqual(t, spare*streams.BlockSize, 1<<20)
	w.End()
	run(t, l)
}

// throughCat sends the pieces of next through a real cat, observing NeedDrain, and returns the
// digest of its output.
func throughCat(t *testing.T, sizeLimit int, next func() []byte) []byte {
	l := newLoop(t)
	stdin, in := pipe(t)
	out, stdout := pipe(t)
	w, r := newWritable(t, l, in, nil), newReadable(t, l, out, nil)
	cat := start(t, stdin, stdout, "cat")
	pump := func() {
		for !w.NeedDrain() {
			p := next()
			if p == nil {
				w.End()
				return
			}
			write(t, w, p)
			require.LessOrEqual(t, w.Buffered(), sizeLimit)
		}
	}
	w.OnDrain(pump)
	digest := sha256.New()
	r.OnData(func(p []byte) { digest.Write(p) })
	ended := 0
	r.OnEnd(func() { ended++ })
	pump()
	run(t, l)
	require.Equal(t, 1, ended)
	require.Equal(t, "exit status 0", cat.wait())
	return digest.Sum(nil)
}

//brood:checks S030
func TestMuchThroughCat(t *testing.T) {
	t.Run("10,000 lines", func(t *testing.T) {
		want := sha256.New()
		i := 0
		got := throughCat(t, streams.DefaultHighWaterMark+16, func() []byte {
			if i == 10_000 {
				return nil
			}
			p := fmt.Appendf(nil, "line %d\n", i)
			i++
			want.Write(p)
			return p
		})
		require.Equal(t, want.Sum(nil), got)
	})
	t.Run("64 MiB", func(t *testing.T) {
		left := 64 << 20
		if testing.Short() {
			left = 4 << 20
		}
		const piece = 100_000
		random := bufio.NewReader(rand.NewChaCha8([32]byte{}))
		var want hash.Hash = sha256.New()
		p := make([]byte, piece)
		got := throughCat(t, streams.DefaultHighWaterMark+piece, func() []byte {
			if left == 0 {
				return nil
			}
			p = p[:min(piece, left)]
			_, err := io.ReadFull(random, p)
			require.NoError(t, err)
			left -= len(p)
			want.Write(p)
			return p
		})
		require.Equal(t, want.Sum(nil), got)
	})
}

//brood:checks S036
func TestQueuedWritesKeepTheirOrder(t *testing.T) {
	l := newLoop(t)
	w, r, n := fullPipe(t, l, nil)
	var j journal
	j.writableEvents(w)
	big := pattern(200_000)
	j.written(t, w, "small", []byte("s"))
	j.written(t, w, "big", big)
	j.written(t, w, "empty", nil)
	w.End()
	require.Equal(t, 200_001, w.Buffered())
	got, end := drainUntilIdle(t, l, r)
	require.True(t, end)
	run(t, l)
	requireSame(t, append([]byte("s"), big...), got[n:])
	j.Wants(t, "small big empty finish close")
}
