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
		return l.BindThread(j.Note("enter-"+name), j.Note("leave-"+name))
	}
	unbindA := bind("a")
	unbindB := bind("b")
	require.Empty(t, j.Entries, "the loop does not run")
	l.SetImmediate(j.Note("run"))
	run(t, l)
	j.Wants(t, "enter-a enter-b run leave-b leave-a")

	j.Entries = nil
	unbindA()
	unbindA()
	l.SetImmediate(j.Note("run"))
	run(t, l)
	j.Wants(t, "enter-b run leave-b")

	j.Entries = nil
	l.SetImmediate(j.Note("poll"))
	poll(t, l)
	j.Wants(t, "poll")
	unbindB()
}

func TestBindThreadInsideRunEntersAtOnce(t *testing.T) {
	notWithNetpoll(t, threadNotKept)
	l := newLoop(t)
	var j journal
	l.SetImmediate(func() {
		unbind := l.BindThread(j.Note("enter-short"), j.Note("leave-short"))
		l.BindThread(j.Note("enter-long"), j.Note("leave-long"))
		j.Add("bound")
		unbind()
		unbind()
		j.Add("unbound")
	})
	run(t, l)
	j.Wants(t, "enter-short enter-long bound leave-short unbound leave-long")
	j.Entries = nil
	run(t, l)
	j.Wants(t, "enter-long leave-long")
}

func TestBindThreadInsidePollWaitsForRun(t *testing.T) {
	notWithNetpoll(t, threadNotKept)
	l := newLoop(t)
	var j journal
	l.SetImmediate(func() { l.BindThread(j.Note("enter"), j.Note("leave")) })
	poll(t, l)
	require.Empty(t, j.Entries)
	run(t, l)
	j.Wants(t, "enter leave")
}

func TestAPanicLeavesTheThread(t *testing.T) {
	notWithNetpoll(t, threadNotKept)
	l := newLoop(t)
	var j journal
	l.BindThread(j.Note("enter"), j.Note("leave"))
	l.SetImmediate(func() { panic("unwinds") })
	require.PanicsWithValue(t, "unwinds", func() { _ = l.Run() })
	j.Wants(t, "enter leave")
}
