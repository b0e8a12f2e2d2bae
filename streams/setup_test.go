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

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

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

// run runs l until nothing keeps it alive.
func run(t testing.TB, l *reactor.Loop) {
	t.Helper()
	looptest.Run(t, l)
}

// poll runs one turn that does not sleep and returns whether l is still alive.
func poll(t testing.TB, l *reactor.Loop) bool {
	t.Helper()
	alive, err := l.Poll(0)
	require.NoError(t, err)
	return alive
}

// until has the loop look each millisecond whether cond is true, and then runs fn: it is for what
// happens in other processes and sends no event.
func until(l *reactor.Loop, cond func() bool, fn func()) {
	if cond() {
		fn()
		return
	}
	l.SetTimeout(time.Millisecond, func() { until(l, cond, fn) })
}

// descriptor is one that the test owns: it is closed with the test, unless the test closed it or
// gave it to a stream.
type descriptor struct {
	t   testing.TB
	fd  int
	buf []byte // of read
}

func own(t testing.TB, fd int) *descriptor {
	d := &descriptor{t: t, fd: fd}
	t.Cleanup(d.close)
	return d
}

func (d *descriptor) close() {
	if d.fd < 0 {
		return
	}
	require.NoError(d.t, unix.Close(d.give()))
}

// give returns the number to its next owner.
func (d *descriptor) give() int {
	fd := d.fd
	d.fd = -1
	return fd
}

// write writes p, which the kernel must take at once.
func (d *descriptor) write(p []byte) {
	d.t.Helper()
	n, err := unix.Write(d.fd, p)
	require.NoError(d.t, err)
	require.Equal(d.t, len(p), n)
}

func (d *descriptor) writeString(s string) { d.t.Helper(); d.write([]byte(s)) }

// fill writes until the kernel takes no more, and returns the number of bytes it took.
func (d *descriptor) fill() int {
	d.t.Helper()
	chunk := make([]byte, 4096)
	total := 0
	for {
		n, err := unix.Write(d.fd, chunk)
		if err == unix.EAGAIN {
			if len(chunk) == 1 {
				return total
			}
			// Sockets and the pipes of some systems take as many bytes as still fit.
			chunk = chunk[:len(chunk)/2]
			continue
		}
		require.NoError(d.t, err)
		total += n
	}
}

// read reads at most 1 MiB once. It returns no bytes at the end, and none with again set if there
// is no data now. The bytes are valid until the next read.
func (d *descriptor) read() (got []byte, again bool) {
	d.t.Helper()
	if d.buf == nil {
		d.buf = make([]byte, 1<<20)
	}
	n, err := unix.Read(d.fd, d.buf)
	if err == unix.EAGAIN {
		return nil, true
	}
	require.NoError(d.t, err)
	return d.buf[:n], false
}

// readAll reads all bytes there are now, and reports whether the end was reached.
func (d *descriptor) readAll() (got []byte, end bool) {
	d.t.Helper()
	for {
		p, again := d.read()
		if len(p) == 0 {
			return got, !again
		}
		got = append(got, p...)
	}
}

func (d *descriptor) dup() *descriptor {
	d.t.Helper()
	fd, err := unix.FcntlInt(uintptr(d.fd), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(d.t, err)
	return own(d.t, fd)
}

func (d *descriptor) flags() int {
	d.t.Helper()
	flags, err := unix.FcntlInt(uintptr(d.fd), unix.F_GETFL, 0)
	require.NoError(d.t, err)
	return flags
}

func (d *descriptor) setBlocking() *descriptor {
	d.t.Helper()
	require.NoError(d.t, unix.SetNonblock(d.fd, false))
	return d
}

// writableNow reports whether poll(2) says that a write would not block.
func (d *descriptor) writableNow() bool {
	d.t.Helper()
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLOUT}}
	for {
		n, err := unix.Poll(fds, 0)
		if err == unix.EINTR {
			continue
		}
		require.NoError(d.t, err)
		return n == 1
	}
}

// isOpen reports whether fd is an open descriptor.
func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// pipe returns both ends of a pipe, non-blocking.
func pipe(t testing.TB) (r, w *descriptor) {
	t.Helper()
	x, y, err := fd.PipeNonblock()
	require.NoError(t, err)
	return own(t, x), own(t, y)
}

// socketpair returns both ends of a connected pair of sockets, non-blocking.
func socketpair(t testing.TB, kind int) (a, b *descriptor) {
	t.Helper()
	var p [2]int
	func() {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		var err error
		p, err = syscall.Socketpair(syscall.AF_UNIX, kind, 0)
		require.NoError(t, err)
		syscall.CloseOnExec(p[0])
		syscall.CloseOnExec(p[1])
	}()
	a, b = own(t, p[0]), own(t, p[1])
	require.NoError(t, unix.SetNonblock(a.fd, true))
	require.NoError(t, unix.SetNonblock(b.fd, true))
	return a, b
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
		d = (&descriptor{t: t, fd: int(fd)}).dup()
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
	r, err := streams.NewReadable(l, d.give(), o)
	require.NoError(t, err)
	return r
}

// newWritable gives d to a stream.
func newWritable(t testing.TB, l *reactor.Loop, d *descriptor, o *streams.WritableOptions) *streams.Writable {
	t.Helper()
	w, err := streams.NewWritable(l, d.give(), o)
	require.NoError(t, err)
	return w
}

// newDuplex gives d to a stream.
func newDuplex(t testing.TB, l *reactor.Loop, d *descriptor) *streams.Duplex {
	t.Helper()
	x, err := streams.NewDuplex(l, d.give(), nil)
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
		f := os.NewFile(uintptr(stdin.setBlocking().give()), "stdin")
		defer f.Close()
		c.cmd.Stdin = f
	}
	if stdout != nil {
		f := os.NewFile(uintptr(stdout.setBlocking().give()), "stdout")
		defer f.Close()
		c.cmd.Stdout = f
	}
	for _, d := range extra {
		f := os.NewFile(uintptr(d.setBlocking().give()), "extra")
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

// journal notes what happened in which order.
type journal struct{ entries []string }

func (j *journal) add(entry string) { j.entries = append(j.entries, entry) }

// note returns a callback that adds entry.
func (j *journal) note(entry string) func() { return func() { j.add(entry) } }

// wants checks the entries against a list written with spaces between, and forgets them.
func (j *journal) wants(t testing.TB, want string) {
	t.Helper()
	require.Equal(t, want, strings.Join(j.entries, " "))
	j.entries = nil
}

// readableEvents notes every event of r, its data only if something is to listen to it.
func (j *journal) readableEvents(r *streams.Readable) {
	r.OnEnd(j.note("end"))
	r.OnError(func(err error) { j.add("error:" + name(err)) })
	r.OnClose(j.note("close"))
}

func (j *journal) data(r *streams.Readable) {
	r.OnData(func(p []byte) { j.add("data:" + string(p)) })
}

// writableEvents records every event of w.
func (j *journal) writableEvents(w *streams.Writable) {
	w.OnDrain(j.note("drain"))
	w.OnFinish(j.note("finish"))
	w.OnError(func(err error) { j.add("error:" + name(err)) })
	w.OnClose(j.note("close"))
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
