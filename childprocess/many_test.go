package childprocess_test

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

//brood:checks S042
func TestTenBatchesOfTenShortChildren(t *testing.T) {
	l := newLoop(t)
	exits, closes := 0, 0
	for batch := range 10 {
		l.SetImmediate(func() {
			for i := range 10 {
				code := 10*batch + i
				c := start(t, l, "exit", strconv.Itoa(code))
				c.OnExit(func(s childprocess.ExitStatus) {
					exits++
					require.Equal(t, code, s.Code)
				})
				c.OnClose(func(s childprocess.ExitStatus) {
					closes++
					require.Equal(t, code, s.Code)
				})
			}
		})
	}
	run(t, l)
	require.Equal(t, 100, exits)
	require.Equal(t, 100, closes)
}

//brood:checks S043
func TestTwoChildrenThatEndInTheSameInstant(t *testing.T) {
	l := newLoop(t)
	for range 20 {
		// Both wait for the end of one pipe.
		gate := newGate(t)
		a := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{childprocess.File(gate.wait)}}, "after", "0", "a")
		b := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{childprocess.File(gate.wait)}}, "after", "0", "b")
		evA, evB := events(a).reading(), events(b).reading()
		spawned := 0
		for _, c := range []*childprocess.ChildProcess{a, b} {
			c.OnSpawn(func() {
				if spawned++; spawned == 2 {
					gate.open()
				}
			})
		}
		run(t, l)
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, evA.process())
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, evB.process())
		require.Equal(t, "a", string(evA.data[1]))
		require.Equal(t, "b", string(evB.data[1]))
	}
}

//brood:checks S043
func TestAnExitAmidFailingSpawns(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "wait")
	ev := events(c)
	failed := 0
	fail := func() {
		f := spawn(t, l, "/does/not/exist", nil, nil)
		evF := events(f)
		f.OnClose(func(childprocess.ExitStatus) {
			failed++
			require.Equal(t, []string{"error ENOENT", "close -2"}, evF.process())
		})
	}
	for range 50 {
		fail()
	}
	c.Stdin.End()
	l.SetImmediate(func() {
		for range 50 {
			fail()
		}
	})
	run(t, l)
	require.Equal(t, 100, failed)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

//brood:checks S042
func TestTwoLoopsOnTwoGoroutines(t *testing.T) {
	const children = 100
	loops := []*reactor.Loop{newLoop(t), newLoop(t)}
	type life struct {
		want, got string
		log       []string
	}
	lives := make([][]*life, len(loops))
	var running sync.WaitGroup
	for i, l := range loops {
		// Each goroutine ends with its loop and is waited for below. It only records, because
		// require must run on the test's goroutine.
		running.Go(func() {
			left := children
			var next func()
			next = func() {
				if left == 0 {
					return
				}
				left--
				text := strconv.Itoa(i) + " " + strconv.Itoa(left)
				life := &life{want: text + "\n"}
				lives[i] = append(lives[i], life)
				c, err := childprocess.Spawn(l, shell, []string{"-c", "echo " + text + "; exit " + strconv.Itoa(left)}, nil)
				if err != nil {
					life.log = append(life.log, err.Error())
					return
				}
				code := left
				var out bytes.Buffer
				c.Stdout.OnData(func(chunk []byte) { out.Write(chunk) })
				c.OnExit(func(s childprocess.ExitStatus) {
					if s.Code == code {
						life.log = append(life.log, "exit")
					}
				})
				c.OnClose(func(childprocess.ExitStatus) {
					life.log = append(life.log, "close")
					life.got = out.String()
					next()
				})
			}
			for range 10 {
				next()
			}
			if err := l.Run(); err != nil {
				lives[i] = append(lives[i], &life{log: []string{err.Error()}})
			}
		})
	}
	running.Wait()
	for i := range loops {
		require.Len(t, lives[i], children)
		for _, life := range lives[i] {
			require.Equal(t, life.want, life.got)
			require.Equal(t, []string{"exit", "close"}, life.log, life.want)
		}
	}
}

// gate is a pipe for whose end several children can wait.
type gate struct {
	wait *os.File
	open func()
}

func newGate(t testing.TB) gate {
	t.Helper()
	wait, hold, err := os.Pipe()
	require.NoError(t, err)
	open := sync.OnceFunc(func() { require.NoError(t, hold.Close()) })
	t.Cleanup(func() {
		open()
		require.NoError(t, wait.Close())
	})
	return gate{wait, open}
}
