package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

// requirePanicNames requires that fn panics with a text that begins with the package's name and
// names the called method.
func requirePanicNames(t *testing.T, method string, fn func()) {
	t.Helper()
	defer func() {
		t.Helper()
		v := recover()
		require.NotNil(t, v, "%s did not panic", method)
		require.Regexp(t, "^reactor: "+method+"\\b", fmt.Sprint(v))
	}()
	fn()
}

func TestEveryMethodOfANilLoopPanicsNamingThePackage(t *testing.T) {
	var l *reactor.Loop
	fn := func() {}
	for method, call := range map[string]func(){
		"Run":          func() { _ = l.Run() },
		"RunContext":   func() { _ = l.RunContext(context.Background()) },
		"Poll":         func() { _, _ = l.Poll(0) },
		"FD":           func() { l.FD() },
		"Stop":         func() { l.Stop() },
		"Close":        func() { _ = l.Close() },
		"Alive":        func() { l.Alive() },
		"Now":          func() { l.Now() },
		"NextTick":     func() { l.NextTick(fn) },
		"SetImmediate": func() { l.SetImmediate(fn) },
		"SetTimeout":   func() { l.SetTimeout(0, fn) },
		"SetInterval":  func() { l.SetInterval(0, fn) },
		"QueueClosing": func() { l.QueueClosing(fn) },
		"Post":         func() { _ = l.Post(fn) },
		"Do":           func() { _ = l.Do(context.Background(), fn) },
		"Hold":         func() { l.Hold() },
		"Watch":        func() { _, _ = l.Watch(0, reactor.Readable, func(reactor.Readiness) {}) },
		"Local":        func() { _, _ = l.Local(0, func() (io.Closer, error) { return nil, nil }) },
		"BindThread":   func() { l.BindThread(fn, fn) },
		"Stats":        func() { l.Stats() },
		"MustNotWait":  func() { l.MustNotWait("test") },
	} {
		requirePanicNames(t, method, call)
	}
}

func TestANilCallbackPanicsNamingThePackageAndLeavesNothing(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	r, _ := pipe(t)
	watchers := l.Stats().Watchers
	for method, call := range map[string]func(){
		"NextTick":     func() { l.NextTick(nil) },
		"SetImmediate": func() { l.SetImmediate(nil) },
		"SetTimeout":   func() { l.SetTimeout(0, nil) },
		"SetInterval":  func() { l.SetInterval(0, nil) },
		"QueueClosing": func() { l.QueueClosing(nil) },
		"Post":         func() { _ = l.Post(nil) },
		"Do":           func() { _ = l.Do(context.Background(), nil) },
		"Watch":        func() { _, _ = l.Watch(r.FD, reactor.Readable, nil) },
		"Local":        func() { _, _ = l.Local("key", nil) },
		"BindThread":   func() { l.BindThread(func() {}, nil) },
	} {
		requirePanicNames(t, method, call)
		require.False(t, l.Alive(), method)
	}
	requirePanicNames(t, "BindThread", func() { l.BindThread(nil, func() {}) })
	require.Equal(t, watchers, l.Stats().Watchers)
	run(t, l)
}

func TestAClosedLoopRefusesEverything(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	timer := l.SetTimeout(0, func() {})
	timer.Stop()
	unbind := l.BindThread(func() {}, func() {})
	r, _ := pipe(t)
	require.NoError(t, l.Close())

	fn := func() { t.Error("ran after Close") }
	for method, call := range map[string]func(){
		"NextTick":     func() { l.NextTick(fn) },
		"SetImmediate": func() { l.SetImmediate(fn) },
		"SetTimeout":   func() { l.SetTimeout(0, fn) },
		"SetInterval":  func() { l.SetInterval(0, fn) },
		"QueueClosing": func() { l.QueueClosing(fn) },
		"BindThread":   func() { l.BindThread(fn, fn) },
		"Reset":        func() { timer.Reset(0) },
	} {
		requirePanicNames(t, method, call)
	}
	for method, call := range map[string]func() error{
		"Run":        l.Run,
		"RunContext": func() error { return l.RunContext(t.Context()) },
		"Poll":       func() error { _, err := l.Poll(0); return err },
		"Post":       func() error { return l.Post(fn) },
		"Do":         func() error { return l.Do(t.Context(), fn) },
		"Watch": func() error {
			_, err := l.Watch(r.FD, reactor.Readable, func(reactor.Readiness) { fn() })
			return err
		},
		"Local": func() error {
			_, err := l.Local("key", func() (io.Closer, error) { fn(); return nil, nil })
			return err
		},
	} {
		require.ErrorIs(t, call(), reactor.ErrClosed, method)
	}
	require.Equal(t, -1, l.FD())
	require.False(t, l.Alive())
	l.Now()
	l.Stats()
	l.Stop()
	unbind()
	l.Hold()()
	require.NoError(t, l.Close())
}

func TestAPollThatFailsIsReported(t *testing.T) {
	for name, wait := range map[string]func(l *reactor.Loop) error{
		"Run":  (*reactor.Loop).Run,
		"Poll": func(l *reactor.Loop) error { _, err := l.Poll(-1); return err },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			timer := l.SetTimeout(1, func() {})
			mend := breakPoller(t, l)
			err := wait(l)
			mend()
			opErr, ok := errors.AsType[*reactor.OpError](err)
			require.True(t, ok, "%T: %v", err, err)
			require.IsType(t, unix.Errno(0), opErr.Err)
			timer.Stop()
		})
	}
}

// breakPoller replaces the poller's descriptor by a file until mend is called.
func breakPoller(t *testing.T, l *reactor.Loop) (mend func()) {
	t.Helper()
	poller, file := l.PollerFD(), fdtest.Open(t, "/dev/null")
	saved, err := unix.FcntlInt(uintptr(poller), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Dup2(file.FD, poller))
	file.Close()
	return func() {
		require.NoError(t, unix.Dup2(saved, poller))
		require.NoError(t, unix.Close(saved))
		unix.CloseOnExec(poller)
	}
}

func TestErrorsNameTheOperationTheDescriptorAndTheCause(t *testing.T) {
	require.EqualError(t, &reactor.OpError{Op: "watch", FD: 7, Err: unix.EBADF}, "brood: watch fd 7: bad file descriptor")
	require.EqualError(t, &reactor.OpError{Op: "eventfd", FD: -1, Err: unix.EMFILE}, "brood: eventfd: too many open files")
	require.EqualError(t, reactor.ErrClosed, "brood: closed")
	require.ErrorIs(t, reactor.ErrClosed, os.ErrClosed)
	require.ErrorIs(t, &reactor.OpError{Op: "watch", FD: 7, Err: unix.EEXIST}, fs.ErrExist)
}
