package reactor_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

// TestALoopCanAlwaysBeClosed keeps it alive for one reason after another.
//
//brood:checks S078
func TestALoopCanAlwaysBeClosed(t *testing.T) {
	for _, thing := range liveThings {
		t.Run(thing.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			end := thing.start(t, l)
			poll(t, l)
			require.True(t, l.Alive())
			require.NoError(t, l.Close())
			require.False(t, l.Alive())
			// Set then fails, like every Set after Close.
			if thing.name != "a watcher that becomes idle" {
				end()
			}
			require.False(t, l.Alive())
			require.NoError(t, l.Close())
		})
	}
	for _, kind := range callbackKinds {
		t.Run("a queued "+kind.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			for range 3 {
				kind.queue(t, l, func() { t.Error("called after Close") })
			}
			require.True(t, l.Alive())
			require.NoError(t, l.Close())
			require.False(t, l.Alive())
			require.Zero(t, l.Stats().Refs)
		})
	}
}

// TestALoopCanBeClosedHoweverItsRunEnded ends Run in the middle of work of every kind.
//
//brood:checks S078
func TestALoopCanBeClosedHoweverItsRunEnded(t *testing.T) {
	for _, end := range []struct {
		name string
		run  func(t *testing.T, l *reactor.Loop)
	}{
		{"by Stop", func(t *testing.T, l *reactor.Loop) {
			l.NextTick(l.Stop)
			require.NoError(t, l.Run())
		}},
		{"by its context", func(t *testing.T, l *reactor.Loop) {
			ctx, cancel := context.WithCancel(t.Context())
			l.NextTick(cancel)
			require.ErrorIs(t, l.RunContext(ctx), context.Canceled)
		}},
		{"by a panic", func(t *testing.T, l *reactor.Loop) {
			for _, kind := range callbackKinds {
				kind.queue(t, l, func() { panic(kind.name) })
			}
			require.Panics(t, func() { _ = l.Run() })
		}},
		{"by the end of its goroutine", func(t *testing.T, l *reactor.Loop) {
			l.NextTick(runtime.Goexit)
			ended := make(chan struct{})
			go func() { // Ends with Run.
				defer close(ended)
				_ = l.Run()
			}()
			<-ended
		}},
		{"after one Poll", func(t *testing.T, l *reactor.Loop) { poll(t, l) }},
	} {
		t.Run(end.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			closed := false
			var again func(kind int) func()
			again = func(kind int) func() {
				return func() {
					require.False(t, closed)
					callbackKinds[kind].queue(t, l, again(kind))
				}
			}
			for kind := range callbackKinds {
				callbackKinds[kind].queue(t, l, again(kind))
			}
			end.run(t, l)
			require.True(t, l.Alive())
			require.NoError(t, l.Close())
			closed = true
			require.False(t, l.Alive())
		})
	}
}

// TestCloseClosesLocalsWhileEverythingIsThere: until their Close has returned, locals can use the
// loop.
//
//brood:checks S078
func TestCloseClosesLocalsWhileEverythingIsThere(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	var j journal
	r := readyPipe(t)
	w := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) { t.Error("called after Close") })
	timer := l.SetTimeout(0, func() { t.Error("called after Close") })
	immediate := l.SetImmediate(func() { t.Error("called after Close") })
	release := l.Hold()
	for _, name := range []string{"first", "second", "third"} {
		keep(t, l, name, func() error {
			j.Add(name)
			switch name {
			case "third":
				require.NoError(t, w.Set(reactor.Writable))
				w.Close()
				require.True(t, timer.Stop())
				require.True(t, immediate.Stop())
				release()
				require.ErrorIs(t, l.Post(func() {}), reactor.ErrClosed)
				require.ErrorIs(t, l.Run(), reactor.ErrClosed)
				require.NoError(t, l.Close())
				return errors.New("the first error")
			case "second":
				panic("in the middle")
			}
			return errors.New("another error")
		})
	}
	require.PanicsWithValue(t, "in the middle", func() { _ = l.Close() })
	j.Wants(t, "third second first")
	require.Equal(t, -1, l.FD(), "all the same everything is closed")
	require.NoError(t, l.Close())
}

// keep stores a local under key that is closed by closeIt.
func keep(t *testing.T, l *reactor.Loop, key string, closeIt func() error) {
	t.Helper()
	_, err := l.Local(key, func() (io.Closer, error) { return closer(closeIt), nil })
	require.NoError(t, err)
}

type closer func() error

func (c closer) Close() error { return c() }

// TestCloseKeepsNoFunctionThatItDrops: a handle that the program still has does not keep the values
// that its function refers to.
func TestCloseKeepsNoFunctionThatItDrops(t *testing.T) {
	l := newLoop(t)
	type megabyte [1 << 20]byte
	var kept []weak.Pointer[megabyte]
	holding := func() func() {
		data := new(megabyte)
		kept = append(kept, weak.Make(data))
		return func() { data[0]++ }
	}
	timer := l.SetTimeout(time.Hour, holding())
	immediate := l.SetImmediate(holding())
	l.NextTick(holding())
	l.QueueClosing(holding())
	require.NoError(t, l.Post(holding()))
	require.NoError(t, l.Close())
	runtime.GC()
	for i := range kept {
		require.Nil(t, kept[i].Value(), "%d", i)
	}
	require.False(t, timer.Stop())
	require.False(t, immediate.Stop())
	require.NoError(t, l.Close())
}

//brood:checks S078
func TestCloseReturnsEveryDescriptor(t *testing.T) {
	for _, o := range []reactor.Options{{}, {PipeWakeup: true}} {
		leakcheck.NoNewFDs(t)
		l := newLoopWith(t, o)
		require.GreaterOrEqual(t, l.FD(), 0, "with the alarm of an embedded loop")
		l.SetTimeout(time.Millisecond, func() {})
		run(t, l)
		require.NoError(t, l.Close())
		require.NoError(t, l.Close(), "closing twice is harmless")
	}
}

//brood:checks S078
func TestANewLoopClosesAtOnce(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l, err := reactor.New(nil)
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

// TestCloseClosesUnrefedAndIdleHandlesToo: using them afterwards is harmless.
//
//brood:checks S078
func TestCloseClosesUnrefedAndIdleHandlesToo(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	fail := func() { t.Error("called after Close") }
	timer := l.SetTimeout(0, fail)
	timer.Unref()
	immediate := l.SetImmediate(fail)
	immediate.Unref()
	r := readyPipe(t)
	unreffed := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) { fail() })
	unreffed.Unref()
	idle := watch(t, l, r.FD, 0, func(reactor.Readiness) { fail() })
	file := watch(t, l, fdtest.Open(t, "/dev/null").FD, reactor.Readable, func(reactor.Readiness) { fail() })
	file.Unref()
	require.NoError(t, l.Close())

	for _, w := range []*reactor.Watcher{unreffed, idle, file} {
		require.ErrorIs(t, w.Set(reactor.Readable), reactor.ErrClosed)
		w.Ref()
		w.Unref()
		w.Late()
		w.Close()
	}
	require.False(t, timer.Stop())
	timer.Ref()
	timer.Unref()
	require.False(t, immediate.Stop())
	immediate.Ref()
	immediate.Unref()
	require.Zero(t, l.Stats().Refs)
	require.Equal(t, "x", r.ReadString(), "the descriptor is its owner's")
}

//brood:checks S078
func TestHandlesClosedInTheCallbacksOfOthers(t *testing.T) {
	l := newLoop(t)
	var j journal
	var first, second *reactor.Watcher
	closed := func(name string, w *reactor.Watcher) {
		w.Close()
		l.QueueClosing(j.Note("closed-" + name))
		j.Add("close-" + name)
	}
	first = watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) {
		closed("second", second)
		l.SetImmediate(func() { closed("first", first) })
	})
	r, _ := pipe(t)
	second = watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) { t.Error("nothing to read") })
	run(t, l)
	j.Wants(t, "close-second close-first closed-first closed-second")
}

func TestTheLoopsDescriptorsAreCloseOnExec(t *testing.T) {
	for _, o := range []reactor.Options{{}, {PipeWakeup: true}} {
		before := leakcheck.FDs()
		l := newLoopWith(t, o)
		l.FD()
		fresh := 0
		for fd, target := range leakcheck.FDs() {
			if _, ok := before[fd]; ok {
				continue
			}
			fresh++
			flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
			require.NoError(t, err)
			require.NotZero(t, flags&unix.FD_CLOEXEC, "descriptor %d, %s", fd, target)
		}
		require.Positive(t, fresh)
	}
}

// TestNewWithoutDescriptorsFailsAndLeavesNone makes one step of New after another fail.
func TestNewWithoutDescriptorsFailsAndLeavesNone(t *testing.T) {
	for _, o := range []reactor.Options{{}, {PipeWakeup: true}} {
		failures := 0
		for spare := 0; ; spare++ {
			left := leaveDescriptors(t, spare)
			l, err := reactor.New(&o)
			if err == nil {
				left.restore()
				require.NoError(t, l.Close())
				break
			}
			failures++
			require.Nil(t, l)
			require.ErrorIs(t, err, unix.EMFILE)
			opErr, ok := errors.AsType[*reactor.OpError](err)
			require.True(t, ok, "%T", err)
			require.NotEmpty(t, opErr.Op)
			require.Equal(t, -1, opErr.FD)
			require.Equal(t, spare, left.count(), "New kept some of them")
			left.restore()
		}
		require.Positive(t, failures)
	}
}

// TestNewThatCannotWatchItsWakeupLeavesNoDescriptor makes the last step of New fail.
func TestNewThatCannotWatchItsWakeupLeavesNoDescriptor(t *testing.T) {
	for _, o := range []reactor.Options{{}, {PipeWakeup: true}} {
		leakcheck.NoNewFDs(t)
		opErr, ok := errors.AsType[*reactor.OpError](reactor.OpenWakeupWithoutPoller(o))
		require.True(t, ok)
		require.ErrorIs(t, opErr, unix.EBADF)
	}
}

// descriptorLimit leaves a test only so many descriptors.
type descriptorLimit struct {
	t     *testing.T
	old   unix.Rlimit
	taken []int
}

// leaveDescriptors opens all descriptors but n.
func leaveDescriptors(t *testing.T, n int) *descriptorLimit {
	t.Helper()
	d := &descriptorLimit{t: t}
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &d.old))
	low := d.old
	low.Cur = 128
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &low))
	t.Cleanup(d.restore)
	d.taken = d.take()
	require.Greater(t, len(d.taken), n)
	for range n {
		last := len(d.taken) - 1
		require.NoError(t, unix.Close(d.taken[last]))
		d.taken = d.taken[:last]
	}
	return d
}

// take opens descriptors until the system refuses.
func (d *descriptorLimit) take() (taken []int) {
	for {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			require.ErrorIs(d.t, err, unix.EMFILE)
			return taken
		}
		taken = append(taken, fd)
	}
}

// count returns how many descriptors are left.
func (d *descriptorLimit) count() int {
	taken := d.take()
	for _, fd := range taken {
		_ = unix.Close(fd) // Ours, opened above.
	}
	return len(taken)
}

func (d *descriptorLimit) restore() {
	for _, fd := range d.taken {
		_ = unix.Close(fd) // Ours, opened by take.
	}
	d.taken = nil
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &d.old); err != nil {
		d.t.Errorf("setrlimit: %v", err)
	}
}
