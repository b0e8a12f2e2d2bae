package childprocess_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// A connection starts a program whose stdin is the stdout of a child.
type connection func(t *testing.T, l *reactor.Loop, from *child, file string, args ...string) *child

type child = childprocess.ChildProcess

// connections are the two ways to do so.
var connections = map[string]connection{
	"kernel pipe": func(t *testing.T, l *reactor.Loop, from *child, file string, args ...string) *child {
		return spawn(t, l, file, args, &childprocess.Options{
			Stdio: []childprocess.Stdio{childprocess.Stream(from.Stdout).Owned()},
		})
	},
	"Readable.Pipe": func(t *testing.T, l *reactor.Loop, from *child, file string, args ...string) *child {
		c := spawn(t, l, file, args, nil)
		from.Stdout.Pipe(c.Stdin, nil)
		return c
	},
}

// readStderr collects the child's stderr in ev.
func readStderr(ev *recorder) {
	ev.c.Stderr.OnData(func(chunk []byte) { ev.data[2] = append(ev.data[2], chunk...) })
}

//brood:checks S038
func TestTheEndOfTheLastEndsThePipelineQuietly(t *testing.T) {
	for name, connect := range connections {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			a := spawn(t, l, "yes", nil, nil)
			b := connect(t, l, a, "cat")
			c := connect(t, l, b, "head", "-n", "1000")
			evA, evB, evC := events(a), events(b), events(c).reading()
			readStderr(evA)
			readStderr(evB)
			run(t, l)
			require.Equal(t, strings.Repeat("y\n", 1000), string(evC.data[1]))
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, evC.process())
			for _, ev := range []*recorder{evA, evB} {
				require.Equal(t, []string{"spawn", "exit SIGPIPE", "close SIGPIPE"}, ev.process())
				require.Empty(t, string(ev.data[2]))
				require.Zero(t, ev.count("error"))
				if name == "kernel pipe" {
					require.Zero(t, ev.c.Stdout.BytesRead(), "no data passes through the parent")
				}
			}
		})
	}
}

//brood:checks S038 N038 N039
func TestAPipelineComputesWhatAShellsDoes(t *testing.T) {
	var input strings.Builder
	matching := 0
	for i := 0; input.Len() < 1<<20; i++ {
		line := fmt.Sprintf("line %d\n", i)
		if strings.Contains(line, "7") {
			matching += len(line)
		}
		input.WriteString(line)
	}
	for name, connect := range connections {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			a := spawn(t, l, "cat", nil, nil)
			b := connect(t, l, a, "grep", "7")
			c := connect(t, l, b, "wc", "-c")
			ev := events(c).reading()
			_, err := a.Stdin.WriteString(input.String())
			require.NoError(t, err)
			a.Stdin.End()
			for _, other := range []*child{a, b} {
				other.OnClose(func(s childprocess.ExitStatus) { require.True(t, s.Success(), "%v", s) })
			}
			run(t, l)
			require.Equal(t, matching, mustAtoi(t, string(ev.data[1])))
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
		})
	}
}

//brood:checks S038
func TestIfTheSecondCannotStartTheFirstIsEndedAndTheThirdSeesTheEnd(t *testing.T) {
	for name, connect := range connections {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			a := spawn(t, l, "yes", nil, nil)
			b := connect(t, l, a, "/does/not/exist")
			c := connect(t, l, b, "cat")
			evA, evB, evC := events(a), events(b), events(c).reading()
			run(t, l)
			require.Equal(t, []string{"error ENOENT", "close -2"}, evB.process())
			require.ErrorIs(t, evB.err, syscall.ENOENT)
			require.Equal(t, []string{"spawn", "exit SIGPIPE", "close SIGPIPE"}, evA.process())
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, evC.process())
			require.Empty(t, evC.data[1])
		})
	}
}

// Some refusals are returned by Spawn and are no event. Everything Owned is closed nevertheless.
//
//brood:checks S038
func TestIfTheSecondIsRefusedTheFirstIsEnded(t *testing.T) {
	l := newLoop(t)
	a := spawn(t, l, "yes", nil, nil)
	ev := events(a)
	_, err := childprocess.Spawn(l, "cat", []string{strings.Repeat("x", 32<<20)}, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Stream(a.Stdout).Owned()},
	})
	require.ErrorIs(t, err, syscall.E2BIG)
	spawnErr, is := errors.AsType[*childprocess.SpawnError](err)
	require.True(t, is)
	require.Equal(t, childprocess.StepArguments, spawnErr.Step)
	run(t, l)
	require.Equal(t, []string{"spawn", "exit SIGPIPE", "close SIGPIPE"}, ev.process())
}

//brood:checks S038
func TestTheDeathOfTheMiddleEndsBothNeighbours(t *testing.T) {
	for name, connect := range connections {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			a := spawn(t, l, "yes", nil, nil)
			b := connect(t, l, a, "cat")
			c := connect(t, l, b, "cat")
			evA, evB, evC := events(a), events(b), events(c)
			n := 0
			c.Stdout.OnData(func(chunk []byte) {
				if n == 0 {
					kill(t, b, syscall.SIGKILL)
				}
				n += len(chunk)
				require.Equal(t, len(chunk), bytes.Count(chunk, []byte("y"))+bytes.Count(chunk, []byte("\n")))
			})
			run(t, l)
			require.Equal(t, []string{"spawn", "exit SIGPIPE", "close SIGPIPE"}, evA.process())
			require.Equal(t, []string{"spawn", "exit SIGKILL", "close SIGKILL"}, evB.process())
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, evC.process())
			require.Equal(t, 1, evC.count("stdout end"))
		})
	}
}
