package streams_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func init() {
	// Writes to its standard output, which nobody reads, and exits with 0 when it lives to see one error event.
	helperproc.Register("write-to-nobody", func([]string) {
		signal.Reset(syscall.SIGPIPE)
		l, err := reactor.New(nil)
		if err != nil {
			helperproc.Exit(3)
		}
		w, err := streams.NewWritable(l, 1, nil)
		if err != nil {
			helperproc.Exit(4)
		}
		failures := 0
		w.OnError(func(err error) {
			if !errors.Is(err, syscall.EPIPE) {
				helperproc.Exit(5)
			}
			failures++
		})
		if n, err := w.WriteString("lost"); n != 4 || err != nil {
			helperproc.Exit(6)
		}
		if err := l.Run(); err != nil || failures != 1 {
			helperproc.Exit(7)
		}
	})
}

// fullPipe returns a stream to whose pipe the kernel takes nothing more, the reading end, and what is in the pipe.
func fullPipe(t testing.TB, l *reactor.Loop, o *streams.WritableOptions) (*streams.Writable, *descriptor, int) {
	t.Helper()
	r, w := pipe(t)
	n := w.fill()
	return newWritable(t, l, w, o), r, n
}

// drainUntilIdle reads everything that w writes, whatever turns of l it takes, and whether its end was seen.
func drainUntilIdle(t testing.TB, l *reactor.Loop, r *descriptor) (got []byte, end bool) {
	t.Helper()
	for {
		alive := poll(t, l)
		p, end := r.readAll()
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
	got, _ := r.read()
	require.Equal(t, "now, here", string(got))
	w.End()
	run(t, l)
}

func TestWriteQueuesWhatTheKernelRefuses(t *testing.T) {
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
	got, _ := r.readAll()
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
	r.readAll()
	run(t, l)
	j.wants(t, "") // Nobody was asked to wait.

	w2 := w
	fillStream(t, w2)
	write(t, w2, make([]byte, 100))
	require.True(t, w2.NeedDrain())
	j.wants(t, "")
	r.readAll()
	for w2.Buffered() > 0 {
		require.True(t, w2.NeedDrain(), "until it is empty")
		poll(t, l)
		r.readAll()
	}
	j.wants(t, "drain")
	require.False(t, w2.NeedDrain())
	w.End()
	run(t, l)
	j.wants(t, "finish close")
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
	r.close()
}

func TestWriteInsideDrain(t *testing.T) {
	l := newLoop(t)
	w, r, n := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: 1})
	var j journal
	j.writableEvents(w)
	w.OnDrain(func() {
		if len(j.entries) < 3 {
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
	rest, _ := r.readAll()
	got = append(got, rest...)
	j.wants(t, "drain drain drain finish close")
	require.Equal(t, "begin", string(got[n:n+5]))
	require.Equal(t, "end", string(got[len(got)-3:]))
}

// Whoever waits for drain would write, and after End that is an error: as in Node there is none.
func TestNoDrainAfterEnd(t *testing.T) {
	l := newLoop(t)
	w, r, n := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: 1})
	var j journal
	j.writableEvents(w)
	write(t, w, []byte("rest"))
	require.True(t, w.NeedDrain())
	w.End()
	got, end := drainUntilIdle(t, l, r)
	require.True(t, end)
	require.Equal(t, "rest", string(got[n:]))
	run(t, l)
	j.wants(t, "finish close")
}

func TestEndOfAnIdleStreamClosesAtOnce(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	var j journal
	j.writableEvents(w)
	write(t, w, []byte("x"))
	fd := w.FD()
	w.End()
	w.End()
	require.True(t, w.Closed())
	require.Equal(t, -1, w.FD())
	require.False(t, isOpen(fd))
	got, end := r.readAll()
	require.Equal(t, "x", string(got))
	require.True(t, end, "the reader knows before the loop turns")
	j.wants(t, "") // Never inside the call.
	run(t, l)
	j.wants(t, "finish close")
	run(t, l)
	j.wants(t, "")
}

func TestEndFlushesThenCloses(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	var j journal
	j.writableEvents(w)
	want := pattern(1 << 20)
	write(t, w, want)
	w.End()
	require.False(t, w.Closed(), "not before everything is written")
	got, end := drainUntilIdle(t, l, r)
	require.True(t, end)
	requireSame(t, want, got)
	run(t, l)
	j.wants(t, "finish close")
}

func TestWriteAfterEndAndAfterDestroy(t *testing.T) {
	l := newLoop(t)
	try := func(w *streams.Writable, want error) {
		t.Helper()
		n, err := w.Write([]byte("x"))
		require.Zero(t, n)
		require.Equal(t, want, err)
		_, err = w.WriteString("x")
		require.Equal(t, want, err)
		_, err = w.WriteThen(nil, func(error) { require.Fail(t, "a callback of a write that was refused") })
		require.Equal(t, want, err)
	}
	ended, r := writePipe(t, l, nil)
	write(t, ended, pattern(1<<20))
	ended.End()
	try(ended, streams.ErrWriteAfterEnd) // Still flushing.
	ended.OnFinish(func() { try(ended, streams.ErrWriteAfterEnd) })
	ended.OnClose(func() { try(ended, streams.ErrWriteAfterEnd) })
	drainUntilIdle(t, l, r)
	run(t, l)
	try(ended, streams.ErrWriteAfterEnd)

	destroyed, r2 := writePipe(t, l, nil)
	destroyed.Destroy(errTest)
	try(destroyed, streams.ErrClosed)
	destroyed.OnClose(func() { try(destroyed, streams.ErrClosed) })
	run(t, l)
	try(destroyed, streams.ErrClosed)
	require.ErrorIs(t, streams.ErrClosed, os.ErrClosed)
	r2.close()
}

func TestDestroyDropsTheQueue(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"without an error": {nil, "close"},
		"with one":         {errTest, "error:test close"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			w, r, n := fullPipe(t, l, nil)
			var j journal
			j.writableEvents(w)
			write(t, w, make([]byte, 1<<20))
			fd := w.FD()
			w.Destroy(c.err)
			w.Destroy(errors.New("second"))
			w.End()
			require.False(t, isOpen(fd), "at once")
			require.Zero(t, w.Buffered())
			require.True(t, w.Closed())
			got, end := r.readAll()
			require.Len(t, got, n)
			require.True(t, end)
			j.wants(t, "")
			run(t, l)
			j.wants(t, c.want)
		})
	}
}

func TestDestroyWritableInEveryCallback(t *testing.T) {
	for _, c := range []struct {
		where  string
		attach func(w *streams.Writable, destroy func())
		want   string
	}{
		{"drain", func(w *streams.Writable, destroy func()) { w.OnDrain(destroy) }, "drain error:test close"},
		{"written", func(w *streams.Writable, destroy func()) {
			_, _ = w.WriteThen([]byte("x"), func(error) { destroy() }) // Its error is the test's failure.
		}, "drain error:test close"},
		{"finish", func(w *streams.Writable, destroy func()) { w.OnFinish(destroy); w.End() }, "finish close"},
		{"close", func(w *streams.Writable, destroy func()) { w.OnClose(destroy); w.End() }, "finish close"},
		{"error", func(w *streams.Writable, destroy func()) {
			w.OnDrain(func() { w.Destroy(errTest) })
			w.OnError(func(error) { destroy() })
		}, "drain error:test close"},
	} {
		t.Run(c.where, func(t *testing.T) {
			l := newLoop(t)
			w, r, _ := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: 1})
			var j journal
			destroyed := false
			j.writableEvents(w)
			write(t, w, []byte("queued"))
			c.attach(w, func() {
				w.Destroy(errTest)
				destroyed = true
				require.Equal(t, -1, w.FD())
			})
			drainUntilIdle(t, l, r)
			run(t, l)
			require.True(t, destroyed)
			j.wants(t, c.want)
		})
	}
}

func TestBrokenPipeIsOneErrorEvent(t *testing.T) {
	for _, where := range []string{"at once", "from the queue"} {
		t.Run(where, func(t *testing.T) {
			l := newLoop(t)
			w, r, _ := fullPipe(t, l, nil)
			var j journal
			j.writableEvents(w)
			fd := w.FD()
			w.OnError(func(err error) {
				op, ok := errors.AsType[*streams.OpError](err)
				require.True(t, ok)
				require.Equal(t, streams.OpError{Op: "write", FD: fd, Err: unix.EPIPE}, *op)
			})
			if where == "from the queue" {
				write(t, w, []byte("queued"))
			}
			r.close()
			if where == "at once" {
				write(t, w, []byte("lost")) // Not returned: it is the event.
				_, err := w.Write([]byte("x"))
				require.Equal(t, streams.ErrClosed, err)
			}
			j.wants(t, "")
			run(t, l)
			j.wants(t, "error:EPIPE close")
		})
	}
}

func TestBrokenPipeNeverKillsTheProcess(t *testing.T) {
	for name, prepare := range map[string]func(*descriptor){
		"the reader is gone": func(*descriptor) {},
		"the pipe is full":   func(w *descriptor) { w.fill() },
	} {
		r, stdout := pipe(t)
		prepare(stdout)
		r.close()
		require.Equal(t, "exit status 0", startHelper(t, nil, stdout, "write-to-nobody").wait(), name)
	}
}

// written notes in what order the callbacks of WriteThen came.
func (j *journal) written(t testing.TB, w *streams.Writable, entry string, p []byte) {
	t.Helper()
	_, err := w.WriteThen(p, func(err error) {
		if err != nil {
			entry += ":" + name(err)
		}
		j.add(entry)
	})
	require.NoError(t, err)
}

func TestWriteThenIsNeverInsideTheCall(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	var j journal
	j.written(t, w, "one", []byte("1"))
	j.written(t, w, "empty", nil)
	j.written(t, w, "two", []byte("2"))
	l.NextTick(j.note("tick"))
	j.wants(t, "")
	run(t, l)
	j.wants(t, "one empty two tick")
	w.End()
	run(t, l)
	r.close()
}

func TestWriteThenTellsWhenTheKernelHasIt(t *testing.T) {
	l := newLoop(t)
	w, r, n := fullPipe(t, l, nil)
	var j journal
	j.written(t, w, "queued", []byte("q"))
	j.written(t, w, "empty", nil)
	j.written(t, w, "big", make([]byte, 4*n))
	j.written(t, w, "last", []byte("l"))
	j.written(t, w, "empty2", nil)
	poll(t, l)
	j.wants(t, "")
	got, _ := r.readAll()
	require.Len(t, got, n)
	poll(t, l)
	j.wants(t, "queued empty") // The big one has begun.
	got, _ = drainUntilIdle(t, l, r)
	require.Len(t, got, 1+4*n+1)
	j.wants(t, "big last empty2")
	w.End()
	run(t, l)
}

func TestWriteThenGetsTheErrorInOrder(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	var j journal
	j.writableEvents(w)
	j.written(t, w, "taken", []byte("x"))
	fillStream(t, w)
	j.written(t, w, "queued", []byte("x"))
	j.written(t, w, "empty", nil)
	r.close()
	run(t, l)
	j.wants(t, "taken queued:EPIPE empty:EPIPE error:EPIPE close")
}

func TestWriteThenOfTheWriteThatFails(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	var j journal
	j.writableEvents(w)
	r.close()
	j.written(t, w, "failed", []byte("x"))
	j.wants(t, "")
	run(t, l)
	j.wants(t, "failed:EPIPE error:EPIPE close")
}

func TestWriteThenAndDestroy(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"with an error": {errTest, "taken queued:test empty:test error:test close"},
		"without":       {nil, "taken queued:streams:-closed empty:streams:-closed close"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			w, r := writePipe(t, l, nil)
			var j journal
			j.writableEvents(w)
			j.written(t, w, "taken", []byte("x"))
			fillStream(t, w)
			j.written(t, w, "queued", []byte("x"))
			j.written(t, w, "empty", nil)
			w.Destroy(c.err)
			run(t, l)
			j.wants(t, c.want)
			r.close()
		})
	}
}

func TestWriteThenComesBeforeFinish(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	var j journal
	j.writableEvents(w)
	j.written(t, w, "one", []byte("x"))
	j.written(t, w, "empty", nil)
	w.End()
	run(t, l)
	j.wants(t, "one empty finish close")
	r.close()
}

func TestWriteThenInsideItsCallback(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	n := 0
	var again func(error)
	again = func(err error) {
		require.NoError(t, err)
		if n++; n == 100 {
			w.End()
			return
		}
		_, err = w.WriteThen([]byte{byte(n)}, again)
		require.NoError(t, err)
	}
	again(nil)
	run(t, l)
	require.Equal(t, 100, n)
	got, end := r.readAll()
	require.True(t, end)
	require.Len(t, got, 99)
}

func TestUnrefWritableLetsTheLoopEnd(t *testing.T) {
	l := newLoop(t)
	w, r, n := fullPipe(t, l, nil)
	w.Unref()
	write(t, w, []byte("x"))
	run(t, l)
	require.Equal(t, 1, w.Buffered())
	w.Ref()
	require.True(t, l.Alive())
	got, _ := drainUntilIdle(t, l, r)
	require.Len(t, got, n+1)
	w.End()
	run(t, l)
}

// A stream with much to write does not keep the loop from the rest.
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
			in.close()
			return
		}
		in.writeString("x")
	})
	in.writeString("x")
	run(t, l)
	require.Equal(t, 50, turns)
}

// The blocks of a queue are used again, but not kept without bound.
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

// throughCat pumps what next gives to a real cat, observing NeedDrain, and returns the digest of what comes back.
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

func TestS030_MuchThroughCat(t *testing.T) {
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

func TestS032_ChildThatDoesNotReadIsNoFailure(t *testing.T) {
	for name, early := range map[string]bool{"written while it may live": false, "written after it has gone": true} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			stdin, in := pipe(t)
			child := start(t, stdin, nil, "true")
			if early {
				require.Equal(t, "exit status 0", child.wait())
			}
			w := newWritable(t, l, in, nil)
			var j journal
			j.writableEvents(w)
			j.written(t, w, "written", make([]byte, 10<<20))
			w.End()
			run(t, l)
			j.wants(t, "written:EPIPE error:EPIPE close")
			if !early {
				require.Equal(t, "exit status 0", child.wait())
			}
		})
	}
}

func TestS036_QueuedWritesKeepTheirOrder(t *testing.T) {
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
	j.wants(t, "small big empty finish close")
}
