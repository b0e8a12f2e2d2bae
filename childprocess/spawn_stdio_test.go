package childprocess_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func init() {
	// take copies the number of bytes in its argument from stdin to stdout, and reads no more.
	helperproc.Register("take", func(args []string) {
		left := check(strconv.Atoi(args[0]))
		var one [1]byte
		for ; left > 0; left-- {
			if check(unix.Read(0, one[:])) == 0 {
				fail(io.ErrUnexpectedEOF)
			}
			writeAll(1, one[:])
		}
	})

	// use-null reads stdin to the end, writes to stdout and stderr, and writes the results to
	// descriptor 3.
	helperproc.Register("use-null", func([]string) {
		in := check(io.ReadAll(os.Stdin))
		text := []byte("nobody reads this")
		fmt.Fprint(os.NewFile(3, "3"), len(in), check(unix.Write(1, text)), check(unix.Write(2, text)))
	})

	// no-null starts a program on a system without a null device, and writes the error event.
	helperproc.Register("no-null", func(args []string) {
		check(0, unix.Chroot(args[0]))
		l := check(openLoop())
		ev := events(check(childprocess.Spawn(l, "/program", nil, &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Ignore)})))
		check(0, l.Run())
		writeAll(1, []byte(ev.err.Error()+"\n"+strings.Join(ev.Entries, ", ")))
	})

	// swap starts the program in its arguments with its own stderr as stdout and its own stdout as
	// stderr, and then uses its own unchanged.
	helperproc.Register("swap", func(args []string) {
		l := check(openLoop())
		check(childprocess.Spawn(l, args[0], args[1:], &childprocess.Options{
			Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.FD(2), childprocess.FD(1)},
		}))
		check(0, l.Run())
		writeAll(1, []byte(" own-out"))
		writeAll(2, []byte(" own-err"))
	})

	// inherit starts the program in its arguments with its own descriptors.
	helperproc.Register("inherit", func(args []string) {
		l := check(openLoop())
		check(childprocess.Spawn(l, args[0], args[1:], &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Inherit)}))
		check(0, l.Run())
	})
}

// isStill reports whether a number means the same as before: if SIGCHLD is watched, a closed number
// is soon reused.
func isStill(fd int, was what) bool {
	is, err := describe(fd)
	return err == nil && is == was
}

// rawPipe returns both ends of a pipe as descriptors in blocking mode.
func rawPipe(t testing.TB) (r, w int) {
	t.Helper()
	var p [2]int
	syscall.ForkLock.RLock() // Not every system has pipe2(2).
	defer syscall.ForkLock.RUnlock()
	require.NoError(t, unix.Pipe(p[:]))
	unix.CloseOnExec(p[0])
	unix.CloseOnExec(p[1])
	return p[0], p[1]
}

// rawSocketPair is rawPipe for stream sockets.
func rawSocketPair(t testing.TB) (a, b int) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	unix.CloseOnExec(p[0])
	unix.CloseOnExec(p[1])
	return p[0], p[1]
}

// readable and writable make streams, which own the descriptor.
func readable(t testing.TB, l *reactor.Loop, fd int) *streams.Readable {
	t.Helper()
	require.NoError(t, unix.SetNonblock(fd, true))
	r, err := streams.NewReadable(l, fd, nil)
	require.NoError(t, err)
	return r
}

func writable(t testing.TB, l *reactor.Loop, fd int) *streams.Writable {
	t.Helper()
	require.NoError(t, unix.SetNonblock(fd, true))
	w, err := streams.NewWritable(l, fd, nil)
	require.NoError(t, err)
	return w
}

// collect reads r to its end; the bytes are in the result when the loop has run.
func collect(t testing.TB, r *streams.Readable) *string {
	text := new(string)
	r.Collect(-1, func(data []byte, err error) {
		require.NoError(t, err)
		*text = string(data)
	})
	return text
}

//brood:checks S016 N030
func TestIgnoredDescriptorsAreTheNullDevice(t *testing.T) {
	l := newLoop(t)
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	open := layoutOf(t, l, append(childprocess.AllStdio(childprocess.Ignore), childprocess.Pipe), 3)
	for fd, access := range map[int]int{0: unix.O_RDONLY, 1: unix.O_RDWR, 2: unix.O_RDWR} {
		want := mustDescribe(t, int(null.Fd()))
		want.Access = access
		require.Equal(t, want, open[fd], fd)
	}

	c := startWith(t, l, &childprocess.Options{Stdio: append(childprocess.AllStdio(childprocess.Ignore), childprocess.Pipe)}, "use-null")
	require.Nil(t, c.Stdin)
	require.Nil(t, c.Stdout)
	require.Nil(t, c.Stderr)
	require.Equal(t, make([]childprocess.StdioStream, 3), c.Stdio[:3])
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	require.Equal(t, "0 17 17", string(ev.data[3]))
}

//brood:checks N025 N030
func TestShortStdioIsPaddedWithPipes(t *testing.T) {
	for _, stdio := range [][]childprocess.Stdio{nil, {}, {childprocess.Pipe}, {{}, childprocess.Pipe}, {{}, {}, {}}} {
		l := newLoop(t)
		c := startWith(t, l, &childprocess.Options{Stdio: stdio}, "cat")
		require.Len(t, c.Stdio, 3)
		require.NotNil(t, c.Stdin)
		require.NotNil(t, c.Stdout)
		require.NotNil(t, c.Stderr)
		_, err := c.Stdin.WriteString("text")
		require.NoError(t, err)
		c.Stdin.End()
		require.Equal(t, "text", output(t, l, c))
	}
}

//brood:checks S017
func TestFileTakesTheOutput(t *testing.T) {
	for name, stdio := range map[string]func(f *os.File) []childprocess.Stdio{
		"File": func(f *os.File) []childprocess.Stdio {
			return []childprocess.Stdio{1: childprocess.File(f), 2: childprocess.File(f)}
		},
		"FD": func(f *os.File) []childprocess.Stdio { return []childprocess.Stdio{1: fdOf(t, f), 2: fdOf(t, f)} },
		"File and FD": func(f *os.File) []childprocess.Stdio {
			return []childprocess.Stdio{1: childprocess.File(f), 2: fdOf(t, f)}
		},
		"only stdout": func(f *os.File) []childprocess.Stdio { return []childprocess.Stdio{1: childprocess.File(f)} },
		"stdout and 3": func(f *os.File) []childprocess.Stdio {
			return []childprocess.Stdio{1: childprocess.File(f), 3: childprocess.File(f)}
		},
		"stdin, stdout": func(f *os.File) []childprocess.Stdio {
			return []childprocess.Stdio{childprocess.File(f), childprocess.File(f)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			path := filepath.Join(t.TempDir(), "file")
			f, err := os.Create(path)
			require.NoError(t, err)
			defer f.Close()
			_, err = f.WriteString("before ")
			require.NoError(t, err)
			slots := stdio(f)
			var say, want []string
			for fd, s := range slots {
				if fd > 0 && s != (childprocess.Stdio{}) {
					text := fmt.Sprint("by ", fd, " ")
					say = append(say, strconv.Itoa(fd), text)
					want = append(want, text)
				}
			}
			c := startWith(t, l, &childprocess.Options{Stdio: slots}, "say", append(say, "1", "and 1 ")...)
			output(t, l, c)
			_, err = f.WriteString("after") // The file is still ours, and the offset was shared.
			require.NoError(t, err)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "before "+strings.Join(want, "")+"and 1 after", string(text))
		})
	}
}

// fdOf gives a child the descriptor of f without f.Fd, which would change the mode.
func fdOf(t testing.TB, f *os.File) (s childprocess.Stdio) {
	t.Helper()
	conn, err := f.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, conn.Control(func(fd uintptr) { s = childprocess.FD(int(fd)) }))
	return s
}

//brood:checks S018
func TestStdoutAndStderrCanBeSwapped(t *testing.T) {
	l := newLoop(t)
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "out"))
	require.NoError(t, err)
	defer out.Close()
	errs, err := os.Create(filepath.Join(dir, "err"))
	require.NoError(t, err)
	defer errs.Close()
	file, argv := helperproc.Command("say", "1", "child-out", "2", "child-err")
	c := startWith(t, l, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.File(out), childprocess.File(errs)},
	}, "swap", append([]string{file}, argv...)...)
	output(t, l, c)
	for name, want := range map[string]string{"out": "child-err own-out", "err": "child-out own-err"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, want, string(text), name)
	}
}

//brood:checks S021
func TestPipesOfTheParentCarryEveryByteValue(t *testing.T) {
	l := newLoop(t)
	inR, inW := rawPipe(t)
	outR, outW := rawPipe(t)
	in, out := mustDescribe(t, inR), mustDescribe(t, outW)
	c := startWith(t, l, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.FD(inR).Owned(), childprocess.FD(outW).Owned()},
	}, "cat")
	require.False(t, isStill(inR, in))
	require.False(t, isStill(outW, out))
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	to, from := writable(t, l, inW), readable(t, l, outR)
	text := collect(t, from)
	_, err := to.Write(all[:])
	require.NoError(t, err)
	to.End()
	ev := events(c).reading()
	run(t, l)
	require.True(t, ev.status.Success(), "%s", ev.data[2])
	require.Equal(t, string(all[:]), *text)
}

//brood:checks S022
func TestOneDescriptorInSeveralSlots(t *testing.T) {
	for _, slots := range [][]int{{0, 1}, {0, 2}, {1, 2}, {0, 1, 2}, {0, 1, 2, 3, 5}} {
		for _, owned := range []bool{false, true} {
			t.Run(fmt.Sprint(slots, " owned ", owned), func(t *testing.T) {
				l := newLoop(t)
				ours, theirs := rawSocketPair(t)
				want := mustDescribe(t, theirs)
				stdio := append(childprocess.AllStdio(childprocess.Ignore), make([]childprocess.Stdio, 6)...)
				for _, slot := range slots {
					stdio[slot] = childprocess.FD(theirs)
					if owned {
						stdio[slot] = stdio[slot].Owned()
					}
				}
				stdio[8] = childprocess.Pipe
				open := layoutOf(t, l, stdio, 8, strconv.Itoa(slots[len(slots)-1]))
				for _, slot := range slots {
					require.Equal(t, want, open[slot], slot)
				}
				require.Equal(t, !owned, isStill(theirs, want))
				if !owned {
					require.NoError(t, unix.Close(theirs))
				}
				text := collect(t, readable(t, l, ours))
				run(t, l)
				require.Equal(t, strconv.Itoa(slots[len(slots)-1])+";", *text)
			})
		}
	}
}

// squatter is a stream that, when it is destroyed, opens a file at a certain number, as another
// goroutine could.
type squatter struct{ file, fd int }

func (s squatter) FD() int { return s.file }

func (s squatter) Destroy(error) {
	if _, err := unix.FcntlInt(uintptr(s.file), unix.F_DUPFD_CLOEXEC, s.fd); err != nil {
		panic(err)
	}
}

//brood:checks S022
func TestOwnedDescriptorInTwoSlotsIsClosedOnce(t *testing.T) {
	l := newLoop(t)
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	r, w := rawPipe(t)
	defer unix.Close(r)
	fd, err := unix.FcntlInt(uintptr(w), unix.F_DUPFD_CLOEXEC, 100)
	require.NoError(t, err)
	defer unix.Close(w)
	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{
		childprocess.Ignore,
		childprocess.FD(fd).Owned(),
		childprocess.FD(fd).Owned(),
		childprocess.Stream(squatter{int(null.Fd()), fd}).Owned(),
		childprocess.FD(fd).Owned(),
	}}, "exit", "0")
	require.True(t, isOpen(fd), "somebody else's descriptor was closed")
	require.NoError(t, unix.Close(fd))
	output(t, l, c)
}

//brood:checks S024
func TestChildsDescriptorsAreInBlockingMode(t *testing.T) {
	l := newLoop(t)
	r, w, err := os.Pipe() // In Go, both are in non-blocking mode.
	require.NoError(t, err)
	defer r.Close()
	ourR, ourW := rawPipe(t)
	stream := writable(t, l, ourW)
	a, b := rawSocketPair(t)
	require.NoError(t, unix.SetNonblock(a, true))
	duplex, err := streams.NewDuplex(l, a, nil)
	require.NoError(t, err)
	other := newLoop(t)
	c := start(t, other, "wait")
	open := layoutOf(t, l, []childprocess.Stdio{
		5: childprocess.Pipe, 6: childprocess.File(w), 7: childprocess.Stream(stream),
		8: childprocess.Stream(duplex), 9: childprocess.Stream(c.Stdout), 10: childprocess.Stream(c.Stdin), 11: childprocess.Pipe,
	}, 5)
	for _, slot := range []int{0, 1, 2, 5, 6, 7, 8, 9, 10, 11} {
		require.Contains(t, open, slot)
		// A socket that others may share keeps its mode.
		require.Equal(t, slot == 8, open[slot].Nonblock, "slot %d", slot)
	}
	require.NoError(t, w.Close())
	stream.Destroy(nil)
	duplex.Destroy(nil)
	require.NoError(t, unix.Close(ourR))
	require.NoError(t, unix.Close(b))
	run(t, l)
	c.Stdin.End()
	c.Stdout.Resume()
	require.Equal(t, "r", output(t, other, c))
}

//brood:checks S024
func TestStandardDescriptorsAreMadeBlocking(t *testing.T) {
	l := newLoop(t)
	// In blocking mode for the child, not for those who share them with us. Above 2 the mode is not
	// changed, as in Node.
	for slot, want := range map[int]bool{0: false, 1: false, 2: false, 3: true} {
		r, w := rawPipe(t)
		require.NoError(t, unix.SetNonblock(w, true))
		stdio := make([]childprocess.Stdio, 5)
		stdio[slot] = childprocess.FD(w)
		stdio[4] = childprocess.Pipe
		open := layoutOf(t, l, stdio, 4)
		require.Equal(t, want, open[slot].Nonblock, slot)
		require.True(t, mustDescribe(t, w).Nonblock, "ours")
		require.NoError(t, unix.Close(r))
		require.NoError(t, unix.Close(w))
	}
}

//brood:checks S025
func TestStandardPipesAreFIFOsThatCanBeOpenedAgain(t *testing.T) {
	l := newLoop(t)
	open := layoutOf(t, l, []childprocess.Stdio{3: childprocess.Pipe}, 3)
	for fd, access := range map[int]int{0: unix.O_RDONLY, 1: unix.O_WRONLY, 2: unix.O_WRONLY} {
		require.Equal(t, uint32(unix.S_IFIFO), open[fd].Type, fd)
		require.Equal(t, access, open[fd].Access, fd)
	}
	for command, want := range map[string][2]string{
		"cat /dev/stdin":                        {"text", ""},
		"echo text >/dev/stdout":                {"text\n", ""},
		"tee /dev/stderr":                       {"text", "text"},
		"cat </dev/fd/0 >/dev/fd/1 2>/dev/fd/2": {"text", ""},
	} {
		c := spawn(t, l, "/bin/sh", []string{"-c", command}, nil)
		ev := events(c).reading()
		_, err := c.Stdin.WriteString("text")
		require.NoError(t, err)
		c.Stdin.End()
		c.Stdin.OnError(func(error) {}) // echo does not read it.
		run(t, l)
		require.True(t, ev.status.Success(), "%s: %s", command, ev.data[2])
		require.Equal(t, want, [2]string{string(ev.data[1]), string(ev.data[2])}, command)
	}
}

//brood:checks S016
func TestMissingNullDeviceIsTheSlotsFault(t *testing.T) {
	file, argv := helperproc.Command("no-null", t.TempDir())
	needRoot(t)
	l := newLoop(t)
	require.Equal(t, "spawn /program: stdio slot 0: ENOENT: no such file or directory\nerror ENOENT, close -2", output(t, l, spawn(t, l, file, argv, nil)))
}

//brood:checks N034
func TestLargeInputArrivesBeforeItsEnd(t *testing.T) {
	const size = 8 << 20
	l := newLoop(t)
	c := start(t, l, "cat")
	ev := events(c).reading()
	text := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	_, err := c.Stdin.Write(text)
	require.NoError(t, err)
	require.True(t, c.Stdin.NeedDrain())
	c.Stdin.End()
	run(t, l)
	require.True(t, bytes.Equal(text, ev.data[1]), "%d bytes came back", len(ev.data[1]))
	require.Equal(t, 1, ev.count("stdin finish"), "%q", ev.Entries)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}
