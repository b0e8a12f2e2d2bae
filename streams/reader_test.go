package streams_test

import (
	"bytes"
	"io"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// beside runs fn on a goroutine of its own and keeps l alive meanwhile. It returns a function that
// waits for fn.
func beside(t testing.TB, l *reactor.Loop, fn func()) (wait func()) {
	release := l.Hold()
	done := make(chan struct{})
	go func() { // Ends with fn; wait, or else the test's cleanup, waits for that.
		defer close(done)
		defer release()
		fn()
	}()
	t.Cleanup(func() {
		if !t.Failed() { // Else fn may wait for ever, and the leak check tells where.
			<-done
		}
	})
	return func() { <-done }
}

func TestReaderGivesEverythingToAnotherGoroutine(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	w := newWritable(t, l, in, nil)
	want := pattern(5 << 20)
	write(t, w, want)
	w.End()
	rd := r.Reader()
	require.Same(t, rd, r.Reader(), "one bridge per stream")
	var got []byte
	var err error
	wait := beside(t, l, func() { got, err = io.ReadAll(rd) })
	run(t, l)
	wait()
	require.NoError(t, err)
	requireSame(t, want, got)
}

// Nothing else keeps the loop alive. Run goes on until the last byte has left the kernel, also
// while the bridge waits for its goroutine, and then returns.
func TestRunEndsWhenTheReaderHasEverything(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 1000})
	w := newWritable(t, l, in, nil)
	want := pattern(300 << 10)
	write(t, w, want)
	w.End()
	rd := r.Reader()
	var j journal
	j.readableEvents(r)
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result)
	go func() { // Ends at the end of the data; the test waits for its result.
		data, err := io.ReadAll(rd)
		done <- result{data, err}
	}()
	run(t, l)
	j.Wants(t, "end close")
	got := <-done
	require.NoError(t, got.err)
	requireSame(t, want, got.data)
}

// The bytes in the bridge outlive the loop.
func TestReaderAfterTheLoop(t *testing.T) {
	l, err := reactor.New(nil)
	require.NoError(t, err)
	require.NoError(t, streams.Poison(l))
	r, in := readPipe(t, l, nil)
	rd := r.Reader()
	in.WriteString("left over")
	in.Close()
	run(t, l)
	require.NoError(t, l.Close())
	got, err := io.ReadAll(rd)
	require.NoError(t, err)
	require.Equal(t, "left over", string(got))
	require.NoError(t, rd.Close())
}

// A goroutine that does not read stops the child: the bridge holds the high-water mark, and the
// pipe is full.
func TestSlowReaderStopsAnEndlessChild(t *testing.T) {
	const mark, piece = 10_000, 1000
	l := newLoop(t)
	out, stdout := pipe(t)
	probe := stdout.Dup()
	yes := start(t, nil, stdout, "yes")
	r := newReadable(t, l, out, &streams.ReadableOptions{HighWaterMark: mark})
	rd := r.Reader()
	var consumed atomic.Int64
	var closed atomic.Bool
	r.OnData(func([]byte) {
		if held := r.BytesRead() - consumed.Load(); !closed.Load() {
			// At most one piece was returned by Read and is not counted yet.
			require.LessOrEqual(t, held, int64(mark+piece))
		}
	})
	goOn := make(chan struct{})
	beside(t, l, func() {
		<-goOn
		p := make([]byte, piece)
		for consumed.Load() < 1<<20 {
			n, err := rd.Read(p)
			// The borders may cut a pair.
			if err != nil || len(bytes.ReplaceAll(p[:n], []byte("y\n"), nil)) > 2 {
				t.Errorf("Read: %v, %q", err, p[:n])
				break
			}
			consumed.Add(int64(n))
		}
		closed.Store(true)
		if err := rd.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	when(l, func() bool { return r.BytesRead() == mark && !probe.Writable() }, func() {
		require.True(t, r.Flowing(), "backpressure is not the user's pause")
		probe.Close()
		close(goOn)
	})
	run(t, l)
	require.True(t, r.Closed())
	require.Equal(t, "signal: broken pipe", yes.wait())
}

func TestReaderSmallestMark(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 1})
	rd := r.Reader()
	in.WriteString("one by one")
	in.Close()
	var got []byte
	var err error
	wait := beside(t, l, func() { got, err = io.ReadAll(rd) })
	run(t, l)
	wait()
	require.NoError(t, err)
	require.Equal(t, "one by one", string(got))
}

// The loop reads again when half of the bridge is free, not for every byte.
func TestReaderRefillsAtHalf(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 100})
	rd := r.Reader()
	in.Write(pattern(1000))
	for _, c := range []struct {
		take int
		want int64
	}{{0, 100}, {49, 100}, {1, 150}, {49, 150}, {51, 250}} {
		_, err := io.ReadFull(rd, make([]byte, c.take))
		require.NoError(t, err)
		poll(t, l)
		require.Equal(t, c.want, r.BytesRead(), "after %d bytes more", c.take)
	}
	require.NoError(t, rd.Close())
	run(t, l)
	in.Close()
}

func TestReaderCloseWhileFull(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 100})
	rd := r.Reader()
	in.Write(pattern(1000))
	var j journal
	j.readableEvents(r)
	poll(t, l)
	require.EqualValues(t, 100, r.BytesRead())
	require.True(t, l.Alive(), "a full bridge holds the loop")
	require.NoError(t, rd.Close())
	j.Wants(t, "")
	run(t, l)
	j.Wants(t, "close")
	_, err := unix.Write(in.FD, []byte("x"))
	require.Equal(t, unix.EPIPE, err)
	require.NoError(t, rd.Close(), "again")
	run(t, l)
}

func TestReadAfterCloseFails(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	rd := r.Reader()
	in.WriteString("unread")
	poll(t, l)
	require.NoError(t, rd.Close())
	_, err := rd.Read(make([]byte, 10))
	require.ErrorIs(t, err, streams.ErrClosed)
	run(t, l)
	_, err = rd.Read(make([]byte, 10))
	require.ErrorIs(t, err, streams.ErrClosed)
	in.Close()
}

// Data that comes after Close, before the loop destroys the stream, is dropped.
func TestDataBetweenCloseAndDestroyIsDropped(t *testing.T) {
	l := newLoop(t)
	a, inA := readPipe(t, l, nil)
	b, inB := readPipe(t, l, nil)
	readers := []io.ReadCloser{a.Reader(), b.Reader()}
	calls := 0
	for i, r := range []*streams.Readable{a, b} {
		r.OnData(func([]byte) {
			calls++
			require.NoError(t, readers[1-i].Close())
		})
	}
	inA.WriteString("x")
	inB.WriteString("x")
	run(t, l)
	require.Equal(t, 2, calls, "both were ready in the same turn")
	for _, rd := range readers {
		_, err := rd.Read(make([]byte, 1))
		require.ErrorIs(t, err, streams.ErrClosed)
	}
	inA.Close()
	inB.Close()
}

func TestReaderCloseEndsAReadThatWaits(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	rd := r.Reader()
	reading := make(chan struct{})
	var err error
	wait := beside(t, l, func() {
		close(reading)
		_, err = rd.Read(make([]byte, 10))
	})
	beside(t, l, func() {
		<-reading
		if err := rd.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	run(t, l)
	wait()
	require.ErrorIs(t, err, streams.ErrClosed)
	in.Close()
}

// A goroutine that closes after the end posts nothing to a loop that may not run again.
func TestReaderCloseAfterTheEndPostsNothing(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	rd := r.Reader()
	in.Close()
	run(t, l)
	_, err := rd.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
	require.NoError(t, rd.Close())
	require.False(t, l.Alive())
	_, err = rd.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
}

func TestReaderGetsTheErrorAfterTheData(t *testing.T) {
	for name, c := range map[string]struct{ give, want error }{
		"an error": {errTest, errTest},
		"none":     {nil, streams.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, in := readPipe(t, l, nil)
			rd := r.Reader()
			in.WriteString("before")
			poll(t, l)
			r.Destroy(c.give)
			run(t, l)
			got, err := io.ReadAll(rd)
			require.Equal(t, "before", string(got))
			require.Equal(t, c.want, err)
			in.Close()
		})
	}
}

func TestReaderOfAClosedStream(t *testing.T) {
	l := newLoop(t)
	ended, in := readPipe(t, l, nil)
	ended.Resume()
	in.Close()
	destroyed, in2 := readPipe(t, l, nil)
	destroyed.Destroy(nil)
	run(t, l)
	_, err := ended.Reader().Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
	_, err = destroyed.Reader().Read(make([]byte, 1))
	require.Equal(t, streams.ErrClosed, err)
	in2.Close()
}

func TestReaderEmptyRead(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	n, err := r.Reader().Read(nil) // It does not wait.
	require.Zero(t, n)
	require.NoError(t, err)
	r.Destroy(nil)
	run(t, l)
	in.Close()
}

// Closing the loop ends the wait of a goroutine.
func TestLoopCloseEndsAReadThatWaits(t *testing.T) {
	l, err := reactor.New(nil)
	require.NoError(t, err)
	r, in := readPipe(t, l, nil)
	rd := r.Reader()
	r.Pause()
	result := make(chan error)
	go func() { // Ends with the loop; the test waits for its result.
		_, err := rd.Read(make([]byte, 1))
		result <- err
	}()
	run(t, l)
	require.NoError(t, l.Close())
	require.ErrorIs(t, <-result, streams.ErrClosed)
	require.NoError(t, rd.Close())
	in.Close()
}

func TestReaderHonoursPause(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 10})
	rd := r.Reader()
	in.Write(pattern(100))
	poll(t, l)
	require.EqualValues(t, 10, r.BytesRead())
	r.Pause()
	_, err := io.ReadFull(rd, make([]byte, 10))
	require.NoError(t, err)
	run(t, l)
	require.EqualValues(t, 10, r.BytesRead(), "there is room, but the user paused")
	in.Close()
	r.Resume()
	var got []byte
	wait := beside(t, l, func() { got, err = io.ReadAll(rd) })
	run(t, l)
	wait()
	require.NoError(t, err)
	require.Equal(t, pattern(100)[10:], got)
}

// A full bridge of a destroyed stream posts nothing to the loop, which may never run again.
func TestReadAfterDestroyWhileFullPostsNothing(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 10})
	rd := r.Reader()
	in.Write(pattern(100))
	poll(t, l)
	r.Destroy(errTest)
	run(t, l)
	got, err := io.ReadAll(rd)
	require.Equal(t, errTest, err)
	require.Equal(t, pattern(10), got)
	require.False(t, l.Alive())
}
