package streams_test

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func init() {
	// in-the-background is the leader of a session that has a terminal as its stdin, and starts the
	// program in its arguments as a process group in the background.
	helperproc.Register("in-the-background", func(args []string) {
		c := exec.Command(args[0], args[1:]...)
		c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		must(0, c.Run())
	})

	// read-terminal reads stdin and tells the events. Since it ignores SIGTTIN, the kernel answers
	// EIO.
	helperproc.Register("read-terminal", func([]string) {
		signal.Ignore(unix.SIGTTIN)
		l := must(reactor.New(nil))
		r := must(streams.NewReadable(l, 0, nil))
		events := ""
		r.OnData(func([]byte) { events += "data " })
		r.OnEnd(func() { events += "end " })
		r.OnError(func(err error) { events += "error:" + name(err) + " " })
		must(0, l.Run())
		must(0, l.Close())
		must(os.Stdout.WriteString(events))
	})
}

// readUntil reads n bytes. The kernel takes a moment to pass them through a terminal.
func readUntil(t *testing.T, d *descriptor, n int) (got []byte) {
	t.Helper()
	for len(got) < n {
		p, _ := d.ReadAll()
		got = append(got, p...)
	}
	return got
}

// A stream over a terminal gets a description of its own. The given one, which others share, may be
// in any mode at any time.
func TestTerminalIsOpenedOnceMore(t *testing.T) {
	for name, nonblock := range map[string]bool{"blocking": false, "non-blocking": true} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			master, slave := pseudoterminal(t)
			require.NoError(t, unix.SetNonblock(slave.FD, nonblock))
			others := slave.Dup()
			n := slave.FD
			x := newDuplex(t, l, slave)
			require.Equal(t, n, x.FD(), "the number stays")
			require.NotZero(t, fdtest.Borrow(t, n).Flags()&unix.O_NONBLOCK)
			require.Equal(t, nonblock, others.Flags()&unix.O_NONBLOCK != 0)
			others.SetBlocking()

			// ^S: a call in blocking mode would wait for ^Q.
			require.NoError(t, unix.IoctlSetInt(others.FD, unix.TCXONC, unix.TCOOFF))
			write(t, x.Writable, []byte("stopped"))
			poll(t, l)
			require.Equal(t, 7, x.Writable.Buffered())
			require.NoError(t, unix.IoctlSetInt(others.FD, unix.TCXONC, unix.TCOON))
			for x.Writable.Buffered() > 0 {
				poll(t, l)
			}
			require.Equal(t, "stopped", string(readUntil(t, master, 7)))

			// Two descriptors read the same input once.
			second := newReadable(t, l, others.Dup(), nil)
			var j journal
			j.data(x.Readable)
			j.data(second)
			master.WriteString("typed")
			for len(j.Entries) == 0 {
				poll(t, l)
			}
			poll(t, l)
			j.Wants(t, "data:typed")
			x.Destroy(nil)
			second.Destroy(nil)
			run(t, l)
			require.Zero(t, others.Flags()&unix.O_NONBLOCK)
		})
	}
}

// The master of a terminal cannot be opened again: that would be another terminal.
func TestMasterInBlockingModeIsUsedAsItIs(t *testing.T) {
	l := newLoop(t)
	master, slave := pseudoterminal(t)
	others := master.Dup().SetBlocking()
	x := newDuplex(t, l, master)
	var j journal
	j.data(x.Readable)
	j.readableEvents(x.Readable)
	write(t, x.Writable, []byte("typed"))
	require.NoError(t, unix.SetNonblock(slave.FD, true))
	require.Equal(t, "typed", string(readUntil(t, slave, 5)))
	slave.WriteString("shown")
	for len(j.Entries) == 0 {
		poll(t, l)
	}
	poll(t, l) // A second read would wait.
	j.Wants(t, "data:shown")
	require.Zero(t, others.Flags()&unix.O_NONBLOCK)
	slave.Close()
	run(t, l)
	j.Wants(t, "end close")
	x.Writable.Destroy(nil)
	run(t, l)
}

// splice(2) moves the output of a terminal too, and gives EIO at its end.
func TestTerminalIsPipedToItsEnd(t *testing.T) {
	for name, fresh := range map[string]bool{"fresh": true, "foreign": false} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			master, slave := pseudoterminal(t)
			o := &streams.DuplexOptions{Readable: streams.ReadableOptions{Fresh: fresh}}
			x, err := streams.NewDuplex(l, master.Give(), o)
			require.NoError(t, err)
			dst, out := writePipe(t, l, nil)
			var j journal
			j.readableEvents(x.Readable)
			x.Readable.Pipe(dst, nil)
			child := start(t, slave.Dup(), slave, "sh", "-c", "yes pattern | head -n 100000")
			got, end := drainUntilIdle(t, l, out)
			require.True(t, end)
			require.Equal(t, "exit status 0", child.wait())
			requireSame(t, bytes.Repeat([]byte("pattern\n"), 100000), got)
			j.Wants(t, "end close")
			x.Writable.Destroy(nil)
			run(t, l)
		})
	}
}

// Only of a master is EIO the end. Here it is an error: a process in the background may not read
// its terminal.
func TestErrorOfATerminalIsNotItsEnd(t *testing.T) {
	master, slave := pseudoterminal(t)
	master.WriteString("typed") // Without input there would be no read.
	file, argv := helperproc.Command("read-terminal")
	file, argv = helperproc.Command("in-the-background", append([]string{file}, argv...)...)
	c := exec.Command(file, argv...)
	stdin := os.NewFile(uintptr(slave.SetBlocking().Give()), "terminal")
	defer stdin.Close()
	c.Stdin, c.Stderr = stdin, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	out, err := c.Output()
	require.NoError(t, err)
	require.Equal(t, "error:EIO ", string(out))
}

// A FIFO that had no reader when the stream was made cannot be opened again. Each write is then as
// long as poll(2) promises room for.
func TestFIFOInBlockingModeIsWrittenByPipeBuf(t *testing.T) {
	l := newLoop(t)
	path := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	out := openFile(t, path, unix.O_RDONLY|unix.O_NONBLOCK)
	dst := openFile(t, path, unix.O_WRONLY)
	out.Close()
	others := dst.Dup()
	w := newWritable(t, l, dst, nil)
	out = openFile(t, path, unix.O_RDONLY|unix.O_NONBLOCK)
	want := pattern(1 << 20)
	write(t, w, want)
	require.EqualValues(t, 4096, w.BytesWritten())
	poll(t, l)
	require.EqualValues(t, 15*4096+4096, w.BytesWritten(), "all that fits")
	require.Zero(t, others.Flags()&unix.O_NONBLOCK)
	others.Close()
	w.End()
	got, end := drainUntilIdle(t, l, out)
	require.True(t, end)
	requireSame(t, want, got)
	run(t, l)
}

func TestPipeInBlockingModeIsOpenedOnceMore(t *testing.T) {
	l := newLoop(t)
	a, b, err := fd.Pipe()
	require.NoError(t, err)
	out, dst := own(t, a), own(t, b)
	others := dst.Dup()
	w := newWritable(t, l, dst, nil)
	n := w.FD()
	write(t, w, pattern(64<<10))
	require.EqualValues(t, 64<<10, w.BytesWritten(), "in one call")
	require.Zero(t, others.Flags()&unix.O_NONBLOCK)
	require.True(t, isOpen(n))
	w.End()
	run(t, l)
	require.False(t, isOpen(n))
	others.Close()
	require.NoError(t, unix.SetNonblock(out.FD, true))
	got, end := out.ReadAll()
	require.True(t, end)
	requireSame(t, pattern(64<<10), got)
}
