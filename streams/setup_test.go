package streams_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/helperproc"
	record "github.com/brood-go/brood/internal/test/journal"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// The vocabulary of all tests of loops, here by its short names.
var (
	run        = looptest.Run
	poll       = looptest.Poll
	isOpen     = fdtest.IsOpen
	own        = fdtest.Own
	pipe       = fdtest.Pipe
	socketpair = fdtest.SocketPair
)

type descriptor = fdtest.Descriptor

// newLoop returns a loop whose read buffer is cleared after each delivery. It is closed with the
// test.
func newLoop(t testing.TB) *reactor.Loop {
	t.Helper()
	l := looptest.New(t)
	if _, benchmark := t.(*testing.B); !benchmark {
		require.NoError(t, streams.Poison(l))
	}
	return l
}

// when has the loop look each millisecond whether cond holds, and then runs fn. It is for changes
// in other processes, which send no event.
func when(l *reactor.Loop, cond func() bool, fn func()) {
	if cond() {
		fn()
		return
	}
	l.SetTimeout(time.Millisecond, func() { when(l, cond, fn) })
}

// tcpPair returns both ends of a connection, non-blocking.
func tcpPair(t testing.TB) (a, b *descriptor) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	dialed, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	defer dialed.Close()
	accepted, err := ln.Accept()
	require.NoError(t, err)
	defer accepted.Close()
	return dupConn(t, dialed), dupConn(t, accepted)
}

// dupConn returns a copy of a connection's descriptor.
func dupConn(t testing.TB, c net.Conn) *descriptor {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	var d *descriptor
	require.NoError(t, raw.Control(func(fd uintptr) {
		d = fdtest.Borrow(t, int(fd)).Dup()
	}))
	return d
}

func openFile(t testing.TB, path string, flags int) *descriptor {
	t.Helper()
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o600)
	require.NoError(t, err, path)
	return own(t, fd)
}

// newReadable gives d to a stream.
func newReadable(t testing.TB, l *reactor.Loop, d *descriptor, o *streams.ReadableOptions) *streams.Readable {
	t.Helper()
	r, err := streams.NewReadable(l, d.Give(), o)
	require.NoError(t, err)
	return r
}

// newWritable gives d to a stream.
func newWritable(t testing.TB, l *reactor.Loop, d *descriptor, o *streams.WritableOptions) *streams.Writable {
	t.Helper()
	w, err := streams.NewWritable(l, d.Give(), o)
	require.NoError(t, err)
	return w
}

// newDuplex gives d to a stream.
func newDuplex(t testing.TB, l *reactor.Loop, d *descriptor) *streams.Duplex {
	t.Helper()
	x, err := streams.NewDuplex(l, d.Give(), nil)
	require.NoError(t, err)
	return x
}

// readPipe returns a stream and the descriptor that feeds it.
func readPipe(t testing.TB, l *reactor.Loop, o *streams.ReadableOptions) (*streams.Readable, *descriptor) {
	t.Helper()
	r, w := pipe(t)
	return newReadable(t, l, r, o), w
}

// writePipe returns a stream and the descriptor that its bytes come out of.
func writePipe(t testing.TB, l *reactor.Loop, o *streams.WritableOptions) (*streams.Writable, *descriptor) {
	t.Helper()
	r, w := pipe(t)
	return newWritable(t, l, w, o), r
}

// write is Write of a stream that takes it.
func write(t testing.TB, w *streams.Writable, p []byte) {
	t.Helper()
	n, err := w.Write(p)
	require.NoError(t, err)
	require.Equal(t, len(p), n)
}

// child is a real process.
type child struct {
	t      testing.TB
	cmd    *exec.Cmd
	waited bool
}

// start starts a program with two descriptors, and perhaps more, which it takes from the test and
// puts into blocking mode; nil is /dev/null.
func start(t testing.TB, stdin, stdout *descriptor, file string, args ...string) *child {
	t.Helper()
	return startWith(t, stdin, stdout, nil, file, args...)
}

func startWith(t testing.TB, stdin, stdout *descriptor, extra []*descriptor, file string, args ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(file, args...)}
	if stdin != nil {
		f := os.NewFile(uintptr(stdin.SetBlocking().Give()), "stdin")
		defer f.Close()
		c.cmd.Stdin = f
	}
	if stdout != nil {
		f := os.NewFile(uintptr(stdout.SetBlocking().Give()), "stdout")
		defer f.Close()
		c.cmd.Stdout = f
	}
	for _, d := range extra {
		f := os.NewFile(uintptr(d.SetBlocking().Give()), "extra")
		defer f.Close()
		c.cmd.ExtraFiles = append(c.cmd.ExtraFiles, f)
	}
	c.cmd.Stderr = os.Stderr
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() {
		if !c.waited {
			_ = c.cmd.Process.Kill() // It may be gone.
			_ = c.cmd.Wait()         // The test has failed already.
		}
	})
	return c
}

// startHelper starts a program that a test file registered.
func startHelper(t testing.TB, stdin, stdout *descriptor, name string, args ...string) *child {
	t.Helper()
	file, argv := helperproc.Command(name, args...)
	return start(t, stdin, stdout, file, argv...)
}

// wait returns the status of the child: "exit status 0", "signal: broken pipe".
func (c *child) wait() string {
	c.waited = true
	_ = c.cmd.Wait() // It says the same.
	return c.cmd.ProcessState.String()
}

// journal also notes the events of streams.
type journal struct{ record.Journal }

// readableEvents notes every event of r, its data only if something is to listen to it.
func (j *journal) readableEvents(r *streams.Readable) {
	r.OnEnd(j.Note("end"))
	r.OnError(func(err error) { j.Add("error:" + name(err)) })
	r.OnClose(j.Note("close"))
}

func (j *journal) data(r *streams.Readable) {
	r.OnData(func(p []byte) { j.Add("data:" + string(p)) })
}

// writableEvents records every event of w.
func (j *journal) writableEvents(w *streams.Writable) {
	w.OnDrain(j.Note("drain"))
	w.OnFinish(j.Note("finish"))
	w.OnError(func(err error) { j.Add("error:" + name(err)) })
	w.OnClose(j.Note("close"))
}

// name is the shortest text that tells one error from the others.
func name(err error) string {
	for err != nil {
		if errno, ok := err.(unix.Errno); ok {
			return unix.ErrnoName(errno)
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return strings.ReplaceAll(err.Error(), " ", "-")
		}
		err = u.Unwrap()
	}
	return "nil"
}

// pattern returns n bytes of which no two places look alike, so a test sees a lost, doubled or
// moved byte. The bytes are shared and must not be changed.
func pattern(n int) []byte { return longPattern()[:n:n] }

var longPattern = sync.OnceValue(func() []byte {
	const size = 16 << 20
	b := make([]byte, 0, size+16)
	for i := int64(0); len(b) < size; i++ {
		b = append(strconv.AppendInt(b, i, 36), ' ')
	}
	return b
})

// requireSame is require.Equal for long slices, whose difference is too long to print.
func requireSame(t testing.TB, want, got []byte) {
	t.Helper()
	if bytes.Equal(want, got) {
		return
	}
	at := 0
	for at < min(len(want), len(got)) && want[at] == got[at] {
		at++
	}
	require.Failf(t, "the bytes differ", "%d bytes wanted, %d came, the first difference is at %d", len(want), len(got), at)
}

// rawWrite, rawRead and rawPoll do not allocate, unlike their relatives above.
func rawWrite(t testing.TB, fd int, p []byte) {
	if n, err := unix.Write(fd, p); n != len(p) || err != nil {
		require.NoError(t, err)
	}
}

func rawRead(t testing.TB, fd int, p []byte) {
	if n, err := unix.Read(fd, p); n != len(p) || err != nil {
		require.NoError(t, err)
		require.Equal(t, len(p), n)
	}
}

func rawPoll(t testing.TB, l *reactor.Loop) {
	if _, err := l.Poll(0); err != nil {
		require.NoError(t, err)
	}
}
