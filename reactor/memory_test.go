package reactor_test

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

// heapInUse returns the size of the program's live objects, in bytes.
func heapInUse() uint64 {
	for range 2 { // The second collection takes what the first had finalized.
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestABurstGivesItsMemoryBack measures while the loop goes on running, one turn after the burst.
func TestABurstGivesItsMemoryBack(t *testing.T) {
	const n = 300_000
	for _, burst := range []struct {
		name  string
		queue func(l *reactor.Loop, fn func())
	}{
		{"posts", func(l *reactor.Loop, fn func()) { _ = l.Post(fn) }},
		{"ticks", func(l *reactor.Loop, fn func()) { l.NextTick(fn) }},
		{"immediates", func(l *reactor.Loop, fn func()) { l.SetImmediate(fn) }},
		{"closing callbacks", func(l *reactor.Loop, fn func()) { l.QueueClosing(fn) }},
		{"timers", func(l *reactor.Loop, fn func()) { l.SetTimeout(0, fn) }},
		{"timers that are stopped", func(l *reactor.Loop, fn func()) {
			l.SetTimeout(time.Hour, fn).Stop()
			l.NextTick(fn)
		}},
	} {
		t.Run(burst.name, func(t *testing.T) {
			l := newLoop(t)
			before := heapInUse()
			ran := 0
			fn := func() {
				if ran++; ran == n {
					l.SetTimeout(0, func() {
						require.Less(t, heapInUse(), before+1<<20, "n pointers alone are %d bytes", n*8)
						ran++
					})
				}
			}
			l.SetImmediate(func() {
				for range n {
					burst.queue(l, fn)
				}
			})
			run(t, l)
			require.Equal(t, n+1, ran)
		})
	}
}

// TestManyTimersStoppedAtOnceGiveTheirMemoryBack fires no timer, so that no entry leaves by the top
// of the heap.
func TestManyTimersStoppedAtOnceGiveTheirMemoryBack(t *testing.T) {
	l := newLoop(t)
	before := heapInUse()
	timers := make([]*reactor.Timer, 300_000)
	for i := range timers {
		timers[i] = l.SetTimeout(time.Hour, func() {})
	}
	for _, timer := range timers {
		timer.Stop()
	}
	timers = nil
	require.Less(t, heapInUse(), before+1<<20)
	require.False(t, l.Alive())
}

// TestAStoppedTimerKeepsNothing: the values that its function refers to are freed with the
// program's last reference to the timer.
func TestAStoppedTimerKeepsNothing(t *testing.T) {
	l := newLoop(t)
	type megabyte [1 << 20]byte
	const n = 60 // fewer than what is worth sweeping
	var kept [n]weak.Pointer[megabyte]
	for i := range kept {
		data := new(megabyte)
		kept[i] = weak.Make(data)
		timer := l.SetTimeout(time.Hour, func() { data[0]++ })
		if i%2 == 0 {
			timer.Reset(time.Minute)
		}
		timer.Stop()
	}
	runtime.GC()
	for i := range kept {
		require.Nil(t, kept[i].Value(), "timer %d", i)
	}
	require.NotZero(t, l.TimerEntries(), "the entries are still there")
}
