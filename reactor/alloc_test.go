package reactor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/reactor"
)

// TestHotPathsDoNotAllocate pins the promise of design and documentation: in steady state 0
// allocations per event.
func TestHotPathsDoNotAllocate(t *testing.T) {
	for _, path := range []struct {
		name  string
		setUp func(t *testing.T, l *reactor.Loop) (op func(), ran *int)
	}{
		{"timer reset and fired", func(_ *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			timer := l.SetTimeout(0, func() { *ran++ })
			return func() { timer.Reset(0) }, ran
		}},
		{"timer reset while set", func(_ *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			timer := l.SetTimeout(time.Hour, func() {})
			timer.Unref()
			return func() { timer.Reset(time.Hour); *ran++ }, ran
		}},
		{"interval", func(t *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			interval := l.SetInterval(0, func() { *ran++ })
			t.Cleanup(func() { interval.Stop() })
			return func() {}, ran
		}},
		{"post", func(t *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			fn := func() { *ran++ }
			return func() { _ = l.Post(fn) }, ran
		}},
		{"tick", func(_ *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			fn := func() { *ran++ }
			return func() { l.NextTick(fn) }, ran
		}},
		{"closing callback", func(_ *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			fn := func() { *ran++ }
			return func() { l.QueueClosing(fn) }, ran
		}},
		{"watcher", func(t *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			w := watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) { *ran++ })
			w.Unref()
			return func() {}, ran
		}},
		{"late watcher", func(t *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			w := watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) { *ran++ })
			w.Unref()
			w.Late()
			return func() {}, ran
		}},
		{"always ready watcher", func(t *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			w := watch(t, l, fdtest.Open(t, "/dev/null").FD, reactor.Readable, func(reactor.Readiness) { *ran++ })
			w.Unref()
			return func() {}, ran
		}},
		{"watcher set to something else", func(t *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			_, b := socketPair(t)
			w := watch(t, l, b.FD, reactor.Readable, func(reactor.Readiness) {})
			w.Unref()
			want := reactor.Readable
			return func() {
				want ^= reactor.Readable | reactor.Hangup
				_ = w.Set(want)
				*ran++
			}, ran
		}},
		{"sleep until a timer", func(_ *testing.T, l *reactor.Loop) (func(), *int) {
			ran := new(int)
			timer := l.SetTimeout(0, func() { *ran++ })
			return func() {
				timer.Reset(10 * time.Microsecond)
				_, _ = l.Poll(-1)
			}, ran
		}},
	} {
		t.Run(path.name, func(t *testing.T) {
			for name, embed := range map[string]bool{"alone": false, "embedded": true} {
				l := newLoop(t)
				if embed {
					l.FD()
				}
				op, ran := path.setUp(t, l)
				turn := func() {
					op()
					_, _ = l.Poll(0)
				}
				for range 100 {
					turn() // Queues grow to their size.
				}
				*ran = 0
				const runs = 1000
				require.Zero(t, testing.AllocsPerRun(runs, turn), name)
				require.GreaterOrEqual(t, *ran, runs, name)
			}
		})
	}
}

// TestABurstOfPostsDoesNotAllocate makes many posts in one turn, so that both halves of the queue
// are in use.
func TestABurstOfPostsDoesNotAllocate(t *testing.T) {
	l := newLoop(t)
	ran := 0
	fn := func() { ran++ }
	burst := func() {
		for range 1000 {
			_ = l.Post(fn)
		}
		_, _ = l.Poll(0)
	}
	burst()
	burst()
	ran = 0
	require.Zero(t, testing.AllocsPerRun(100, burst))
	require.Equal(t, 101*1000, ran)
}

// TestANewTimerOrImmediateIsOneAllocation: the returned Timer or Immediate is the only allocation.
func TestANewTimerOrImmediateIsOneAllocation(t *testing.T) {
	l := newLoop(t)
	ran := 0
	fn := func() { ran++ }
	for name, op := range map[string]func(){
		"timer":     func() { l.SetTimeout(0, fn) },
		"interval":  func() { l.SetInterval(time.Hour, fn).Stop(); ran++ },
		"immediate": func() { l.SetImmediate(fn) },
	} {
		turn := func() {
			op()
			_, _ = l.Poll(0)
		}
		for range 100 {
			turn() // Queues grow to their size.
		}
		ran = 0
		require.EqualValues(t, 1, testing.AllocsPerRun(1000, turn), name)
		require.GreaterOrEqual(t, ran, 1000, name)
	}
}
