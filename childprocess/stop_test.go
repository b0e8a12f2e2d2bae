package childprocess_test

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// stopEvents records stops and continues, too.
func stopEvents(c *childprocess.ChildProcess) *recorder {
	ev := events(c)
	c.OnStop(func(s syscall.Signal) { ev.Add("stop " + signals.Name(s)) })
	c.OnContinue(func() { ev.Add("continue") })
	return ev
}

//brood:checks S044
func TestStoppedContinuedAndEndedAtLast(t *testing.T) {
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, _ childprocess.ExitWatch) {
		c := startWith(t, l, &childprocess.Options{StopEvents: true}, "wait")
		ev := stopEvents(c)
		c.Stdout.OnData(func([]byte) { kill(t, c, syscall.SIGSTOP) })
		c.OnStop(func(s syscall.Signal) {
			require.Equal(t, syscall.SIGSTOP, s)
			_, ended := c.Status()
			require.False(t, ended)
			kill(t, c, 0)
			kill(t, c, syscall.SIGCONT)
		})
		// Not before, because the kernel reports no continue after the exit.
		c.OnContinue(c.Stdin.End)
		run(t, l)
		require.Equal(t, []string{"spawn", "stop SIGSTOP", "continue", "exit 0", "close 0"}, ev.process())
	})
}

//brood:checks S044
func TestEveryStopThatIsWaitedForIsAnEvent(t *testing.T) {
	const rounds = 50
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, _ childprocess.ExitWatch) {
		c := startWith(t, l, &childprocess.Options{StopEvents: true}, "wait")
		ev := stopEvents(c)
		c.Stdout.OnData(func([]byte) { kill(t, c, syscall.SIGSTOP) })
		c.OnStop(func(syscall.Signal) { kill(t, c, syscall.SIGCONT) })
		c.OnContinue(func() {
			if ev.count("continue") < rounds {
				kill(t, c, syscall.SIGSTOP)
				return
			}
			c.Stdin.End()
		})
		run(t, l)
		want := slices.Concat([]string{"spawn"}, slices.Repeat([]string{"stop SIGSTOP", "continue"}, rounds), []string{"exit 0", "close 0"})
		require.Equal(t, want, ev.process())
	})
}

//brood:checks S044
func TestAStoppedChildCanBeKilled(t *testing.T) {
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, _ childprocess.ExitWatch) {
		c := startWith(t, l, &childprocess.Options{StopEvents: true}, "wait")
		ev := stopEvents(c)
		c.Stdout.OnData(func([]byte) { kill(t, c, syscall.SIGSTOP) })
		c.OnStop(func(syscall.Signal) { kill(t, c, syscall.SIGKILL) })
		run(t, l)
		require.Equal(t, []string{"spawn", "stop SIGSTOP", "exit SIGKILL", "close SIGKILL"}, ev.process())
	})
}

// Many children, some with StopEvents: the SIGCHLD for these does not disturb the others.
//
//brood:checks S044
func TestChildrenWithAndWithoutStopEventsOnOneLoop(t *testing.T) {
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, _ childprocess.ExitWatch) {
		var all []*recorder
		for i := range 12 {
			c := startWith(t, l, &childprocess.Options{StopEvents: i%2 == 0}, "wait")
			c.Stdout.OnData(func([]byte) {
				kill(t, c, syscall.SIGSTOP)
				if i%2 != 0 {
					kill(t, c, syscall.SIGCONT)
					c.Stdin.End()
				}
			})
			c.OnStop(func(syscall.Signal) { kill(t, c, syscall.SIGCONT) })
			c.OnContinue(c.Stdin.End)
			all = append(all, stopEvents(c))
		}
		run(t, l)
		for i, ev := range all {
			want := "spawn exit 0 close 0"
			if i%2 == 0 {
				want = "spawn stop SIGSTOP continue exit 0 close 0"
			}
			require.Equal(t, want, strings.Join(ev.process(), " "), "child %d", i)
		}
	})
}
