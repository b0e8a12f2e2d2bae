package streams_test

import (
	"io"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func init() {
	// standard-streams echoes a line by streams over its stdin and stdout, or over a duplex one,
	// closes these, and then uses the descriptors themselves.
	helperproc.Register("standard-streams", func(args []string) {
		l := must(reactor.New(nil))
		var in *streams.Readable
		var out *streams.Writable
		if args[0] == "duplex" {
			x := must(streams.NewDuplex(l, 0, nil))
			in, out = x.Readable, x.Writable
		} else {
			in, out = must(streams.NewReadable(l, 0, nil)), must(streams.NewWritable(l, 1, nil))
		}
		in.OnLine(func(line []byte) {
			must(out.Write(append(line, '\n')))
			if args[1] == "destroy" {
				out.Destroy(nil)
			} else {
				out.End()
			}
			in.Destroy(nil)
		})
		must(0, l.Run())
		must(0, l.Close())
		// Stdin may be in non-blocking mode.
		must(unix.Poll([]unix.PollFd{{Events: unix.POLLIN}}, -1))
		p := make([]byte, 100)
		n := must(unix.Read(0, p))
		must(unix.Write(1, p[:n]))
	})
}

// must ends a helper on an error.
func must[T any](v T, err error) T {
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		helperproc.Exit(3)
	}
	return v
}

// A stream over one of the first three descriptors, which belong to the whole program, leaves it
// open and leaves a connection connected.
func TestStandardDescriptorsStayOpen(t *testing.T) {
	for _, form := range []string{"two", "duplex"} {
		for _, end := range []string{"end", "destroy"} {
			for name, nonblock := range map[string]bool{"blocking": false, "non-blocking": true} {
				if form == "duplex" && end == "end" {
					continue // End says that no more data comes, so it shuts down.
				}
				t.Run(form+" "+end+" "+name, func(t *testing.T) {
					ours, theirs, err := fd.SocketPair()
					require.NoError(t, err)
					far := os.NewFile(uintptr(ours), "far")
					defer far.Close()
					require.NoError(t, fd.SetNonblock(theirs, nonblock))
					d := own(t, theirs)
					file, argv := helperproc.Command("standard-streams", form, end)
					c := startAsIs(t, d, file, argv...)
					require.Equal(t, nonblock, d.Flags()&unix.O_NONBLOCK != 0)
					_, err = far.WriteString("line\n")
					require.NoError(t, err)
					p := make([]byte, 5)
					_, err = io.ReadFull(far, p)
					require.NoError(t, err)
					require.Equal(t, "line\n", string(p))
					_, err = far.WriteString("again")
					require.NoError(t, err)
					_, err = io.ReadFull(far, p)
					require.NoError(t, err)
					require.Equal(t, "again", string(p))
					require.Zero(t, c.wait())
					require.Equal(t, nonblock, d.Flags()&unix.O_NONBLOCK != 0)
				})
			}
		}
	}
}

// asIs is a child that gets its descriptors in their present mode, unlike a child of os/exec.
type asIs struct {
	t   testing.TB
	pid int
}

// startAsIs starts a program with d as stdin, stdout and stderr.
func startAsIs(t testing.TB, d *descriptor, file string, args ...string) *asIs {
	t.Helper()
	n := uintptr(d.FD)
	pid, err := syscall.ForkExec(file, append([]string{file}, args...), &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{n, n, n}})
	require.NoError(t, err)
	return &asIs{t, pid}
}

func (c *asIs) wait() syscall.WaitStatus {
	c.t.Helper()
	var status syscall.WaitStatus
	_, err := syscall.Wait4(c.pid, &status, 0, nil)
	require.NoError(c.t, err)
	return status
}

// shareable is a descriptor whose mode another process can change.
var shareable = map[string]func(t testing.TB) (r, w *descriptor){
	"pipe":   pipe,
	"socket": func(t testing.TB) (r, w *descriptor) { return socketpair(t, unix.SOCK_STREAM) },
}

// eachShareable runs fn with a description that others have, and with one that only the stream had
// until Lend.
func eachShareable(t *testing.T, fn func(t *testing.T, r, w *descriptor, fresh bool)) {
	for name, ends := range shareable {
		for mode, fresh := range map[string]bool{"foreign": false, "lent": true} {
			t.Run(name+" "+mode, func(t *testing.T) {
				if name == "pipe" {
					needNowait(t)
				}
				r, w := ends(t)
				fn(t, r, w, fresh)
			})
		}
	}
}

// Another user of the open file description may clear O_NONBLOCK at any time, and may read first.
func TestReadInAModeChangedByOthers(t *testing.T) {
	eachShareable(t, func(t *testing.T, src, in *descriptor, fresh bool) {
		l := newLoop(t)
		others := src.Dup()
		var j journal
		for _, d := range []*descriptor{src.Dup(), src} {
			r := newReadable(t, l, d, &streams.ReadableOptions{Fresh: fresh})
			if fresh {
				_, err := r.Lend()
				require.NoError(t, err)
			}
			r.Resume()
			j.data(r)
		}
		others.SetBlocking()
		for i := range 5 {
			in.WriteString(strconv.Itoa(i)) // Both become readable; the second finds no data.
			poll(t, l)
		}
		require.Zero(t, others.Flags()&unix.O_NONBLOCK, "as they want it")
		in.Close()
		run(t, l)
		j.Wants(t, "data:0 data:1 data:2 data:3 data:4")
	})
}

func TestWriteInAModeChangedByOthers(t *testing.T) {
	eachShareable(t, func(t *testing.T, out, dst *descriptor, fresh bool) {
		l := newLoop(t)
		others := dst.Dup()
		w := newWritable(t, l, dst, &streams.WritableOptions{Fresh: fresh})
		if fresh {
			_, err := w.Lend()
			require.NoError(t, err)
		}
		others.SetBlocking()
		want := pattern(4 << 20)
		for len(want) > w.Buffered()+int(w.BytesWritten()) { // Several pieces in the queue.
			n := w.Buffered() + int(w.BytesWritten())
			write(t, w, want[n:min(n+100_000, len(want))])
		}
		require.Positive(t, w.Buffered())
		others.Close()
		w.End()
		got, end := drainUntilIdle(t, l, out)
		require.True(t, end)
		requireSame(t, want, got)
		run(t, l)
	})
}

func needNowait(t testing.TB) {
	t.Helper()
	r, _ := pipe(t)
	if _, err := fd.ReadNowait(r.FD, make([]byte, 1)); err == unix.EOPNOTSUPP {
		t.Skip("this system has no preadv2(2) with RWF_NOWAIT for pipes")
	}
}

// close(2) of a socket with SO_LINGER waits until the peer has everything. The loop must not wait
// for that.
func TestClosingASocketThatLingersDoesNotWait(t *testing.T) {
	const linger = 60 // seconds; far longer than the test
	for name, end := range map[string]func(l *reactor.Loop, w *streams.Writable){
		"Destroy": func(_ *reactor.Loop, w *streams.Writable) { w.Destroy(nil) },
		"End":     func(_ *reactor.Loop, w *streams.Writable) { w.End() },
		"Close":   func(l *reactor.Loop, w *streams.Writable) { require.NoError(t, l.Close()) },
	} {
		for mode, fresh := range map[string]bool{"": false, " fresh": true} {
			t.Run(name+mode, func(t *testing.T) {
				l := newLoop(t)
				peer, d := tcpPair(t)
				require.NoError(t, unix.SetsockoptLinger(d.FD, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: linger}))
				w := newWritable(t, l, d, &streams.WritableOptions{Fresh: fresh})
				fdtest.Borrow(t, w.FD()).Fill() // The peer does not read.
				before, begun := runtime.NumGoroutine(), time.Now()
				end(l, w)
				if name != "Close" {
					run(t, l)
				}
				require.Less(t, time.Since(begun), linger/2*time.Second)
				require.Greater(t, runtime.NumGoroutine(), before, "it waits elsewhere")
				peer.Close() // Its reset ends the wait.
			})
		}
	}
}

// SO_LINGER with a time of 0 asks for a reset, which comes at once.
func TestClosingASocketThatResets(t *testing.T) {
	l := newLoop(t)
	peer, d := tcpPair(t)
	require.NoError(t, unix.SetsockoptLinger(d.FD, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
	w := newWritable(t, l, d, nil)
	n := w.FD()
	w.Destroy(nil)
	require.False(t, isOpen(n))
	run(t, l)
	_, err := unix.Read(peer.FD, make([]byte, 1))
	require.Equal(t, unix.ECONNRESET, err)
}
