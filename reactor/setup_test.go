package reactor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

// newLoop returns a loop that is closed with the test.
func newLoop(t testing.TB) *reactor.Loop {
	t.Helper()
	return looptest.New(t)
}

// newLoopWith is newLoop with options.
func newLoopWith(t testing.TB, o reactor.Options) *reactor.Loop {
	t.Helper()
	return looptest.NewWith(t, o)
}

// notWithNetpoll skips a test for that reason when the environment has all loops sleep in the
// runtime's poller.
func notWithNetpoll(t testing.TB, reason string) {
	t.Helper()
	if looptest.Options().Netpoll {
		t.Skip("with Options.Netpoll " + reason)
	}
}

// oneFileTooOften is why tests that watch one open file very often do not work with
// Options.Netpoll.
const oneFileTooOften = "the kernel lets one open file be watched 500 times, since an epoll instance is inside another"

// threadNotKept is why tests of a loop's thread do not work with it.
const threadNotKept = "each turn may be on another thread: Run does not call the functions of BindThread"

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

// watch is Loop.Watch that must succeed.
func watch(t testing.TB, l *reactor.Loop, fd int, want reactor.Readiness, fn func(reactor.Readiness)) *reactor.Watcher {
	t.Helper()
	w, err := l.Watch(fd, want, fn)
	require.NoError(t, err, "Watch(%d, %v)", fd, want)
	return w
}

// descriptor is one that the test owns: it is closed with the test, unless the test has closed it.
type descriptor struct {
	t  testing.TB
	fd int
}

func own(t testing.TB, fd int) *descriptor {
	d := &descriptor{t, fd}
	t.Cleanup(d.close)
	return d
}

func (d *descriptor) close() {
	if d.fd < 0 {
		return
	}
	fd := d.fd
	d.fd = -1
	if err := unix.Close(fd); err != nil {
		d.t.Errorf("close(%d): %v", fd, err)
	}
}

func (d *descriptor) write(s string) {
	d.t.Helper()
	n, err := unix.Write(d.fd, []byte(s))
	require.NoError(d.t, err)
	require.Equal(d.t, len(s), n)
}

// writer returns a function that writes s, for another goroutine.
func (d *descriptor) writer(s string) func() {
	t, fd := d.t, d.fd
	return func() {
		if _, err := unix.Write(fd, []byte(s)); err != nil {
			t.Errorf("write(%d): %v", fd, err)
		}
	}
}

// read reads once; it returns "" at the end.
func (d *descriptor) read() string {
	d.t.Helper()
	var buf [64]byte
	n, err := unix.Read(d.fd, buf[:])
	require.NoError(d.t, err)
	return string(buf[:n])
}

// dup returns a copy of d.
func (d *descriptor) dup() *descriptor {
	d.t.Helper()
	fd, err := unix.FcntlInt(uintptr(d.fd), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(d.t, err)
	return own(d.t, fd)
}

// pipe returns both ends of a pipe, non-blocking.
func pipe(t testing.TB) (r, w *descriptor) {
	t.Helper()
	x, y, err := fd.PipeNonblock()
	require.NoError(t, err)
	return own(t, x), own(t, y)
}

// readyPipe returns the reading end of a pipe that has something to read, and goes on having it.
func readyPipe(t testing.TB) *descriptor {
	t.Helper()
	r, w := pipe(t)
	w.write("x")
	return r
}

// open opens a file of any kind for reading.
func open(t testing.TB, path string) *descriptor {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err, path)
	return own(t, fd)
}

// pollable reports whether poll(2) finds fd readable, waiting at most so many milliseconds for it.
func pollable(t testing.TB, fd int, ms int) bool {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, ms)
		if err == unix.EINTR {
			continue
		}
		require.NoError(t, err)
		return n == 1
	}
}

// journal notes what happened in which order.
type journal struct{ entries []string }

func (j *journal) add(entry string) { j.entries = append(j.entries, entry) }

// note returns a callback that adds entry.
func (j *journal) note(entry string) func() { return func() { j.add(entry) } }

// wants checks the entries against a list written with spaces between.
func (j *journal) wants(t testing.TB, want string) {
	t.Helper()
	require.Equal(t, strings.Fields(want), j.entries)
}

// manualClock is a clock that moves only when told to.
type manualClock struct{ now time.Time }

// stopClock gives l a clock that stands still.
func stopClock(l *reactor.Loop) *manualClock {
	c := &manualClock{time.Now()}
	l.SetClock(func() time.Time { return c.now })
	return c
}

func (c *manualClock) advance(d time.Duration) { c.now = c.now.Add(d) }
