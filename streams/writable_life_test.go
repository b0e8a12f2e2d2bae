package streams_test

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func init() {
	// Writes to its standard output, which has no reader, and exits with 0 if it lives to get one
	// error event.
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

// A listener of drain would write, which is an error after End. So there is no drain then, as in
// Node.
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
	j.Wants(t, "finish close")
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
	got, end := r.ReadAll()
	require.Equal(t, "x", string(got))
	require.True(t, end, "the reader knows before the loop turns")
	j.Wants(t, "") // Never inside the call.
	run(t, l)
	j.Wants(t, "finish close")
	run(t, l)
	j.Wants(t, "")
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
	j.Wants(t, "finish close")
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
	r2.Close()
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
			got, end := r.ReadAll()
			require.Len(t, got, n)
			require.True(t, end)
			j.Wants(t, "")
			run(t, l)
			j.Wants(t, c.want)
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
			// Its error is the test's failure.
			_, _ = w.WriteThen([]byte("x"), func(error) { destroy() })
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
			j.Wants(t, c.want)
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
			r.Close()
			if where == "at once" {
				write(t, w, []byte("lost")) // Not returned: it is the event.
				_, err := w.Write([]byte("x"))
				require.Equal(t, streams.ErrClosed, err)
			}
			j.Wants(t, "")
			run(t, l)
			j.Wants(t, "error:EPIPE close")
		})
	}
}

func TestBrokenPipeNeverKillsTheProcess(t *testing.T) {
	for name, prepare := range map[string]func(*descriptor){
		"the reader is gone": func(*descriptor) {},
		"the pipe is full":   func(w *descriptor) { w.Fill() },
	} {
		r, stdout := pipe(t)
		prepare(stdout)
		r.Close()
		require.Equal(t, "exit status 0", startHelper(t, nil, stdout, "write-to-nobody").wait(), name)
	}
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

//brood:checks S032
func TestChildThatDoesNotReadIsNoFailure(t *testing.T) {
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
			j.Wants(t, "written:EPIPE error:EPIPE close")
			if !early {
				require.Equal(t, "exit status 0", child.wait())
			}
		})
	}
}
