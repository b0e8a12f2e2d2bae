package reactor_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBindThreadEntersWithRunAndLeavesWithIt(t *testing.T) {
	notWithNetpoll(t, threadNotKept)
	l := newLoop(t)
	var j journal
	bind := func(name string) func() {
		return l.BindThread(j.note("enter-"+name), j.note("leave-"+name))
	}
	unbindA := bind("a")
	unbindB := bind("b")
	require.Empty(t, j.entries, "the loop does not run")
	l.SetImmediate(j.note("run"))
	run(t, l)
	j.wants(t, "enter-a enter-b run leave-b leave-a")

	j.entries = nil
	unbindA()
	unbindA()
	l.SetImmediate(j.note("run"))
	run(t, l)
	j.wants(t, "enter-b run leave-b")

	j.entries = nil
	l.SetImmediate(j.note("poll"))
	poll(t, l)
	j.wants(t, "poll")
	unbindB()
}

func TestBindThreadInsideRunEntersAtOnce(t *testing.T) {
	notWithNetpoll(t, threadNotKept)
	l := newLoop(t)
	var j journal
	l.SetImmediate(func() {
		unbind := l.BindThread(j.note("enter-short"), j.note("leave-short"))
		l.BindThread(j.note("enter-long"), j.note("leave-long"))
		j.add("bound")
		unbind()
		unbind()
		j.add("unbound")
	})
	run(t, l)
	j.wants(t, "enter-short enter-long bound leave-short unbound leave-long")
	j.entries = nil
	run(t, l)
	j.wants(t, "enter-long leave-long")
}

func TestBindThreadInsidePollWaitsForRun(t *testing.T) {
	notWithNetpoll(t, threadNotKept)
	l := newLoop(t)
	var j journal
	l.SetImmediate(func() { l.BindThread(j.note("enter"), j.note("leave")) })
	poll(t, l)
	require.Empty(t, j.entries)
	run(t, l)
	j.wants(t, "enter leave")
}

func TestAPanicLeavesTheThread(t *testing.T) {
	notWithNetpoll(t, threadNotKept)
	l := newLoop(t)
	var j journal
	l.BindThread(j.note("enter"), j.note("leave"))
	l.SetImmediate(func() { panic("unwinds") })
	require.PanicsWithValue(t, "unwinds", func() { _ = l.Run() })
	j.wants(t, "enter leave")
}
