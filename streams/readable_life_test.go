package streams_test

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/streams"
)

var errTest = errors.New("test")

// The descriptor is closed before the end of the data is emitted.
func TestEndThenCloseOnceEach(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	j.data(r)
	fd := r.FD()
	r.OnEnd(func() {
		require.True(t, r.Closed())
		require.Equal(t, -1, r.FD())
		require.False(t, isOpen(fd))
		j.Add("end")
		l.NextTick(j.Note("tick"))
		l.SetImmediate(j.Note("immediate"))
	})
	r.OnClose(j.Note("close"))
	w.WriteString("all")
	w.Close()
	run(t, l)
	j.Wants(t, "data:all end tick immediate close")
	run(t, l)
	j.Wants(t, "")
}

func TestNoEventInsideTheCallThatCausedIt(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	w.WriteString("x")
	w.Close()
	var j journal
	j.data(r)
	j.readableEvents(r)
	r.Resume()
	r.Pause()
	r.Resume()
	j.Wants(t, "")
	r.Destroy(errTest)
	j.Wants(t, "")
	r.OnClose(j.Note("late-close")) // Still in time.
	run(t, l)
	j.Wants(t, "error:test close late-close")
}

func TestDestroyWithoutErrorOnlyCloses(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	w.WriteString("unread")
	var j journal
	j.data(r)
	j.readableEvents(r)
	fd := r.FD()
	r.Destroy(nil)
	require.True(t, r.Closed())
	require.Equal(t, -1, r.FD())
	require.False(t, isOpen(fd), "at once")
	run(t, l)
	j.Wants(t, "close")
}

func TestErrorComesBeforeCloseAndWithoutEnd(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	w.WriteString("unread")
	var j journal
	j.data(r)
	j.readableEvents(r)
	r.Destroy(errTest)
	l.NextTick(j.Note("tick"))
	run(t, l)
	j.Wants(t, "error:test tick close")
}

func TestDestroyAgainChangesNothing(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	j.readableEvents(r)
	r.OnError(func(error) { r.Destroy(errors.New("second")) })
	r.OnClose(func() { r.Destroy(errors.New("third")) })
	r.Destroy(errTest)
	r.Destroy(errors.New("fourth"))
	r.Destroy(nil)
	run(t, l)
	j.Wants(t, "error:test close")

	ended, w2 := readPipe(t, l, nil)
	j.readableEvents(ended)
	ended.OnEnd(func() { ended.Destroy(errTest) })
	ended.Resume()
	w2.Close()
	run(t, l)
	j.Wants(t, "end close")
	ended.Destroy(errTest)
	run(t, l)
	j.Wants(t, "")
	w.Close()
}

func TestDestroyInEveryCallback(t *testing.T) {
	for _, c := range []struct {
		where  string
		attach func(r *streams.Readable, destroy func())
		want   string
	}{
		{"data", func(r *streams.Readable, destroy func()) { r.OnData(func([]byte) { destroy() }) }, "error:test close"},
		{"text", func(r *streams.Readable, destroy func()) { r.OnText(func(string) { destroy() }) }, "error:test close"},
		{"line", func(r *streams.Readable, destroy func()) { r.OnLine(func([]byte) { destroy() }) }, "error:test close"},
		{"last line", func(r *streams.Readable, destroy func()) {
			r.OnLine(func(p []byte) {
				if string(p) == "last" {
					destroy()
				}
			})
		}, "error:test close"},
		{"last text", func(r *streams.Readable, destroy func()) {
			r.OnText(func(s string) {
				if s == "\uFFFD" {
					destroy()
				}
			})
		}, "error:test close"},
		{"end", func(r *streams.Readable, destroy func()) { r.OnEnd(destroy); r.Resume() }, "end close"},
		{"close", func(r *streams.Readable, destroy func()) { r.OnClose(destroy); r.Resume() }, "end close"},
		{"tick", func(r *streams.Readable, destroy func()) {
			r.OnData(func([]byte) { r.Destroy(errTest); r.OnError(func(error) { destroy() }) })
		}, "error:test close"},
	} {
		t.Run(c.where, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			var j journal
			destroyed := false
			c.attach(r, func() {
				r.Destroy(errTest)
				destroyed = true
				require.Equal(t, -1, r.FD())
			})
			j.readableEvents(r)
			r.OnData(func([]byte) { require.False(t, destroyed && c.where != "data", "data after Destroy") })
			w.WriteString("line\nmore\nlast")
			if c.where == "last text" {
				w.WriteString("\xE2\x82")
			}
			w.Close()
			run(t, l)
			require.True(t, destroyed)
			j.Wants(t, c.want)
		})
	}
}

func TestNoDataReachesTheOtherKindsAfterDestroy(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnData(func([]byte) { j.Add("data"); r.Destroy(nil) })
	r.OnText(func(string) { j.Add("text") })
	r.OnLine(func([]byte) { j.Add("line") })
	j.readableEvents(r)
	w.WriteString("a\nb\n")
	w.Close()
	run(t, l)
	j.Wants(t, "data close")
}

func TestStopAndRunAgainLoseNoEvent(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnData(func(p []byte) { j.Add("data:" + string(p)); l.Stop() })
	r.OnEnd(func() { j.Add("end"); l.Stop() })
	r.OnClose(func() { j.Add("close"); l.Stop() })
	w.WriteString("x")
	w.Close()
	for range 3 {
		run(t, l)
		j.Add("|")
	}
	run(t, l)
	// The pipe is read to its end in the readiness that brought the data, and close follows in the
	// same turn.
	j.Wants(t, "data:x end close | | |")
}

func TestDestroyedBeforeTheLoopRunsStillCloses(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	j.readableEvents(r)
	l.Stop()
	r.Destroy(errTest)
	run(t, l) // Stopped before it began.
	j.Wants(t, "")
	run(t, l)
	j.Wants(t, "error:test close")
	w.Close()
}

func TestReadErrorIsTheErrorEvent(t *testing.T) {
	for name, c := range map[string]struct {
		open func(t *testing.T) *descriptor
		want syscall.Errno
	}{
		"a descriptor for writing": {func(t *testing.T) *descriptor { return openFile(t, os.DevNull, unix.O_WRONLY) }, unix.EBADF},
		"a directory":              {func(t *testing.T) *descriptor { return openFile(t, t.TempDir(), unix.O_RDONLY) }, unix.EISDIR},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r := newReadable(t, l, c.open(t), nil)
			fd := r.FD()
			var j journal
			j.data(r)
			j.readableEvents(r)
			r.OnError(func(err error) {
				require.ErrorIs(t, err, c.want)
				op, ok := errors.AsType[*streams.OpError](err)
				require.True(t, ok)
				require.Equal(t, streams.OpError{Op: "read", FD: fd, Err: c.want}, *op)
			})
			run(t, l)
			j.Wants(t, "error:"+unix.ErrnoName(c.want)+" close")
			require.False(t, isOpen(fd))
		})
	}
}

func TestUnrefLetsTheLoopEnd(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	j.data(r)
	require.True(t, l.Alive())
	r.Unref()
	run(t, l)
	w.WriteString("x")
	poll(t, l)
	j.Wants(t, "data:x")
	r.Ref()
	require.True(t, l.Alive())
	r.Pause()
	require.False(t, l.Alive())
	r.Resume()
	r.Unref()
	r.Pause()
	r.Resume()
	require.False(t, l.Alive(), "Unref lasts")
	r.Ref()
	r.Destroy(nil)
	run(t, l)
}

//brood:checks S033
func TestFailingConsumerEndsAnEndlessChild(t *testing.T) {
	l := newLoop(t)
	r, stdout := pipe(t)
	yes := start(t, nil, stdout, "yes")
	s := newReadable(t, l, r, nil)
	errDiskFull := errors.New("disk full")
	s.OnData(func([]byte) { s.Destroy(errDiskFull) })
	var got []error
	s.OnError(func(err error) { got = append(got, err) })
	s.OnEnd(func() { require.Fail(t, "end after an error") })
	run(t, l)
	require.Equal(t, []error{errDiskFull}, got)
	require.Equal(t, "signal: broken pipe", yes.wait())
}

//brood:checks S035
func TestEndComesInOneTurnWhenTheWriterIsLongGone(t *testing.T) {
	l := newLoop(t)
	r, stdout := pipe(t)
	require.Equal(t, "exit status 0", start(t, nil, stdout, "true").wait())
	s := newReadable(t, l, r, nil)
	var j journal
	j.data(s)
	j.readableEvents(s)
	require.False(t, poll(t, l))
	j.Wants(t, "end close")
}
