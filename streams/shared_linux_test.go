package streams_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Two readers of one description both get readiness. The second finds no data and must not wait for
// it.
func TestTheSecondReaderOfADescriptionDoesNotWait(t *testing.T) {
	for name, ends := range map[string]func(t testing.TB) (r, w *descriptor){
		"pipe":   blocking(pipe),
		"socket": blocking(func(t testing.TB) (r, w *descriptor) { return socketpair(t, unix.SOCK_STREAM) }),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			a, w := ends(t)
			b := a.Dup()
			var j journal
			j.data(newReadable(t, l, a, nil))
			j.data(newReadable(t, l, b, nil))
			for i := range 5 {
				w.WriteString(fmt.Sprint(i))
				poll(t, l)
			}
			w.Close()
			run(t, l)
			j.Wants(t, "data:0 data:1 data:2 data:3 data:4")
		})
	}
}

// pseudoterminal returns both ends of a pseudo-terminal that passes bytes on as they are. The slave
// is in blocking mode, as that of a login shell is.
func pseudoterminal(t testing.TB) (master, slave *descriptor) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: open /dev/ptmx: %v", err)
	}
	master = own(t, fd)
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	slave = openFile(t, fmt.Sprintf("/dev/pts/%d", n), unix.O_RDWR|unix.O_NOCTTY)
	mode, err := unix.IoctlGetTermios(slave.FD, unix.TCGETS)
	require.NoError(t, err)
	mode.Oflag &^= unix.OPOST
	mode.Lflag &^= unix.ECHO | unix.ICANON
	mode.Iflag &^= unix.ICRNL
	require.NoError(t, unix.IoctlSetTermios(slave.FD, unix.TCSETS, mode))
	return master, slave
}

// A read of the master gives EIO when the last slave is closed. That is the end of the data.
func TestTerminalEndsWithItsLastUser(t *testing.T) {
	l := newLoop(t)
	master, slave := pseudoterminal(t)
	x := newDuplex(t, l, master)
	var j journal
	x.Readable.OnLine(func(p []byte) { j.Add(string(p)) })
	j.readableEvents(x.Readable)
	child := start(t, slave.Dup(), slave, "sh", "-c", "test -t 0 && test -t 1 && read line && echo got $line && echo last")
	write(t, x.Writable, []byte("input\n"))
	run(t, l)
	require.Equal(t, "exit status 0", child.wait())
	require.Equal(t, []string{"got input", "last", "end", "close"}, j.Entries)
	x.Writable.Destroy(nil)
	run(t, l)
}

func TestWriteToAFullTerminalInBlockingMode(t *testing.T) {
	l := newLoop(t)
	master, slave := pseudoterminal(t)
	w := newWritable(t, l, slave.SetBlocking(), nil)
	n := 0
	for w.Buffered() == 0 { // The kernel moves its bytes on, and may then take more.
		write(t, w, pattern(n + 1000)[n:])
		n += 1000
	}
	var got []byte
	for len(got) < n {
		p, _ := master.ReadAll()
		got = append(got, p...)
		poll(t, l)
	}
	requireSame(t, pattern(n), got)
	w.End()
	run(t, l)
}

// Other processes share the description of a terminal: its mode stays, and still the loop does not
// wait for it.
func TestTerminalInBlockingMode(t *testing.T) {
	l := newLoop(t)
	master, slave := pseudoterminal(t)
	other := slave.Dup()
	flags := other.Flags()
	require.Zero(t, flags&unix.O_NONBLOCK)
	x := newDuplex(t, l, slave)
	want := pattern(300 << 10)
	write(t, x.Writable, want[:1000])
	// The master is not read: a blocking write would never return.
	write(t, x.Writable, want[1000:])
	require.Positive(t, x.Writable.Buffered())
	var j journal
	x.Readable.OnLine(func(p []byte) { j.Add(string(p)) })
	master.WriteString("typed\n")
	var got []byte
	for len(got) < len(want) {
		poll(t, l)
		p, _ := master.ReadAll()
		got = append(got, p...)
	}
	requireSame(t, want, got)
	j.Wants(t, "typed")
	require.Equal(t, flags, other.Flags())
	x.Destroy(nil)
	run(t, l)
}
