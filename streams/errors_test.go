package streams_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// constructors are the ways to make a stream.
var constructors = map[string]func(l *reactor.Loop, fd int) error{
	"NewReadable": func(l *reactor.Loop, fd int) error { _, err := streams.NewReadable(l, fd, nil); return err },
	"NewWritable": func(l *reactor.Loop, fd int) error { _, err := streams.NewWritable(l, fd, nil); return err },
	"NewDuplex":   func(l *reactor.Loop, fd int) error { _, err := streams.NewDuplex(l, fd, nil); return err },
}

func TestBadInputIsReturnedAndNothingLeaks(t *testing.T) {
	leakcheck.NoNewFDs(t)
	open := newLoop(t)
	closed, err := reactor.New(nil)
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	_, w := pipe(t)
	for name, c := range map[string]struct {
		loop *reactor.Loop
		fd   int
		want error
	}{
		"nil loop":            {nil, w.FD, nil},
		"closed loop":         {closed, w.FD, reactor.ErrClosed},
		"negative descriptor": {open, -1, unix.EBADF},
		"closed descriptor":   {open, 1 << 20, unix.EBADF},
	} {
		for constructor, call := range constructors {
			err := call(c.loop, c.fd)
			op, ok := errors.AsType[*streams.OpError](err)
			require.True(t, ok, "%s, %s: %v", constructor, name, err)
			require.Equal(t, "open", op.Op)
			require.Equal(t, c.fd, op.FD)
			if c.want != nil {
				require.ErrorIs(t, err, c.want, "%s, %s", constructor, name)
			}
			require.True(t, isOpen(w.FD), "%s, %s: a descriptor that was not taken is the caller's", constructor, name)
		}
	}
	require.ErrorIs(t, constructors["NewReadable"](closed, w.FD), fs.ErrClosed)
	n, err := streams.OpenDescriptors(open)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestNilCallbacksPanicWithTheName(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	w, out := writePipe(t, l, nil)
	for name, call := range map[string]func(){
		"events: nil listener":           func() { r.OnData(nil) },
		"events: nil listener (text)":    func() { r.OnText(nil) },
		"events: nil listener (line)":    func() { r.OnLine(nil) },
		"events: nil listener (error)":   func() { r.OnError(nil) },
		"events: nil listener (error 2)": func() { w.OnError(nil) },
		"streams: OnEnd":                 func() { r.OnEnd(nil) },
		"streams: OnClose":               func() { r.OnClose(nil) },
		"streams: Collect":               func() { r.Collect(-1, nil) },
		"streams: Pipe":                  func() { r.Pipe(nil, nil) },
		"streams: OnDrain":               func() { w.OnDrain(nil) },
		"streams: OnFinish":              func() { w.OnFinish(nil) },
		"streams: OnClose (writable)":    func() { w.OnClose(nil) },
		"streams: WriteThen":             func() { _, _ = w.WriteThen(nil, nil) },
	} {
		func() {
			defer func() {
				text, _ := recover().(string)
				require.Regexp(t, "^(streams|events): .*nil", text, name)
			}()
			call()
			require.Fail(t, "no panic", name)
		}()
	}
	require.False(t, r.Flowing(), "a call that panicked has changed nothing")
	run(t, l)
	in.Close()
	out.Close()
}

func TestErrorTexts(t *testing.T) {
	err := error(&streams.OpError{Op: "write", FD: 7, Err: unix.EPIPE})
	require.EqualError(t, err, "brood: write fd 7: broken pipe")
	require.ErrorIs(t, err, unix.EPIPE)
	require.ErrorIs(t, &streams.OpError{Op: "open", FD: 7, Err: unix.EACCES}, fs.ErrPermission)
	for _, sentinel := range []error{streams.ErrWriteAfterEnd, streams.ErrLineTooLong, streams.ErrTooMuch} {
		require.Regexp(t, "^streams: ", sentinel.Error())
	}
	require.Equal(t, reactor.ErrClosed, streams.ErrClosed)
	require.ErrorIs(t, streams.ErrClosed, os.ErrClosed)
	require.NotErrorIs(t, streams.ErrWriteAfterEnd, os.ErrClosed)
}

// If the poller refuses a descriptor, the stream emits error.
func TestPollerRefusesTheDescriptor(t *testing.T) {
	l := newLoop(t)
	src, in := pipe(t)
	watcher, err := l.Watch(src.FD, reactor.Readable, func(reactor.Readiness) {})
	require.NoError(t, err)
	copied := src.Dup()
	r := newReadable(t, l, src, nil)
	var j journal
	j.data(r)
	j.readableEvents(r)
	require.True(t, r.Closed())
	j.Wants(t, "")
	watcher.Close()
	run(t, l)
	j.Wants(t, "error:EEXIST close")
	copied.Close()
	in.Close()
}
