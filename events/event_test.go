package events_test

import (
	"reflect"
	"runtime"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/events"
)

func TestListenersRunInTheOrderTheyWereAdded(t *testing.T) {
	var e events.Event[int]
	var got []string
	e.On(func(int) { got = append(got, "a") })
	e.On(func(int) { got = append(got, "b") })
	e.Once(func(int) { got = append(got, "once") })
	require.True(t, e.Emit(1))
	require.True(t, e.Emit(2))
	require.Equal(t, []string{"a", "b", "once", "a", "b"}, got)
}

func TestEmitReportsWhetherThereIsAListener(t *testing.T) {
	var e events.Event[string]
	require.False(t, e.Emit("nobody"))
	l := e.On(func(string) {})
	require.Equal(t, 1, e.Len())
	require.True(t, e.Emit("one"))
	l.Off()
	l.Off()
	require.Equal(t, 0, e.Len())
	require.False(t, e.Emit("nobody"))
}

func TestEmitWorksOnASnapshot(t *testing.T) {
	var e events.Event[int]
	var got []string
	var second *events.Listener
	e.On(func(int) {
		got = append(got, "first")
		second.Off()
		e.On(func(int) { got = append(got, "late") })
	})
	second = e.On(func(int) { got = append(got, "second") })
	e.Emit(1)
	require.Equal(t, []string{"first", "second"}, got, "removed ones still run, added ones wait")
	got = nil
	e.Emit(2)
	require.Equal(t, []string{"first", "late"}, got)
}

func TestOnceRunsOnceEvenWhenEmittedFromInside(t *testing.T) {
	var e events.Event[int]
	calls := 0
	e.On(func(v int) {
		if v == 0 {
			e.Emit(1)
		}
	})
	e.Once(func(int) { calls++ })
	e.Emit(0)
	require.Equal(t, 1, calls)
}

func TestOffInsideItsOwnCall(t *testing.T) {
	var e events.Event[int]
	calls := 0
	var self *events.Listener
	self = e.On(func(int) { calls++; self.Off() })
	e.Emit(1)
	e.Emit(1)
	require.Equal(t, 1, calls)
}

func TestWatchSeesEveryChangeOfTheNumberOfListeners(t *testing.T) {
	var e events.Event[int]
	var seen []int
	e.Watch(func(n int) { seen = append(seen, n) })
	a := e.On(func(int) {})
	e.Once(func(int) {})
	e.Emit(0)
	a.Off()
	require.Equal(t, []int{1, 2, 1, 0}, seen)
}

func TestNilListenerPanicsWithThePackageName(t *testing.T) {
	var e events.Event[int]
	require.PanicsWithValue(t, "events: nil listener", func() { e.On(nil) })
	require.PanicsWithValue(t, "events: nil listener", func() { e.Once(nil) })
}

func TestEmitDoesNotAllocate(t *testing.T) {
	var e events.Event[[]byte]
	n := 0
	e.On(func(b []byte) { n += len(b) })
	e.On(func(b []byte) { n += len(b) })
	chunk := make([]byte, 8)
	require.Zero(t, testing.AllocsPerRun(1000, func() { e.Emit(chunk) }))
}

func TestAListenerThatIsRemovedBeforeAnEmitIsNotCalled(t *testing.T) {
	var e events.Event[int]
	var got []string
	var nested bool
	var second *events.Listener
	e.On(func(int) {
		got = append(got, "first")
		if !nested {
			nested = true
			second.Off()
			e.Emit(0) // It does not call second, which the outer Emit still calls.
		}
	})
	second = e.On(func(int) { got = append(got, "second") })
	e.On(func(int) { got = append(got, "third") })
	e.Emit(0)
	require.Equal(t, []string{"first", "first", "third", "second", "third"}, got)
	require.Equal(t, 2, e.Len())
}

func TestListenersAddedAndRemovedWhileEmittingDoNotDisturbIt(t *testing.T) {
	var e events.Event[int]
	var all []*events.Listener
	calls := 0
	for range 100 {
		all = append(all, e.On(func(int) {
			calls++
			for _, l := range all {
				l.Off()
			}
			e.On(func(int) { calls += 1000 }).Off()
		}))
	}
	require.True(t, e.Emit(0))
	require.Equal(t, 100, calls, "each of the snapshot, and none of the new ones")
	require.Zero(t, e.Len())
	require.False(t, e.Emit(0))
}

func TestAPanicLeavesTheListenersUsable(t *testing.T) {
	var e events.Event[int]
	first := e.On(func(int) { panic("listener") })
	require.PanicsWithValue(t, "listener", func() { e.Emit(0) })
	first.Off()
	calls := 0
	e.On(func(int) { calls++ })
	require.True(t, e.Emit(0))
	require.Equal(t, 1, calls)
}

func TestTheFirstListenerIsOneAllocation(t *testing.T) {
	fn := func(int) {}
	require.EqualValues(t, 1, testing.AllocsPerRun(100, func() {
		var e events.Event[int]
		e.On(fn)
		e.Emit(1)
	}))
	require.Equal(t, reflect.TypeFor[*int]().Size(), reflect.TypeFor[events.Event[int]]().Size(), "of one that nobody wants")
}

// The memory of the first listener is part of the event.
func TestARemovedListenerIsForgottenAndItsRegistrationStaysItsOwn(t *testing.T) {
	for name, remove := range map[string]func(*events.Event[int], *events.Listener){
		"Off":  func(_ *events.Event[int], l *events.Listener) { l.Off() },
		"Emit": func(e *events.Event[int], l *events.Listener) { e.On(func(int) { l.Off() }); e.Emit(0) },
	} {
		var e events.Event[int]
		l, held := addHolder(&e)
		remove(&e, l)
		runtime.GC()
		require.Nil(t, held.Value(), name)

		calls := 0
		before := e.Len()
		e.On(func(int) { calls++ })
		l.Off()
		e.Emit(0)
		require.Equal(t, 1, calls, name)
		require.Equal(t, before+1, e.Len(), name)
	}
}

func TestOnlyIsTheOneListenerThatStays(t *testing.T) {
	var e events.Event[int]
	require.Nil(t, e.Only(), "nobody")
	var got []string
	note := func(name string) func(int) { return func(int) { got = append(got, name) } }
	first := e.On(note("first"))
	e.Only()(1)
	second := e.On(note("second"))
	require.Nil(t, e.Only(), "two")
	first.Off()
	third := e.On(note("third"))
	second.Off()
	e.Emit(2)
	third.Off()
	require.Nil(t, e.Only(), "nobody is left")
	e.Once(note("once"))
	require.Nil(t, e.Only(), "it goes with its call")
	e.Emit(3)
	var last *events.Listener
	last = e.On(func(int) {
		last.Off()
		e.On(note("after it"))
	})
	e.Only()(4)
	e.Only()(5)
	require.Equal(t, []string{"first", "third", "once", "after it"}, got)
}

// addHolder adds a listener that refers to the memory of the weak pointer.
func addHolder(e *events.Event[int]) (*events.Listener, weak.Pointer[[]byte]) {
	p := new([]byte)
	return e.On(func(n int) { *p = append(*p, byte(n)) }), weak.Make(p)
}

// The cost of a change does not depend on the number of listeners: each of 200,000 takes as long as
// each of two.
func TestManyListenersComeAndGo(t *testing.T) {
	var e events.Event[int]
	all := make([]*events.Listener, 200_000)
	for i := range all {
		all[i] = e.On(func(int) {})
	}
	for _, l := range all {
		l.Off()
		l.Off()
	}
	require.Zero(t, e.Len())
}
