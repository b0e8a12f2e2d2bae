package childprocess_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func init() {
	// layout writes a description of each of its descriptors, as JSON, to the descriptor in its
	// first argument. Before that, it writes to each descriptor in its other arguments the number
	// of that descriptor.
	helperproc.Register("layout", func(args []string) {
		open := map[int]what{}
		for fd := range leakcheck.Inheritable() {
			open[fd] = check(describe(fd))
		}
		for _, arg := range args[1:] {
			writeAll(check(strconv.Atoi(arg)), []byte(arg+";"))
		}
		writeAll(check(strconv.Atoi(args[0])), check(json.Marshal(open)))
	})

	// echo-slots reads each of the descriptors in its arguments to the end and writes the bytes
	// back.
	helperproc.Register("echo-slots", func(args []string) {
		for _, arg := range args {
			fd := check(strconv.Atoi(arg))
			in := os.NewFile(uintptr(fd), arg)
			writeAll(fd, append([]byte(arg+": "), check(io.ReadAll(in))...))
		}
	})

	// serve listens on descriptor 3, a bound socket, writes to stdout that it does, and writes its
	// pid to the first connection.
	helperproc.Register("serve", func([]string) {
		check(0, unix.Listen(3, 1))
		writeAll(1, []byte{'r'})
		fd, _, err := unix.Accept(3)
		writeAll(check(fd, err), []byte(strconv.Itoa(os.Getpid())))
	})
}

// what describes the object that a descriptor refers to.
type what struct {
	Dev, Ino, Rdev uint64
	Type           uint32 // S_IFIFO…
	Access         int    // O_RDONLY…
	Nonblock       bool
}

func describe(fd int) (what, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return what{}, err
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return what{
		Dev: uint64(st.Dev), Ino: st.Ino, Rdev: uint64(st.Rdev), Type: uint32(st.Mode) & unix.S_IFMT,
		Access: flags & unix.O_ACCMODE, Nonblock: flags&unix.O_NONBLOCK != 0,
	}, err
}

// same is describe without the properties of the open file description, which two descriptors may
// not share.
func (w what) same() what {
	w.Access, w.Nonblock = 0, false
	return w
}

func mustDescribe(t testing.TB, fd int) what {
	t.Helper()
	w, err := describe(fd)
	require.NoError(t, err, "descriptor %d", fd)
	return w
}

// layoutOf starts a child that describes its descriptors on slot report. Descriptors that this
// process was started with, and passes on to every child, are left out. The child writes tokens,
// see the helper.
func layoutOf(t testing.TB, l *reactor.Loop, stdio []childprocess.Stdio, report int, tokens ...string) map[int]what {
	t.Helper()
	c := startWith(t, l, &childprocess.Options{Stdio: stdio}, "layout", append([]string{strconv.Itoa(report)}, tokens...)...)
	ev := events(c).reading()
	run(t, l)
	require.True(t, ev.status.Success(), "%v: %s", ev.status, ev.data[2])
	var open map[int]what
	require.NoError(t, json.Unmarshal(ev.data[report], &open), "%s", ev.data)
	for fd := range leakcheck.Inheritable() {
		if fd >= len(stdio) && fd > 2 {
			delete(open, fd)
		}
	}
	return open
}

//brood:checks S019
func TestOnlyTheSlotsGivenAreOpen(t *testing.T) {
	l := newLoop(t)
	open := layoutOf(t, l, []childprocess.Stdio{
		0: childprocess.Ignore, 1: childprocess.Pipe, 2: childprocess.Pipe,
		3: childprocess.Pipe, 5: childprocess.Pipe, 7: childprocess.Ignore, 9: childprocess.Pipe,
	}, 9)
	require.Equal(t, []int{0, 1, 2, 3, 5, 9}, slices.Sorted(maps.Keys(open)))
	for _, slot := range []int{3, 5, 9} {
		require.Equal(t, uint32(unix.S_IFSOCK), open[slot].Type, slot)
	}
}

//brood:checks S019
func TestSlotsAboveTwoCarryDataBothWays(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{
		Stdio: []childprocess.Stdio{3: childprocess.Pipe, 5: childprocess.Pipe, 9: childprocess.Pipe},
	}, "echo-slots", "3", "5", "9")
	ev := events(c).reading()
	for _, slot := range []int{3, 5, 9} {
		_, err := c.Stdio[slot].Writable.WriteString(fmt.Sprint("to ", slot))
		require.NoError(t, err)
		c.Stdio[slot].Writable.End()
	}
	run(t, l)
	require.True(t, ev.status.Success(), "%s", ev.data[2])
	for _, slot := range []int{3, 5, 9} {
		require.Equal(t, fmt.Sprintf("%d: to %d", slot, slot), string(ev.data[slot]))
		name := slotName(slot)
		require.Equal(t, 1, ev.count(name+" end"), "%q", ev.Entries)
		require.Equal(t, 1, ev.count(name+"w finish"), "%q", ev.Entries)
		require.Equal(t, 1, ev.count(name+"w close"), "%q", ev.Entries)
	}
	require.Len(t, c.Stdio, 10)
	require.Equal(t, childprocess.StdioStream{}, c.Stdio[4])
}

//brood:checks S020
func TestChildSeesOnlyItsLayout(t *testing.T) {
	l := newLoop(t)
	// Everything that a busy program has open.
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer file.Close()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	other := newLoop(t)
	other.FD() // With the alarm's descriptor.
	require.NoError(t, childprocess.SetExitWatch(other, childprocess.ExitWatchSIGCHLD))
	l.SetTimeout(time.Hour, func() {}).Unref()
	var living []*childprocess.ChildProcess
	for i := range 10 {
		on := []*reactor.Loop{l, other}[i%2]
		living = append(living, startWith(t, on, &childprocess.Options{Stdio: []childprocess.Stdio{4: childprocess.Pipe}}, "wait"))
	}

	c := startWith(t, l, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Ignore, 5: childprocess.Pipe},
	}, "layout", "1")
	var open map[int]what
	c.Stdout.Collect(-1, func(data []byte, err error) {
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &open), "%s", data)
		for _, c := range living {
			c.Stdin.End()
		}
	})
	run(t, l)
	run(t, other)
	require.Equal(t, []int{0, 1, 2, 5}, slices.Sorted(maps.Keys(open)))
}

//brood:checks S023
func TestBoundSocketIsServedByTheChild(t *testing.T) {
	l := newLoop(t)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	unix.CloseOnExec(fd)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	name, err := unix.Getsockname(fd)
	require.NoError(t, err)
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)

	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.FD(fd)}}, "serve")
	ev := events(c).reading()
	var dialed sync.WaitGroup
	var greeting string
	c.Stdout.OnData(func([]byte) {
		dialed.Go(func() { // It ends with the child, for which this test waits.
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				return
			}
			defer conn.Close()
			text, _ := io.ReadAll(conn) // The test finds a wrong text.
			greeting = string(text)
		})
	})
	run(t, l)
	dialed.Wait()
	require.True(t, ev.status.Success(), "%v: %s", ev.status, ev.data[2])
	require.Equal(t, strconv.Itoa(c.Pid()), greeting)

	// Our descriptor is borrowed: still open, and usable.
	require.NoError(t, unix.Listen(fd, 1))
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, unix.Close(fd))
}

// pipeSource is a pipe whose writing end is given to children, in one of the ways.
type pipeSource struct {
	r      int // its reading end
	fd     int // its writing end, at a number that may be any
	file   *os.File
	stream *streams.Writable
	want   map[string]int // tokens that children must write, and their number
}

// makeSources returns pipes whose writing ends have random numbers. Some are low, so they are in
// each other's way when the child's descriptors are put in place.
func makeSources(t testing.TB, l *reactor.Loop, rnd *rand.Rand, n int) []*pipeSource {
	t.Helper()
	var list []*pipeSource
	for range n {
		var p [2]int
		require.NoError(t, unix.Pipe(p[:]))
		unix.CloseOnExec(p[0])
		unix.CloseOnExec(p[1])
		fd, err := unix.FcntlInt(uintptr(p[1]), unix.F_DUPFD_CLOEXEC, 3+rnd.IntN(30))
		require.NoError(t, err)
		require.NoError(t, unix.Close(p[1]))
		s := &pipeSource{r: p[0], fd: fd, want: map[string]int{}}
		switch rnd.IntN(3) {
		case 0:
			s.file = os.NewFile(uintptr(fd), "source")
		case 1:
			require.NoError(t, unix.SetNonblock(fd, true))
			s.stream, err = streams.NewWritable(l, fd, nil)
			require.NoError(t, err)
		}
		list = append(list, s)
	}
	return list
}

func (s *pipeSource) stdio() childprocess.Stdio {
	switch {
	case s.file != nil:
		return childprocess.File(s.file)
	case s.stream != nil:
		return childprocess.Stream(s.stream)
	}
	return childprocess.FD(s.fd)
}

// finish closes the source and returns the tokens that were written to it.
func (s *pipeSource) finish(t testing.TB) map[string]int {
	t.Helper()
	switch {
	case s.file != nil:
		require.NoError(t, s.file.Close())
	case s.stream != nil:
		s.stream.Destroy(nil)
	default:
		require.NoError(t, unix.Close(s.fd))
	}
	r := os.NewFile(uintptr(s.r), "source")
	defer r.Close()
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	tokens := map[string]int{}
	for token := range strings.SplitSeq(string(text), ";") {
		if token != "" {
			tokens[token]++
		}
	}
	return tokens
}

// TestAnyLayoutIsMadeAsAsked gives children random sources in a random order, also one source in
// several slots, and lets them describe their descriptors.
//
//brood:checks S018 S022
func TestAnyLayoutIsMadeAsAsked(t *testing.T) {
	const layouts = 60
	for i := range layouts {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed %#x", seed), func(t *testing.T) { randomLayout(t, rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
}

func randomLayout(t *testing.T, rnd *rand.Rand) {
	noNewFDs(t)
	l := newLoop(t)
	sources := makeSources(t, l, rnd, 1+rnd.IntN(5))
	stdio := make([]childprocess.Stdio, 3+rnd.IntN(20))
	want := map[int]what{}
	var tokens []string
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	for slot := range stdio {
		switch n := rnd.IntN(10); {
		case n < 5:
			s := sources[rnd.IntN(len(sources))]
			stdio[slot] = s.stdio()
			want[slot] = mustDescribe(t, s.fd).same()
			token := strconv.Itoa(slot)
			tokens = append(tokens, token)
			s.want[token]++
		case n < 6:
			stdio[slot] = childprocess.Ignore
			if slot < 3 {
				want[slot] = mustDescribe(t, int(null.Fd())).same()
			}
		case n < 7 && slot < 3:
			stdio[slot] = childprocess.Inherit
			want[slot] = mustDescribe(t, slot).same()
		case n < 8:
			stdio[slot] = childprocess.Pipe
			want[slot] = what{}
		case slot < 3:
			want[slot] = what{} // A pipe by default.
		}
	}
	report := len(stdio)
	stdio = append(stdio, childprocess.Pipe)
	want[report] = what{}

	open := layoutOf(t, l, stdio, report, tokens...)
	require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(open)), "open descriptors")
	for slot, got := range open {
		if want[slot] != (what{}) {
			require.Equal(t, want[slot], got.same(), "slot %d", slot)
			continue
		}
		if slot > 2 {
			require.Equal(t, what{Type: unix.S_IFSOCK, Access: unix.O_RDWR}, what{Type: got.Type, Access: got.Access}, "slot %d", slot)
			continue
		}
		access := unix.O_WRONLY
		if slot == 0 {
			access = unix.O_RDONLY
		}
		require.Equal(t, what{Type: unix.S_IFIFO, Access: access}, what{Type: got.Type, Access: got.Access}, "slot %d", slot)
	}
	for _, s := range sources {
		require.Equal(t, s.want, s.finish(t))
	}
	run(t, l)
}
