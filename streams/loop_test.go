package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// Streams that do not keep the loop alive are closed with it, without events. Their methods do
// nothing or return an error.
func TestLoopCloseClosesOpenStreams(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l, err := reactor.New(nil)
	require.NoError(t, err)
	var j journal
	paused, pausedEnd := readPipe(t, l, nil)
	j.readableEvents(paused)
	lines, linesEnd := readPipe(t, l, nil)
	j.readableEvents(lines)
	lines.OnLine(func([]byte) { lines.Pause() })
	linesEnd.WriteString("a\nb\nc")
	unrefed, unrefedEnd := readPipe(t, l, nil)
	j.readableEvents(unrefed)
	unrefed.OnData(func([]byte) {})
	unrefed.Unref()
	idle, idleEnd := writePipe(t, l, nil)
	j.writableEvents(idle)
	full, fullEnd, _ := fullPipe(t, l, nil)
	j.writableEvents(full)
	_, err = full.WriteThen([]byte("never"), func(error) { require.Fail(t, "an event without a loop") })
	require.NoError(t, err)
	full.Unref()
	x, peer := duplexPair(t, l)
	j.duplexEvents(x)
	piped := newPiping(t, l, nil)
	piped.r.Pause()
	piped.r.Pipe(piped.w, nil)
	run(t, l)
	fds := []int{paused.FD(), lines.FD(), unrefed.FD(), idle.FD(), full.FD(), x.FD(), piped.r.FD(), piped.w.FD()}
	n, err := streams.OpenDescriptors(l)
	require.NoError(t, err)
	require.Equal(t, len(fds), n)
	require.NoError(t, l.Close())
	for _, fd := range fds {
		require.False(t, isOpen(fd))
	}
	j.Wants(t, "")

	// Every method does nothing or returns an error.
	for _, r := range []*streams.Readable{paused, lines, unrefed, x.Readable, piped.r} {
		require.True(t, r.Closed())
		require.Equal(t, -1, r.FD())
		r.Pause()
		r.Resume()
		r.Ref()
		r.Unref()
		r.Destroy(errTest)
		r.Unpipe(nil)
		_, err := r.Lend()
		require.ErrorIs(t, err, streams.ErrClosed)
		_, err = r.Reader().Read(make([]byte, 1))
		require.ErrorIs(t, err, streams.ErrClosed)
	}
	for _, w := range []*streams.Writable{idle, full, x.Writable, piped.w} {
		require.True(t, w.Closed())
		require.Equal(t, -1, w.FD())
		_, err := w.Write([]byte("x"))
		require.ErrorIs(t, err, streams.ErrClosed)
		w.Ref()
		w.Unref()
		w.End()
		w.Destroy(errTest)
		_, err = w.Lend()
		require.ErrorIs(t, err, streams.ErrClosed)
		_, err = w.Writer().Write([]byte("x"))
		require.ErrorIs(t, err, streams.ErrClosed)
		require.ErrorIs(t, w.Writer().Close(), streams.ErrClosed)
	}
	j.Wants(t, "")
	for _, d := range []*descriptor{pausedEnd, linesEnd, unrefedEnd, idleEnd, fullEnd, peer, piped.in, piped.out} {
		d.Close()
	}
}

// A stream whose end waits for Resume has no descriptor, but is closed with its loop like any
// other.
func TestLoopCloseClosesStreamsThatHoldTheirEnd(t *testing.T) {
	for name, use := range map[string]func(r *streams.Readable){
		"Resume":  func(r *streams.Readable) { r.Resume() },
		"Destroy": func(r *streams.Readable) { r.Destroy(errTest) },
		"Unshift": func(r *streams.Readable) { require.ErrorIs(t, r.Unshift([]byte("x")), streams.ErrClosed) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			var j journal
			r, in := readPipe(t, l, nil)
			j.readableEvents(r)
			r.OnLine(func([]byte) { r.Pause() })
			in.WriteString("a")
			in.Close()
			run(t, l)
			require.True(t, r.HoldsEnd())
			require.NoError(t, l.Close())
			use(r)
			require.False(t, r.HoldsEnd())
			j.Wants(t, "")
		})
	}
}

// The loop can be closed in any state of its streams: no events come, and no goroutine waits in a
// bridge for ever.
func TestLoopCloseInTheMiddleOfWork(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	var j journal
	flowing, in := readPipe(t, l, nil)
	flowing.OnData(func([]byte) { require.Fail(t, "an event without a loop") })
	flowing.OnClose(func() { require.Fail(t, "an event without a loop") })
	full, out, _ := fullPipe(t, l, nil)
	j.writableEvents(full)
	full.End()
	piped := newPiping(t, l, nil)
	piped.r.Pipe(piped.w, nil)
	piped.in.WriteString("on its way")

	// These have closed, and their events are still to come.
	finished, finishedOut := writePipe(t, l, nil)
	j.writableEvents(finished)
	good := finished.Writer()
	finished.End()
	failed, failedOut := writePipe(t, l, nil)
	j.writableEvents(failed)
	bad := failed.Writer()
	failed.Destroy(errTest)
	destroyed, destroyedIn := readPipe(t, l, nil)
	gone := destroyed.Reader()
	destroyed.Destroy(errTest)

	unattached, unattachedIn := readPipe(t, l, nil)
	lines := unattached.Lines()
	stalled, stalledOut, _ := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: 10})
	writer := stalled.Writer()
	waited, waitedIn := readPipe(t, l, nil)
	reader := waited.Reader()
	results := make(chan error)
	for _, wait := range []func() error{
		writer.Close,
		func() error { _, err := reader.Read(make([]byte, 1)); return err },
		func() (last error) {
			for _, err := range lines {
				last = err
			}
			return last
		},
	} {
		go func() { results <- wait() }() // Ends with the loop; waited for below.
	}

	require.True(t, l.Alive())
	require.NoError(t, l.Close())
	for range 3 {
		require.Equal(t, streams.ErrClosed, <-results)
	}
	require.NoError(t, good.Close())
	require.Equal(t, errTest, bad.Close())
	_, err := gone.Read(make([]byte, 1))
	require.Equal(t, errTest, err)
	for _, fd := range []int{flowing.FD(), full.FD(), piped.r.FD(), piped.w.FD(), unattached.FD(), stalled.FD(), waited.FD()} {
		require.Equal(t, -1, fd)
	}
	j.Wants(t, "")
	for _, d := range []*descriptor{
		in, out, piped.in, piped.out, finishedOut, failedOut, destroyedIn, unattachedIn, stalledOut, waitedIn,
	} {
		d.Close()
	}
}

func TestStreamsKeepTheLoopAliveOnlyWhileTheyWait(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	w, out, _ := fullPipe(t, l, nil)
	require.False(t, l.Alive())
	r.Resume()
	require.True(t, l.Alive())
	r.Pause()
	require.False(t, l.Alive())
	write(t, w, []byte("x"))
	require.True(t, l.Alive())
	out.ReadAll()
	run(t, l)
	require.False(t, l.Alive())
	w.End()
	require.True(t, l.Alive(), "events are on their way")
	run(t, l)
	r.Destroy(nil)
	require.True(t, l.Alive())
	run(t, l)
	in.Close()
}

// Two loops in one program share nothing: each has its streams and its buffer.
func TestTwoLoops(t *testing.T) {
	a, b := newLoop(t), newLoop(t)
	p, q := newPiping(t, a, nil), newPiping(t, b, nil)
	p.r.Pipe(p.w, nil)
	q.r.OnData(func(chunk []byte) {
		kept := string(chunk)
		p.in.WriteString("inner")
		poll(t, a) // A turn of one inside a callback of the other.
		require.Equal(t, kept, string(chunk))
		write(t, q.w, chunk)
	})
	q.in.WriteString("outer")
	poll(t, b)
	got, _ := p.out.Read()
	require.Equal(t, "inner", string(got))
	got, _ = q.out.Read()
	require.Equal(t, "outer", string(got))
	p.in.Close()
	q.in.Close()
	q.w.End()
	run(t, a)
	run(t, b)
}

// In the middle of a batch of events a stream is closed, and the next stream gets its descriptor
// number.
func TestDescriptorReusedInTheSameBatch(t *testing.T) {
	l := newLoop(t)
	var j journal
	r1, in1 := readPipe(t, l, nil)
	r2, in2 := readPipe(t, l, nil)
	fresh := func(old *streams.Readable) {
		number := old.FD()
		old.Destroy(nil)
		src, in := pipe(t)
		if src.FD != number && in.FD != number {
			return // The number went elsewhere; nothing to see.
		}
		r := newReadable(t, l, src, nil)
		r.OnData(func(p []byte) { j.Add("new:" + string(p)) })
		l.SetImmediate(func() {
			in.WriteString("own")
			in.Close()
		})
	}
	for _, r := range []*streams.Readable{r1, r2} {
		r.OnData(func(p []byte) {
			j.Add(string(p))
			fresh(r1)
			fresh(r2)
		})
	}
	in1.WriteString("first")
	in2.WriteString("first")
	run(t, l)
	j.Wants(t, "first new:own new:own")
	for _, in := range []*descriptor{in1, in2} {
		_, err := unix.Write(in.FD, []byte("x"))
		require.Equal(t, unix.EPIPE, err)
	}
}

// A bridge that would wait for the loop in a callback of the loop panics. It does not on other
// goroutines, or once the stream has ended.
func TestABridgeInACallbackPanics(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	in.WriteString("x")
	w, out := writePipe(t, l, nil)
	reader, writer := r.Reader(), w.Writer()
	refused := func(op string, call func()) {
		t.Helper()
		require.PanicsWithValue(t, "streams: "+op+" on the loop goroutine: it would wait for itself", call)
	}
	l.SetImmediate(func() {
		refused("Read of a Readable's Reader", func() { _, _ = reader.Read(make([]byte, 1)) })
		refused("Write of a Writable's Writer", func() { _, _ = writer.Write([]byte("x")) })
		refused("Close of a Writable's Writer", func() { _ = writer.Close() })
	})
	beside(t, l, func() {
		if _, err := reader.Read(make([]byte, 1)); err != nil {
			t.Errorf("Read: %v", err)
		}
		if _, err := writer.Write([]byte("x")); err != nil {
			t.Errorf("Write: %v", err)
		}
		if err := l.Post(func() {
			w.End()
			r.Destroy(nil)
		}); err != nil {
			t.Error(err)
		}
	})
	run(t, l)
	l.SetImmediate(func() {
		_, err := reader.Read(make([]byte, 1))
		require.Equal(t, streams.ErrClosed, err)
		require.NoError(t, reader.Close())
		require.NoError(t, writer.Close())
	})
	run(t, l)
	got, end := out.ReadAll()
	require.Equal(t, "x", string(got))
	require.True(t, end)
	in.Close()
}
