package reactor_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/reactor"
)

// reuse closes old and gives its number to d, which keeps its own number too.
func reuse(t *testing.T, old, d *descriptor) *descriptor {
	t.Helper()
	fd := old.FD
	old.Close()
	// F_DUPFD takes the lowest free number from fd on, which is fd.
	got, err := unix.FcntlInt(uintptr(d.FD), unix.F_DUPFD_CLOEXEC, fd)
	require.NoError(t, err)
	require.Equal(t, fd, got, "somebody else took the number")
	return fdtest.Own(t, got)
}

// TestADescriptorReusedWithinABatchDoesNotGetTheEventOfTheOldOne makes two pipes ready in one poll.
// The first callback closes the other's watcher and descriptor and watches an empty pipe under the
// same number.
func TestADescriptorReusedWithinABatchDoesNotGetTheEventOfTheOldOne(t *testing.T) {
	l := newLoop(t)
	for round := range 500 {
		var pipes [2]*descriptor
		var watchers [2]*reactor.Watcher
		silent, w := pipe(t)
		var fresh *reactor.Watcher
		calls, freshCalls := 0, 0
		for i := range pipes {
			pipes[i] = readyPipe(t)
			watchers[i] = watch(t, l, pipes[i].FD, reactor.Readable, func(reactor.Readiness) {
				calls++
				watchers[i].Close()
				other := 1 - i
				watchers[other].Close()
				pipes[other] = reuse(t, pipes[other], silent)
				fresh = watch(t, l, pipes[other].FD, reactor.Readable, func(reactor.Readiness) { freshCalls++ })
			})
		}
		poll(t, l)
		require.Equal(t, 1, calls, "round %d", round)
		require.Zero(t, freshCalls, "round %d: the new descriptor got the old one's event", round)
		poll(t, l)
		require.Zero(t, freshCalls, "round %d", round)
		w.WriteString("x")
		poll(t, l)
		require.Equal(t, 1, freshCalls, "round %d: its own event", round)
		fresh.Close()
		for _, d := range []*descriptor{pipes[0], pipes[1], silent, w} {
			d.Close()
		}
	}
}

// TestAWatcherReusedWithinABatchDoesNotGetTheEventOfTheOldOne is the same with one descriptor: only
// the slot is reused.
func TestAWatcherReusedWithinABatchDoesNotGetTheEventOfTheOldOne(t *testing.T) {
	l := newLoop(t)
	silent, w := pipe(t)
	pipes := []*descriptor{readyPipe(t), readyPipe(t)}
	var watchers [2]*reactor.Watcher
	calls, freshCalls := 0, 0
	var fresh *reactor.Watcher
	for i := range pipes {
		watchers[i] = watch(t, l, pipes[i].FD, reactor.Readable, func(reactor.Readiness) {
			calls++
			watchers[0].Close()
			watchers[1].Close()
			fresh = watch(t, l, silent.FD, reactor.Readable, func(reactor.Readiness) { freshCalls++ })
		})
	}
	poll(t, l)
	require.Equal(t, 1, calls)
	require.Zero(t, freshCalls)
	w.WriteString("x")
	poll(t, l)
	require.Equal(t, 1, freshCalls)
	fresh.Close()
}

// lost is a watcher whose descriptor was closed before it, and whose number another watcher has
// now.
func lost(t *testing.T, l *reactor.Loop) (old, current *reactor.Watcher, w *descriptor, calls *int) {
	t.Helper()
	r, _ := pipe(t)
	old = watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) { t.Error("an event for a closed descriptor") })
	silent, w := pipe(t)
	again := reuse(t, r, silent)
	calls = new(int)
	current = watch(t, l, again.FD, reactor.Readable, func(reactor.Readiness) { *calls++ })
	return old, current, w, calls
}

// TestAWatcherWhoseDescriptorWasClosedDoesNotDisturbTheNextOne: closing a descriptor before its
// watcher is a mistake, but it must not harm other watchers.
func TestAWatcherWhoseDescriptorWasClosedDoesNotDisturbTheNextOne(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, old *reactor.Watcher)
	}{
		{"by Close", func(_ *testing.T, old *reactor.Watcher) { old.Close() }},
		{"by Set(0)", func(t *testing.T, old *reactor.Watcher) { require.NoError(t, old.Set(0)) }},
		{"by Set to the same", func(t *testing.T, old *reactor.Watcher) { require.NoError(t, old.Set(reactor.Readable)) }},
		{"by Set to something else", func(t *testing.T, old *reactor.Watcher) {
			require.ErrorIs(t, old.Set(reactor.Writable), unix.EBADF)
		}},
		{"by Set(0) and Set", func(t *testing.T, old *reactor.Watcher) {
			require.NoError(t, old.Set(0))
			require.ErrorIs(t, old.Set(reactor.Readable), unix.EEXIST)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t)
			old, current, w, calls := lost(t, l)
			c.do(t, old)
			poll(t, l)
			require.Zero(t, *calls)
			w.WriteString("x")
			poll(t, l)
			require.Equal(t, 1, *calls, "the new watcher was silenced")
			require.NoError(t, current.Set(reactor.Readable|reactor.Writable))
			poll(t, l)
			require.Equal(t, 2, *calls)
			old.Close()
			current.Close()
			require.Zero(t, l.Stats().Refs)
		})
	}
}

// TestSetAsksAnewWhetherADescriptorCanBePolled sets an idle watcher whose number has become another
// file.
func TestSetAsksAnewWhetherADescriptorCanBePolled(t *testing.T) {
	l := newLoop(t)
	file, piped := fdtest.Open(t, "/dev/null"), readyPipe(t)
	calls := 0
	w := watch(t, l, file.FD, reactor.Readable, func(reactor.Readiness) { calls++ })
	for round, next := range []*descriptor{piped, fdtest.Open(t, "/dev/null"), piped} {
		poll(t, l)
		require.Equal(t, round+1, calls)
		require.NoError(t, w.Set(0))
		file = reuse(t, file, next)
		require.NoError(t, w.Set(reactor.Readable))
	}
	poll(t, l)
	require.Equal(t, 4, calls)
	w.Close()
	require.False(t, poll(t, l))
	require.Equal(t, 4, calls)
}

func TestAWatcherWhoseDescriptorWasClosedCanStillBeClosed(t *testing.T) {
	l := newLoop(t)
	r, w := pipe(t)
	watcher := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) { t.Error("an event for a closed descriptor") })
	r.Close()
	w.Close()
	poll(t, l)
	require.ErrorIs(t, watcher.Set(reactor.Writable), unix.EBADF)
	require.Equal(t, 1, l.Stats().Refs)
	watcher.Close()
	require.False(t, l.Alive())
}
