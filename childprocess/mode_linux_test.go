package childprocess_test

import (
	"encoding/json"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func init() {
	// modes writes to stderr whether each of stdin, stdout and stderr is in non-blocking mode.
	helperproc.Register("modes", func([]string) {
		var modes []bool
		for n := range 3 {
			modes = append(modes, check(describe(n)).Nonblock)
		}
		writeAll(2, check(json.Marshal(modes)))
	})

	// pass-on starts the program in its arguments with its own descriptors, which are in
	// non-blocking mode, and checks that they still are.
	helperproc.Register("pass-on", func(args []string) {
		for n := range 3 {
			check(0, unix.SetNonblock(n, true))
		}
		l := check(openLoop())
		check(childprocess.Spawn(l, args[0], args[1:], &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Inherit)}))
		check(0, l.Run())
		for n := range 3 {
			if !check(describe(n)).Nonblock {
				fail(syscall.EINVAL)
			}
		}
	})
}

// rawTerminal returns the two sides of a pseudo-terminal.
func rawTerminal(t testing.TB) (master, slave int) {
	t.Helper()
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	require.NoError(t, unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetUint32(master, unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err = unix.Open("/dev/pts/"+strconv.Itoa(int(n)), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	return master, slave
}

// A descriptor that is lent or Owned keeps its mode for all who share it, in every form and slot.
//
//brood:checks S024
func TestTheModeOfASharedDescriptorStays(t *testing.T) {
	for _, c := range []struct {
		kind  string
		make  func(t testing.TB) (n, other int)
		child bool // whether the child finds it in non-blocking mode, too
	}{
		{"pipe", func(t testing.TB) (n, other int) { r, w := rawPipe(t); return w, r }, false},
		{"terminal", func(t testing.TB) (n, other int) { m, s := rawTerminal(t); return s, m }, false},
		{"socket", rawSocketPair, true},
	} {
		for name, form := range map[string]func(l *reactor.Loop, n int) (s childprocess.Stdio, release func()){
			"FD": func(_ *reactor.Loop, n int) (childprocess.Stdio, func()) {
				return childprocess.FD(n), func() { unix.Close(n) }
			},
			"File": func(_ *reactor.Loop, n int) (childprocess.Stdio, func()) {
				f := os.NewFile(uintptr(n), "file")
				return childprocess.File(f), func() { f.Close() }
			},
			"foreign stream": func(_ *reactor.Loop, n int) (childprocess.Stdio, func()) {
				return childprocess.Stream(plainStream(n)), func() { unix.Close(n) }
			},
			"Writable": func(l *reactor.Loop, n int) (childprocess.Stdio, func()) {
				w := check(streams.NewWritable(l, n, nil))
				return childprocess.Stream(w), func() { w.Destroy(nil) }
			},
		} {
			for _, owned := range []bool{false, true} {
				for _, slot := range []int{0, 1, 3} {
					t.Run(c.kind+" "+name+" owned "+strconv.FormatBool(owned)+" slot "+strconv.Itoa(slot), func(t *testing.T) {
						l := newLoop(t)
						n, other := c.make(t)
						defer unix.Close(other)
						require.NoError(t, unix.SetNonblock(n, true))
						others, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 0)
						require.NoError(t, err)
						defer unix.Close(others)
						stdio := make([]childprocess.Stdio, 5)
						stdio[4] = childprocess.Pipe
						s, release := form(l, n)
						stdio[slot] = s
						if owned {
							stdio[slot] = s.Owned()
						}
						open := layoutOf(t, l, stdio, 4)
						if !owned {
							release()
							run(t, l)
						}
						require.True(t, mustDescribe(t, others).Nonblock, "others have it too")
						if slot < 3 {
							require.Equal(t, c.child, open[slot].Nonblock)
						}
						require.Equal(t, mustDescribe(t, others).same(), open[slot].same())
					})
				}
			}
		}
	}
}

//brood:checks S024
func TestInheritedDescriptorsKeepTheParentsMode(t *testing.T) {
	l := newLoop(t)
	file, argv := helperproc.Command("modes")
	c := startWith(t, l, nil, "pass-on", append([]string{file}, argv...)...)
	ev := events(c).reading()
	run(t, l)
	require.True(t, ev.status.Success(), "%s", ev.data[2])
	require.Equal(t, "[false,false,false]", string(ev.data[2]))
}

// If the description of a net.Listener were put into blocking mode, Accept, and so Close, would
// hang.
//
//brood:checks S024
func TestListenerThatAChildHasIsUsedOn(t *testing.T) {
	for slot := range 5 {
		l := newLoop(t)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		f, err := ln.(*net.TCPListener).File()
		require.NoError(t, err)
		stdio := make([]childprocess.Stdio, 6)
		stdio[slot], stdio[5] = childprocess.File(f), childprocess.Pipe
		layoutOf(t, l, stdio, 5)
		require.NoError(t, f.Close())

		require.NoError(t, ln.(*net.TCPListener).SetDeadline(time.Now().Add(time.Millisecond)))
		_, err = ln.Accept()
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, ln.Close())
	}
}
