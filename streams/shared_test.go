package streams_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/streams"
)

// The mode of an open file description belongs to all processes that have it.
func TestFlagsAreLeftAsTheyAre(t *testing.T) {
	for name, ends := range map[string]func(t testing.TB) (r, w *descriptor){
		"pipe":            pipe,
		"socket":          func(t testing.TB) (r, w *descriptor) { return socketpair(t, unix.SOCK_STREAM) },
		"blocking pipe":   blocking(pipe),
		"blocking socket": blocking(func(t testing.TB) (r, w *descriptor) { return socketpair(t, unix.SOCK_STREAM) }),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			src, dst := ends(t)
			srcCopy, dstCopy := src.Dup(), dst.Dup()
			srcFlags, dstFlags := src.Flags(), dst.Flags()
			r, w := newReadable(t, l, src, nil), newWritable(t, l, dst, nil)
			want := pattern(1 << 20)
			got := collect(t, r, len(want)-1) // The copies keep both ends open: there is no end.
			write(t, w, want)
			require.Positive(t, w.Buffered(), "it did not block")
			w.OnDrain(w.End)
			run(t, l)
			require.ErrorIs(t, got.err, streams.ErrTooMuch)
			requireSame(t, want[:len(want)-1], got.data)
			require.Equal(t, srcFlags, srcCopy.Flags())
			require.Equal(t, dstFlags, dstCopy.Flags())
		})
	}
}

// blocking puts the streams' descriptors into blocking mode, as if another process used them too.
func blocking(ends func(testing.TB) (r, w *descriptor)) func(testing.TB) (r, w *descriptor) {
	return func(t testing.TB) (r, w *descriptor) {
		r, w = ends(t)
		return r.SetBlocking(), w.SetBlocking()
	}
}

func TestWriteToAFullBlockingDescriptor(t *testing.T) {
	for name, ends := range map[string]func(t testing.TB) (r, w *descriptor){
		"pipe":   pipe,
		"socket": func(t testing.TB) (r, w *descriptor) { return socketpair(t, unix.SOCK_STREAM) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			out, dst := ends(t)
			n := dst.Fill()
			w := newWritable(t, l, dst.SetBlocking(), nil)
			var j journal
			j.written(t, w, "one", []byte("queued, "))
			j.written(t, w, "two", []byte("too"))
			require.Equal(t, 11, w.Buffered())
			require.Zero(t, w.BytesWritten())
			w.End()
			got, end := drainUntilIdle(t, l, out)
			require.True(t, end)
			require.Equal(t, "queued, too", string(got[n:]))
			run(t, l)
			j.Wants(t, "one two")
		})
	}
}

func TestBlockingPipeSharedWithAChild(t *testing.T) {
	l := newLoop(t)
	src, dst := pipe(t)
	// Parent and child write to the same description; the child's end makes it a blocking one. What
	// the parent has queued is written as up to a page at once, and the child's lines come between:
	// so a page has whole lines of the parent.
	child := start(t, nil, dst.Dup(), "sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo child; i=$((i+1)); done")
	w := newWritable(t, l, dst, nil)
	r := newReadable(t, l, src, nil)
	count := map[string]int{}
	r.OnLine(func(p []byte) { count[string(p)]++ })
	for range 20_000 {
		write(t, w, []byte("parents\n"))
	}
	w.End()
	run(t, l)
	require.Equal(t, "exit status 0", child.wait())
	require.Equal(t, map[string]int{"parents": 20_000, "child": 2000}, count)
}

func TestLendAReadable(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	lines := collectLines(r)
	in.WriteString("ours\n")
	poll(t, l)
	require.False(t, r.Lent())
	fd, err := r.Lend()
	require.NoError(t, err)
	require.Equal(t, r.FD(), fd)
	require.True(t, r.Lent())
	require.False(t, r.Flowing())
	lent := fdtest.Borrow(t, fd)
	require.Zero(t, lent.Flags()&unix.O_NONBLOCK, "as a child expects its stdin to be")
	in.WriteString("theirs\nours again\n")
	in.Close()
	out, stdout := pipe(t)
	got := collect(t, newReadable(t, l, out, nil), -1)
	child := start(t, lent.Dup(), stdout, "sh", "-c", "read line; echo $line")
	run(t, l)
	require.Equal(t, "exit status 0", child.wait())
	got.wants(t, "theirs\n", nil)
	require.Equal(t, []string{"ours"}, *lines)
	r.Resume()
	run(t, l)
	require.Equal(t, []string{"ours", "ours again"}, *lines)
	_, err = r.Lend()
	require.ErrorIs(t, err, streams.ErrClosed)
}

func TestLendAWritable(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	write(t, w, []byte("ours "))
	fd, err := w.Lend()
	require.NoError(t, err)
	lent := fdtest.Borrow(t, fd)
	require.Zero(t, lent.Flags()&unix.O_NONBLOCK)
	again, err := w.Lend()
	require.NoError(t, err)
	require.Equal(t, fd, again)
	require.Equal(t, "exit status 0", start(t, nil, lent.Dup(), "echo", "theirs").wait())
	want := pattern(1 << 20)
	write(t, w, want) // Does not block, though the description would.
	w.End()
	got, end := drainUntilIdle(t, l, r)
	require.True(t, end)
	requireSame(t, append([]byte("ours theirs\n"), want...), got)
	run(t, l)
	_, err = w.Lend()
	require.ErrorIs(t, err, streams.ErrClosed)
}

func TestRegularFileAsReadable(t *testing.T) {
	l := newLoop(t)
	path := filepath.Join(t.TempDir(), "file")
	want := pattern(1 << 20)
	require.NoError(t, os.WriteFile(path, want, 0o600))
	r := newReadable(t, l, openFile(t, path, unix.O_RDONLY), nil)
	got := collect(t, r, -1)
	require.Zero(t, r.BytesRead(), "inside the call")
	run(t, l)
	require.NoError(t, got.err)
	requireSame(t, want, got.data)
}

func TestRegularFilePauses(t *testing.T) {
	l := newLoop(t)
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, pattern(1<<20), 0o600))
	r := newReadable(t, l, openFile(t, path, unix.O_RDONLY|unix.O_NONBLOCK), nil)
	chunks := 0
	r.OnData(func([]byte) { chunks++; r.Pause() })
	run(t, l)
	require.Equal(t, 1, chunks)
	require.EqualValues(t, streams.ReadBufferSize, r.BytesRead())
	r.Destroy(nil)
	run(t, l)
}

// A file takes all bytes at once, in one call, though its descriptor is in blocking mode.
func TestRegularFileAsWritable(t *testing.T) {
	l := newLoop(t)
	path := filepath.Join(t.TempDir(), "file")
	w := newWritable(t, l, openFile(t, path, unix.O_WRONLY|unix.O_CREAT), nil)
	want := pattern(8 << 20)
	write(t, w, want)
	require.Zero(t, w.Buffered())
	w.End()
	run(t, l)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	requireSame(t, want, got)
}

func TestNullDevice(t *testing.T) {
	l := newLoop(t)
	r := newReadable(t, l, openFile(t, os.DevNull, unix.O_RDONLY), nil)
	got := collect(t, r, -1)
	w := newWritable(t, l, openFile(t, os.DevNull, unix.O_WRONLY), nil)
	var j journal
	j.writableEvents(w)
	write(t, w, make([]byte, 1<<20))
	w.End()
	run(t, l)
	got.wants(t, "", nil)
	require.Equal(t, []string{"finish", "close"}, j.Entries[len(j.Entries)-2:])
	require.EqualValues(t, 1<<20, w.BytesWritten())
}
