package childprocess_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

//brood:checks S042
func TestSpawnInsideEveryCallback(t *testing.T) {
	l := newLoop(t)
	started := map[string]int{}
	closed := map[string]int{}
	again := func(where string) {
		started[where]++
		c := start(t, l, "exit", "0")
		ev := events(c)
		c.OnClose(func(childprocess.ExitStatus) {
			closed[where]++
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process(), where)
		})
	}
	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.Pipe}}, "say", "1", "line\n", "3", "x")
	c.OnSpawn(func() { again("spawn") })
	c.OnExit(func(childprocess.ExitStatus) { again("exit") })
	c.OnClose(func(childprocess.ExitStatus) { again("close") })
	c.Stdin.OnClose(func() { again("stdin close") })
	c.Stdout.OnData(func([]byte) { again("data") })
	c.Stdout.OnText(func(string) { again("text") })
	c.Stdout.OnLine(func([]byte) { again("line") })
	c.Stdout.OnEnd(func() { again("end") })
	c.Stdout.OnClose(func() { again("stdout close") })
	c.Stdio[3].Writable.OnFinish(func() { again("finish") })
	failed := spawn(t, l, "/does/not/exist", nil, nil)
	failed.OnError(func(error) { again("error") })
	l.SetTimeout(0, func() { again("timer") })
	l.SetImmediate(func() { again("immediate") })
	l.NextTick(func() { again("tick") })
	l.QueueClosing(func() { again("closing") })
	require.NoError(t, l.Post(func() { again("posted") }))
	run(t, l)
	require.Len(t, started, 16)
	require.Equal(t, started, closed)
}

//brood:checks S042
func TestALoopStoppedAgainAndAgainLosesNothing(t *testing.T) {
	const children = 30
	l := newLoop(t)
	var all []*recorder
	for range children {
		c := start(t, l, "say", "1", "out")
		ev := events(c).reading()
		c.OnSpawn(l.Stop)
		c.OnExit(func(childprocess.ExitStatus) { l.Stop() })
		c.Stdout.OnData(func([]byte) { l.Stop() })
		c.Stdout.OnEnd(l.Stop)
		c.OnClose(func(childprocess.ExitStatus) { l.Stop() })
		all = append(all, ev)
	}
	runs := 0
	for ; l.Alive(); runs++ {
		run(t, l)
	}
	require.Greater(t, runs, 1)
	for _, ev := range all {
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
		require.Equal(t, "out", string(ev.data[1]))
	}
}

// A loop that another event loop polls has no thread of its own.
//
//brood:checks S042
func TestALoopThatIsPolledLosesNothing(t *testing.T) {
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, _ childprocess.ExitWatch) {
		var all []*recorder
		for range 20 {
			all = append(all, events(start(t, l, "say", "1", "out")).reading())
		}
		for alive := true; alive; {
			var err error
			alive, err = l.Poll(-1)
			require.NoError(t, err)
			require.False(t, t.Failed(), "the loop was stopped because it hung")
		}
		for _, ev := range all {
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
			require.Equal(t, "out", string(ev.data[1]))
		}
	})
}

//brood:checks S042
func TestAListenerThatPanicsCostsNoOtherListenerAnEvent(t *testing.T) {
	const children = 20
	panics := 0
	l := newLoopWith(t, reactor.Options{OnPanic: func(any, []byte) { panics++ }})
	var all []*recorder
	for range children {
		c := startWith(t, l, noPipes(), "exit", "0")
		c.OnSpawn(func() { panic("spawn") })
		ev := events(c)
		c.OnExit(func(childprocess.ExitStatus) { panic("exit") })
		c.OnClose(func(childprocess.ExitStatus) { panic("close") })
		all = append(all, ev)
	}
	run(t, l)
	require.Equal(t, 3*children, panics)
	for _, ev := range all {
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.Entries)
		s, err := ev.c.Wait(context.Background())
		require.NoError(t, err)
		require.True(t, s.Success())
	}
}

//brood:checks S042
func TestAPanicThroughRunLosesNoEvent(t *testing.T) {
	const children = 20
	l := newLoop(t)
	var all []*recorder
	for range children {
		c := start(t, l, "say", "1", "out")
		ev := events(c).reading()
		c.OnExit(func(childprocess.ExitStatus) { panic("exit") })
		all = append(all, ev)
	}
	panics := 0
	for l.Alive() {
		func() {
			defer func() {
				if recover() != nil {
					panics++
				}
			}()
			run(t, l)
		}()
	}
	require.Equal(t, children, panics)
	for _, ev := range all {
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
		require.Equal(t, "out", string(ev.data[1]))
	}
}
