package childprocess_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// play performs the score of the given seed. Its other arguments start the grandchild that goes
	// on after it.
	helperproc.Register("play", func(args []string) {
		s := compose(check(strconv.ParseUint(args[0], 10, 64)))
		if s.hasGrandchild {
			startGrandchild(args[1:])
		}
		s.child.perform(s.seed, map[int]int{})
		if s.killed {
			check(0, unix.Kill(os.Getpid(), unix.SIGKILL))
		}
		helperproc.Exit(s.code)
	})

	// play-on is the grandchild of play. Its stdin ends when play has exited.
	helperproc.Register("play-on", func(args []string) {
		s := compose(check(strconv.ParseUint(args[0], 10, 64)))
		_, _ = unix.Read(0, make([]byte, 1)) // It may return anything.
		s.grandchild.perform(s.seed, s.child.written())
	})
}

// startGrandchild starts a program with our descriptors 1, 2 and 5. Its stdin is a pipe that ends
// when we exit.
func startGrandchild(argv []string) {
	var alive [2]int
	check(0, syscall.Pipe(alive[:])) // Nobody else forks here, so the rest can be done later.
	syscall.CloseOnExec(alive[0])
	syscall.CloseOnExec(alive[1])
	check(syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{
		Env:   []string{},
		Files: []uintptr{uintptr(alive[0]), 1, 2, ^uintptr(0), ^uintptr(0), 5},
	}))
	check(0, unix.Close(alive[0]))
}

// A score is a random life: the writes of a child, and perhaps of a grandchild, the descriptors
// that they close early, and the child's end. The test and both programs compute the same score
// from the seed.
type score struct {
	seed          uint64
	child         part
	hasGrandchild bool
	grandchild    part
	code          int
	killed        bool           // by SIGKILL, in place of the code
	listen        map[int]string // how the parent treats each stream
}

// The ways in which the parent of a score treats a stream.
const (
	atOnce  = "listens at once"
	atExit  = "listens in the exit callback"
	paused  = "has paused it"
	ignored = "never looks"
)

// A part is a sequence of notes.
type part []note

// A note writes a number of bytes to fd; -1 bytes close it.
type note struct{ fd, bytes int }

func compose(seed uint64) score {
	rnd := rand.New(rand.NewPCG(seed, 0))
	s := score{seed: seed, hasGrandchild: rnd.IntN(3) == 0, listen: map[int]string{}}
	most := map[int]int{}
	for _, fd := range []int{1, 2, 5} {
		s.listen[fd] = []string{atOnce, atOnce, atExit, paused, ignored}[rnd.IntN(5)]
		most[fd] = 1 << 20
		if s.listen[fd] != atOnce {
			// Nothing is read before the exit, so it has to fit into the kernel's buffers. A socket
			// holds far less than its buffer if the writes are small.
			most[fd] = 2048
		}
	}
	s.child = composePart(rnd, most)
	if s.hasGrandchild {
		s.grandchild = composePart(rnd, map[int]int{1: 1 << 20, 2: 1 << 20, 5: 1 << 20})
	}
	s.killed = rnd.IntN(4) == 0
	s.code = rnd.IntN(256)
	return s
}

func composePart(rnd *rand.Rand, most map[int]int) (p part) {
	open := []int{1, 2, 5}
	for range rnd.IntN(12) {
		if len(open) == 0 {
			break
		}
		i := rnd.IntN(len(open))
		fd := open[i]
		if rnd.IntN(8) == 0 {
			p = append(p, note{fd, -1})
			open = slices.Delete(open, i, i+1)
			continue
		}
		n := rnd.IntN(most[fd]/12 + 1)
		p = append(p, note{fd, n})
	}
	return p
}

// perform plays the part. offsets are the bytes already written, by descriptor.
func (p part) perform(seed uint64, offsets map[int]int) {
	for _, n := range p {
		if n.bytes < 0 {
			check(0, unix.Close(n.fd))
			continue
		}
		writeAll(n.fd, tune(seed, n.fd, offsets[n.fd], n.bytes))
		offsets[n.fd] += n.bytes
	}
}

// written returns the bytes that the part writes, by descriptor.
func (p part) written() map[int]int {
	sum := map[int]int{}
	for _, n := range p {
		sum[n.fd] += max(n.bytes, 0)
	}
	return sum
}

// tune is n bytes of descriptor fd, from an offset on.
func tune(seed uint64, fd, offset, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		x := uint64(offset+i)*0x9E3779B97F4A7C15 + seed + uint64(fd)<<32
		p[i] = byte(x >> 56)
	}
	return p
}

// total is the number of bytes that the parent must get on fd: those of the child, and those of the
// grandchild, which got its copies before the child closed any.
func (s score) total(fd int) int { return s.child.written()[fd] + s.grandchild.written()[fd] }

func (s score) ending() string {
	if s.killed {
		return "SIGKILL"
	}
	return strconv.Itoa(s.code)
}

//brood:checks S045
func TestRandomLivesEmitEverythingOnceAndInOrder(t *testing.T) {
	const lives, atATime = 60, 6
	l := newLoop(t)
	first := rand.Uint64()
	left := lives
	var next func()
	next = func() {
		if left == 0 {
			return
		}
		left--
		live(t, first+uint64(left), func(o *childprocess.Options, name string, args ...string) *childprocess.ChildProcess {
			c := startWith(t, l, o, name, args...)
			c.OnClose(func(childprocess.ExitStatus) { next() })
			return c
		})
	}
	for range atATime {
		next()
	}
	run(t, l)
	require.Zero(t, left)
}

// live starts the life of a seed and checks it at its close.
func live(t *testing.T, seed uint64, start func(o *childprocess.Options, name string, args ...string) *childprocess.ChildProcess) {
	s := compose(seed)
	what := fmt.Sprintf("score %d: %+v", seed, s)
	file, argv := helperproc.Command("play-on", strconv.FormatUint(seed, 10))
	o := &childprocess.Options{Stdio: []childprocess.Stdio{5: childprocess.Pipe}}
	c := start(o, "play", append([]string{strconv.FormatUint(seed, 10), file}, argv...)...)
	ev := events(c)
	got := map[int]*bytes.Buffer{}
	listen := func(fd int) {
		c.Stdio[fd].Readable.OnData(func(chunk []byte) {
			require.Zero(t, ev.count("close"), what)
			got[fd].Write(chunk)
		})
	}
	for fd, how := range s.listen {
		got[fd] = new(bytes.Buffer)
		switch how {
		case atOnce:
			listen(fd)
		case atExit:
			c.OnExit(func(childprocess.ExitStatus) { listen(fd) })
		case paused:
			c.Stdio[fd].Readable.Pause()
		}
	}
	c.OnClose(func(childprocess.ExitStatus) {
		if t.Failed() {
			return // The cleanup has killed it.
		}
		require.Equal(t, []string{"spawn", "exit " + s.ending(), "close " + s.ending()}, ev.process(), what)
		for fd, how := range s.listen {
			in := c.Stdio[fd].Readable
			require.EqualValues(t, s.total(fd), in.BytesRead(), "%d of %s", fd, what)
			require.Equal(t, 1, ev.count(slotName(fd)+" end"), "%d of %s: %q", fd, what, ev.Entries)
			require.Less(t, ev.index(slotName(fd)+" end"), ev.index("close"), what)
			if how == atOnce || how == atExit {
				require.True(t, bytes.Equal(tune(seed, fd, 0, s.total(fd)), got[fd].Bytes()), "%d of %s", fd, what)
			}
		}
	})
}

//brood:checks N009 N031 S045
func TestAllEventsOfAPlainLife(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "say", "1", "out", "2", "err")
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, "spawn", ev.Entries[0])
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	require.Equal(t, "out", string(ev.data[1]))
	require.Equal(t, "err", string(ev.data[2]))
	for _, name := range []string{"stdout", "stderr"} {
		require.Equal(t, 1, ev.count(name+" data"), "%q", ev.Entries)
		require.Less(t, ev.index(name+" data"), ev.index(name+" end"), "%q", ev.Entries)
		require.Less(t, ev.index(name+" end"), ev.index("close"), "%q", ev.Entries)
		require.Equal(t, 1, ev.count(name+" end"), "%q", ev.Entries)
		require.Equal(t, 1, ev.count(name+" close"), "%q", ev.Entries)
	}
	require.Equal(t, 1, ev.count("stdin close"), "%q", ev.Entries)
	require.Less(t, ev.index("exit"), ev.index("close"))
}

//brood:checks N009
func TestSpawnComesOnTheNextTickAndNotInsideTheCall(t *testing.T) {
	l := newLoop(t)
	var log []string
	note := func(entry string) func() { return func() { log = append(log, entry) } }
	l.SetImmediate(func() {
		l.NextTick(note("tick before"))
		c := start(t, l, "exit", "0")
		l.NextTick(note("tick after"))
		l.SetImmediate(note("immediate"))
		c.OnSpawn(note("spawn"))
		note("returned")()
	})
	run(t, l)
	require.Equal(t, []string{"returned", "tick before", "spawn", "tick after", "immediate"}, log)
}

// If no pipe is left, Node emits close right after exit, before the ticks that the exit callback
// queued.
//
//brood:checks S045
func TestCloseFollowsExitInTheSameCallbackWhenNothingElseIsOpen(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Ignore)}, "exit", "3")
	ev := events(c)
	c.OnExit(func(childprocess.ExitStatus) { l.NextTick(func() { ev.Add("tick") }) })
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 3", "close 3", "tick"}, ev.Entries)
}

// The child's own listeners are on its streams before the caller's can be.
//
//brood:checks S045
func TestCloseComesBeforeTheLastStreamTellsItsOwnListeners(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Ignore},
	}, "say", "1", "x")
	c.Stdout.Pause() // Until the exit.
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, "x", string(ev.data[1]))
	require.Less(t, ev.index("close"), ev.index("stdout close"), "%q", ev.Entries)
	require.Less(t, ev.index("stdout end"), ev.index("close"), "%q", ev.Entries)
}
