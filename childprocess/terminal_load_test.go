package childprocess_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// If nothing is read, the output waits in the terminal, and the program waits.
func TestMuchIsShownToAReaderThatPauses(t *testing.T) {
	size := int64(100 << 20)
	if testing.Short() {
		size = 4 << 20
	}
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", fmt.Sprintf("stty raw; head -c %d /dev/zero", size)}, ownTerminal(nil))
	ev := events(c)
	r := c.Terminal().Readable
	pauses := 0
	r.OnData(func(chunk []byte) {
		require.Empty(t, bytes.Trim(chunk, "\x00"))
		if r.BytesRead()/(1<<20) > int64(pauses) { // Once for each MiB.
			pauses++
			r.Pause()
			l.SetImmediate(r.Resume)
		}
	})
	run(t, l)
	require.Equal(t, size, r.BytesRead())
	require.NotZero(t, pauses)
	require.Equal(t, "close 0", ev.last())
}

// In raw mode, a terminal is a pipe in both directions: no byte has a meaning.
func TestBytesPassARawTerminal(t *testing.T) {
	var all []byte
	for n := range 64 << 10 {
		all = append(all, byte(n), byte(n>>8))
	}
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, _ childprocess.ExitWatch) {
		c := spawn(t, l, shell, []string{"-c", fmt.Sprintf("stty raw -echo; printf .; exec head -c %d", len(all))}, ownTerminal(nil))
		s := screenOf(c).types(".", string(all))
		run(t, l)
		s.done(t)
		require.True(t, s.text[1:] == string(all), "it differs")
		require.Equal(t, terminalEnds("0"), s.log)
	})
}

// Several signals may become one, but the program learns of the last size.
func TestAStormOfSizes(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, ownTerminal(nil), "terminal-size")
	s := screenOf(c).when("24×80\r\n", func() {
		for n := range uint16(2000) {
			require.NoError(t, c.Terminal().Resize(100+n%7, 1000+n))
		}
	}).types(fmt.Sprintf("%d×2999\r\n", 100+1999%7), "\n")
	run(t, l)
	s.done(t)
	require.Equal(t, terminalEnds("0"), s.log)
}

func TestManyTerminalsAtOnce(t *testing.T) {
	many := 300
	if testing.Short() {
		many = 50
	}
	noNewFDs(t)
	l := newLoop(t)
	var all []*screen
	ready := 0
	for range many {
		c, err := childprocess.Spawn(l, shell, []string{"-c", "echo ready; read x; echo got $x"}, ownTerminal(nil))
		if _, refused := errors.AsType[*childprocess.SpawnError](err); refused && errors.Is(err, syscall.ENOSPC) {
			t.Log("the system has no more terminals than ", len(all))
			break
		}
		require.NoError(t, err)
		s := screenOf(c)
		s.when("ready\r\n", func() {
			if ready++; ready == len(all) { // All of them run.
				for n, s := range all {
					_, err := s.child.Terminal().Writable.WriteString(fmt.Sprintln(n))
					require.NoError(t, err)
				}
			}
		}).when("got ", func() {})
		all = append(all, s)
	}
	run(t, l)
	for n, s := range all {
		s.done(t)
		require.True(t, strings.HasSuffix(s.text, fmt.Sprintf("got %d\r\n", n)), s.text)
		require.Equal(t, terminalEnds("0"), s.log)
	}
}

// Limits apply to the output of a terminal as to that of pipes.
func TestLimitsOfAChildOnATerminal(t *testing.T) {
	for name, c := range map[string]struct {
		o    childprocess.Options
		want error
	}{
		"IdleTimeout": {childprocess.Options{IdleTimeout: 100 * time.Millisecond}, childprocess.ErrIdle},
		"Timeout":     {childprocess.Options{Timeout: 100 * time.Millisecond}, childprocess.ErrTimeout},
		"StopWhen": {childprocess.Options{StopWhen: func(slot int, chunk []byte) bool {
			return slot == 1 && bytes.Contains(chunk, []byte("begin"))
		}}, childprocess.ErrEnough},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c.o.Stdio = childprocess.AllStdio(childprocess.PTY(nil))
			child := spawn(t, l, shell, []string{"-c", "echo begin; sleep 1000 & sleep 1000"}, &c.o)
			s := screenOf(child)
			ev := events(child)
			run(t, l)
			require.Equal(t, c.want, ev.status.Cause)
			require.Equal(t, terminalEnds("SIGTERM"), s.log)
			require.Equal(t, "begin\r\n", s.text)
		})
	}
}
