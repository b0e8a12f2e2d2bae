package streams_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func TestWriterFromAnotherGoroutine(t *testing.T) {
	l := newLoop(t)
	w, out := writePipe(t, l, nil)
	r := newReadable(t, l, out, nil)
	got := collect(t, r, -1)
	wr := w.Writer()
	require.Same(t, wr, w.Writer(), "one bridge per stream")
	want := pattern(5 << 20)
	var copied int64
	var copyErr, closeErr error
	wait := beside(t, l, func() {
		copied, copyErr = io.Copy(wr, bytes.NewReader(want))
		closeErr = wr.Close()
	})
	run(t, l)
	wait()
	require.NoError(t, copyErr)
	require.NoError(t, closeErr)
	require.EqualValues(t, len(want), copied)
	require.NoError(t, got.err)
	requireSame(t, want, got.data)
}

// Each Write is whole, and the Writes of one goroutine stay in order.
func TestWriterFromManyGoroutines(t *testing.T) {
	const goroutines, lines = 8, 2000
	l := newLoop(t)
	w, out := writePipe(t, l, nil)
	r := newReadable(t, l, out, nil)
	next := map[string]int{}
	r.OnLine(func(p []byte) {
		who, n, found := strings.Cut(string(p), " ")
		require.True(t, found, "%q", p)
		require.Equal(t, fmt.Sprint(next[who]), n, "of %s", who)
		next[who]++
	})
	wr := w.Writer()
	var all sync.WaitGroup
	for g := range goroutines {
		all.Add(1)
		beside(t, l, func() {
			defer all.Done()
			for i := range lines {
				if n, err := fmt.Fprintf(wr, "g%d %d\n", g, i); err != nil || n == 0 {
					t.Errorf("write: %v", err)
				}
			}
		})
	}
	beside(t, l, func() {
		all.Wait()
		if err := wr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	run(t, l)
	require.Len(t, next, goroutines)
	for who, n := range next {
		require.Equal(t, lines, n, who)
	}
}

// A goroutine that writes without end must wait: the stream and the bridge hold not much more than
// the high-water mark.
func TestWriterBlocksWithoutAReader(t *testing.T) {
	const mark, piece = 10_000, 1000
	l := newLoop(t)
	w, r, n := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: mark})
	wr := w.Writer()
	var given atomic.Int64
	wait := beside(t, l, func() {
		p := make([]byte, piece)
		for range 1000 {
			if _, err := wr.Write(p); err != nil {
				t.Errorf("Write: %v", err)
			}
			given.Add(piece)
		}
		if err := wr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	// Before its NeedDrain is true the stream takes at most twice the mark, and the bridge holds
	// one mark more.
	const most = 3 * mark
	check := func() { require.LessOrEqual(t, given.Load()-w.BytesWritten(), int64(most)) }
	when(l, func() bool { return w.NeedDrain() && given.Load() >= 2*mark }, func() {
		check()
		require.LessOrEqual(t, w.Buffered(), 2*mark)
		sink := newReadable(t, l, r, nil)
		sink.OnData(func([]byte) { check() })
		sink.OnEnd(func() { require.EqualValues(t, n+1000*piece, sink.BytesRead()) })
	})
	run(t, l)
	wait()
	require.EqualValues(t, 1000*piece, w.BytesWritten())
}

func TestWriterCloseWaitsForTheLastByte(t *testing.T) {
	l := newLoop(t)
	w, r, n := fullPipe(t, l, nil)
	wr := w.Writer()
	var closed atomic.Bool
	beside(t, l, func() {
		if _, err := io.WriteString(wr, "last words"); err != nil {
			t.Errorf("Write: %v", err)
		}
		if err := wr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		closed.Store(true)
		if err := wr.Close(); err != nil {
			t.Errorf("Close again: %v", err)
		}
		if _, err := wr.Write([]byte("x")); err != streams.ErrWriteAfterEnd {
			t.Errorf("Write after Close: %v", err)
		}
	})
	var got []byte
	ended := func() bool {
		_, err := w.Write(nil)
		return err == streams.ErrWriteAfterEnd
	}
	when(l, ended, func() {
		require.Equal(t, 10, w.Buffered())
		require.False(t, closed.Load())
		// Now the bridge's Close has nothing left to do but wait.
		var late atomic.Bool
		beside(t, l, func() {
			if _, err := wr.Write([]byte("too late")); err != streams.ErrWriteAfterEnd {
				t.Errorf("Write during Close: %v", err)
			}
			late.Store(true)
		})
		when(l, late.Load, func() {
			when(l, func() bool {
				require.False(t, closed.Load() && !w.Closed())
				p, end := r.ReadAll()
				got = append(got, p...)
				return end
			}, func() {})
		})
	})
	run(t, l)
	require.Equal(t, "last words", string(got[n:]))
}

func TestWriterSmallestMark(t *testing.T) {
	l := newLoop(t)
	w, out := writePipe(t, l, &streams.WritableOptions{HighWaterMark: 1})
	got := collect(t, newReadable(t, l, out, nil), -1)
	wr := w.Writer()
	beside(t, l, func() {
		n, err := io.WriteString(wr, "one by one")
		if n != 10 || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		if err := wr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	run(t, l)
	got.wants(t, "one by one", nil)
}

func TestWriterGetsTheErrorOfTheStream(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(w *streams.Writable, r *descriptor)
		want error
	}{
		"broken pipe":   {func(_ *streams.Writable, r *descriptor) { r.Close() }, unix.EPIPE},
		"an error":      {func(w *streams.Writable, _ *descriptor) { w.Destroy(errTest) }, errTest},
		"destroyed":     {func(w *streams.Writable, _ *descriptor) { w.Destroy(nil) }, streams.ErrClosed},
		"ended by hand": {func(w *streams.Writable, r *descriptor) { w.End(); r.ReadAll() }, streams.ErrWriteAfterEnd},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			w, r, _ := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: 1000})
			wr := w.Writer()
			var writeErr, closeErr error
			wait := beside(t, l, func() {
				for writeErr == nil {
					_, writeErr = wr.Write(make([]byte, 300))
				}
				closeErr = wr.Close()
			})
			// So that something is lost.
			full := func() bool { return w.NeedDrain() && streams.Pending(wr) > 0 }
			var sink func()
			sink = func() { // In case there is something to flush.
				if !w.Closed() && r.FD >= 0 {
					r.ReadAll()
					l.SetImmediate(sink)
				}
			}
			when(l, full, func() { c.end(w, r); sink() })
			run(t, l)
			wait()
			require.ErrorIs(t, writeErr, c.want)
			require.ErrorIs(t, closeErr, c.want, "Close must not hide that something was lost")
		})
	}
}

// If the loop goroutine ends the stream, bytes that the stream has not taken from the bridge are
// lost, and Close returns an error.
func TestWriterCloseReportsALoss(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	wr := w.Writer()
	_, err := wr.Write([]byte("never taken")) // There is room: it does not wait for the loop.
	require.NoError(t, err)
	w.End()
	run(t, l)
	require.Equal(t, streams.ErrWriteAfterEnd, wr.Close())
	got, end := r.ReadAll()
	require.Empty(t, got)
	require.True(t, end)

	w2, r2 := writePipe(t, l, nil)
	wr2 := w2.Writer()
	_, err = wr2.Write([]byte("taken"))
	require.NoError(t, err)
	run(t, l)
	w2.End()
	run(t, l)
	require.NoError(t, wr2.Close(), "nothing was lost")
	got, _ = r2.ReadAll()
	require.Equal(t, "taken", string(got))
}

func TestWriterOfAClosedStream(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	w.Destroy(nil)
	run(t, l)
	wr := w.Writer()
	_, err := wr.Write([]byte("x"))
	require.Equal(t, streams.ErrClosed, err)
	require.Equal(t, streams.ErrClosed, wr.Close())
	r.Close()

	ended, r2 := writePipe(t, l, nil)
	ended.End()
	run(t, l)
	wr = ended.Writer()
	_, err = wr.Write([]byte("x"))
	require.Equal(t, streams.ErrWriteAfterEnd, err)
	require.NoError(t, wr.Close())
	r2.Close()
}

func TestWriterCloseWithoutAWrite(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	wr := w.Writer()
	beside(t, l, func() {
		if err := wr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	run(t, l)
	_, end := r.ReadAll()
	require.True(t, end)
}

// Two goroutines may close at the same time. A Write that waits then returns an error.
func TestWriterCloseEndsAWriteThatWaits(t *testing.T) {
	l := newLoop(t)
	w, r, _ := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: 10})
	wr := w.Writer()
	errs := make([]error, 3)
	var started sync.WaitGroup
	started.Add(1)
	beside(t, l, func() {
		started.Done()
		_, errs[0] = wr.Write(make([]byte, 1<<20))
	})
	for i := range 2 {
		beside(t, l, func() {
			started.Wait()
			errs[1+i] = wr.Close()
		})
	}
	var sink func()
	sink = func() {
		if _, end := r.ReadAll(); !end {
			l.SetTimeout(0, sink)
		}
	}
	sink()
	run(t, l)
	t.Cleanup(func() {
		// The write may have been through before Close came, or not have begun.
		require.Contains(t, []error{nil, streams.ErrWriteAfterEnd}, errs[0])
		require.Equal(t, []error{nil, nil}, errs[1:])
	})
}

func TestLoopCloseEndsAWriteThatWaits(t *testing.T) {
	l, err := reactor.New(nil)
	require.NoError(t, err)
	w, r, _ := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: 10})
	wr := w.Writer()
	_, err = wr.Write(make([]byte, 10)) // Fills the bridge.
	require.NoError(t, err)
	poll(t, l)
	require.True(t, w.NeedDrain())
	result := make(chan error, 2)
	_, err = wr.Write(make([]byte, 10)) // Fills it again: the stream does not take it.
	require.NoError(t, err)
	go func() { // Ends with the loop; the test waits for its result.
		_, err := wr.Write(make([]byte, 10))
		result <- err
	}()
	w.Unref()
	run(t, l)
	require.NoError(t, l.Close())
	require.Equal(t, streams.ErrClosed, <-result)
	require.Equal(t, streams.ErrClosed, wr.Close())
	r.Close()
}

func TestWriterAndStreamMayBothWrite(t *testing.T) {
	l := newLoop(t)
	w, out := writePipe(t, l, nil)
	lines := collectLines(newReadable(t, l, out, nil))
	wr := w.Writer()
	beside(t, l, func() {
		for range 1000 {
			if _, err := wr.Write([]byte("bridge\n")); err != nil {
				t.Errorf("Write: %v", err)
			}
		}
		if err := wr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	for range 1000 {
		write(t, w, []byte("loop\n"))
	}
	run(t, l)
	slices.Sort(*lines)
	require.Equal(t, append(slices.Repeat([]string{"bridge"}, 1000), slices.Repeat([]string{"loop"}, 1000)...), *lines)
}
