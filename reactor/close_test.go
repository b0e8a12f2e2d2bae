package reactor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

func TestS078_CloseIsRefusedWhileSomethingIsAliveAndThenSucceeds(t *testing.T) {
	for _, thing := range liveThings {
		t.Run(thing.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			end := thing.start(t, l)
			require.ErrorIs(t, l.Close(), reactor.ErrBusy)
			require.True(t, l.Alive(), "nothing was closed")
			poll(t, l)
			require.ErrorIs(t, l.Close(), reactor.ErrBusy)
			end()
			require.NoError(t, l.Close())
		})
	}
	for _, kind := range callbackKinds {
		t.Run("a queued "+kind.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			ran := false
			kind.queue(t, l, func() { ran = true })
			require.ErrorIs(t, l.Close(), reactor.ErrBusy)
			run(t, l)
			require.True(t, ran)
			require.NoError(t, l.Close())
		})
	}
}

func TestS078_CloseReturnsEveryDescriptor(t *testing.T) {
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

func TestS078_ANewLoopClosesAtOnce(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l, err := reactor.New(nil)
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

// TestS078_CloseTakesWhatDoesNotKeepTheLoopAlive: unref'd and idle things are closed with the loop, and using them
// afterwards is harmless.
func TestS078_CloseTakesWhatDoesNotKeepTheLoopAlive(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	fail := func() { t.Error("called after Close") }
	timer := l.SetTimeout(0, fail)
	timer.Unref()
	immediate := l.SetImmediate(fail)
	immediate.Unref()
	r := readyPipe(t)
	unreffed := watch(t, l, r.fd, reactor.Readable, func(reactor.Readiness) { fail() })
	unreffed.Unref()
	idle := watch(t, l, r.fd, 0, func(reactor.Readiness) { fail() })
	file := watch(t, l, open(t, "/dev/null").fd, reactor.Readable, func(reactor.Readiness) { fail() })
	file.Unref()
	require.NoError(t, l.Close())

	for _, w := range []*reactor.Watcher{unreffed, idle, file} {
		require.ErrorIs(t, w.Set(reactor.Readable), reactor.ErrClosed)
		w.Ref()
		w.Unref()
		w.Late()
		w.Close()
	}
	require.True(t, timer.Stop())
	require.False(t, timer.Stop())
	timer.Ref()
	require.True(t, immediate.Stop())
	immediate.Ref()
	require.Equal(t, "x", r.read(), "the descriptor is its owner's")
}

func TestS078_HandlesClosedInTheCallbacksOfOthers(t *testing.T) {
	l := newLoop(t)
	var j journal
	var first, second *reactor.Watcher
	closed := func(name string, w *reactor.Watcher) {
		w.Close()
		l.QueueClosing(j.note("closed-" + name))
		j.add("close-" + name)
	}
	first = watch(t, l, readyPipe(t).fd, reactor.Readable, func(reactor.Readiness) {
		closed("second", second)
		l.SetImmediate(func() { closed("first", first) })
	})
	r, _ := pipe(t)
	second = watch(t, l, r.fd, reactor.Readable, func(reactor.Readiness) { t.Error("nothing to read") })
	run(t, l)
	j.wants(t, "close-second close-first closed-first closed-second")
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

// descriptorLimit is in force while a test has only so many descriptors left.
type descriptorLimit struct {
	t     *testing.T
	old   unix.Rlimit
	taken []int
}

// leaveDescriptors takes all descriptors but n.
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
