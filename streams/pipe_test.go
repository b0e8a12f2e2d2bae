package streams_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// piping is a source that the test feeds and a destination that the test reads.
type piping struct {
	l   *reactor.Loop
	in  *descriptor // feeds r
	r   *streams.Readable
	w   *streams.Writable
	out *descriptor // the bytes of w come out here
}

// A route is a way for the bytes between a Readable and a Writable. With a listener to the source
// they are read and written, without one they are spliced where the system can. Both must behave
// the same.
var routes = map[string]func(p *piping){
	"spliced": func(*piping) {},
	"copied":  func(p *piping) { p.r.OnData(func([]byte) {}) },
}

// eachRoute runs fn with a new piping for each route. hear attaches the route's listener, if it has
// one.
func eachRoute(t *testing.T, o *streams.WritableOptions, fn func(t *testing.T, p *piping, hear func())) {
	for name, listen := range routes {
		t.Run(name, func(t *testing.T) {
			p := newPiping(t, newLoop(t), o)
			fn(t, p, func() { listen(p) })
		})
	}
}

func newPiping(t testing.TB, l *reactor.Loop, o *streams.WritableOptions) *piping {
	t.Helper()
	p := &piping{l: l}
	p.r, p.in = readPipe(t, l, nil)
	p.w, p.out = writePipe(t, l, o)
	return p
}

// feedStream writes data to the source as its pipe takes it, and then the end.
func feedStream(t testing.TB, l *reactor.Loop, in *descriptor, data []byte) *streams.Writable {
	t.Helper()
	feeder := newWritable(t, l, in, nil)
	write(t, feeder, data)
	feeder.End()
	return feeder
}

func TestPipeMovesEverythingAndEnds(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
		hear()
		var src, dst journal
		src.readableEvents(p.r)
		dst.writableEvents(p.w)
		want := pattern(5 << 20)
		feedStream(t, p.l, p.in, want)
		require.Same(t, p.w, p.r.Pipe(p.w, nil))
		require.True(t, p.r.Flowing())
		require.Zero(t, p.r.BytesRead(), "inside the call")
		got, end := drainUntilIdle(t, p.l, p.out)
		require.True(t, end)
		requireSame(t, want, got)
		run(t, p.l)
		require.EqualValues(t, len(want), p.r.BytesRead())
		require.EqualValues(t, len(want), p.w.BytesWritten())
		src.Wants(t, "end close")
		require.Equal(t, "finish", dst.Entries[len(dst.Entries)-2])
		require.Equal(t, "close", dst.Entries[len(dst.Entries)-1])
	})
}

func TestPipeWaitsForResume(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
		p.r.Pause()
		hear()
		p.r.Pipe(p.w, nil)
		p.in.WriteString("x")
		run(t, p.l)
		require.Zero(t, p.r.BytesRead())
		p.r.Resume()
		poll(t, p.l)
		got, _ := p.out.Read()
		require.Equal(t, "x", string(got))
		p.in.Close()
		run(t, p.l)
	})
}

// While the destination cannot write, the source is not read, and its writer blocks.
func TestPipeBackpressure(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
		hear()
		p.r.Pipe(p.w, nil)
		const total = 16 << 20
		want := pattern(total)
		fed := 0
		feed := func() (moved bool) {
			for fed < total {
				n, err := unix.Write(p.in.FD, want[fed:])
				if err == unix.EAGAIN {
					return moved
				}
				require.NoError(t, err)
				fed += n
				moved = true
			}
			return moved
		}
		for feed() {
			poll(t, p.l)
		}
		// In the two pipes, which may have been enlarged, and in the queue.
		require.Less(t, fed, 4<<20)
		before, callbacks := p.r.BytesRead(), p.l.Stats().Callbacks
		for range 10 {
			poll(t, p.l)
		}
		require.Equal(t, before, p.r.BytesRead())
		require.Equal(t, callbacks, p.l.Stats().Callbacks, "the loop can sleep")
		require.True(t, p.r.Flowing(), "backpressure is not the user's pause")
		require.True(t, p.l.Alive())

		var got []byte
		for len(got) < total {
			b, _ := p.out.ReadAll()
			got = append(got, b...)
			feed()
			poll(t, p.l)
		}
		requireSame(t, want, got)
		p.in.Close()
		run(t, p.l)
	})
}

func TestPipeToAStreamThatAsksToWait(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
		hear()
		fillStream(t, p.w)
		write(t, p.w, make([]byte, streams.DefaultHighWaterMark))
		require.True(t, p.w.NeedDrain())
		p.in.WriteString("after")
		p.r.Pipe(p.w, nil)
		poll(t, p.l)
		require.Zero(t, p.r.BytesRead())
		p.in.Close()
		got, end := drainUntilIdle(t, p.l, p.out)
		require.True(t, end)
		require.Equal(t, "after", string(got[len(got)-5:]))
		run(t, p.l)
	})
}

func TestUserPauseWhileTheDestinationIsFull(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
		hear()
		p.r.Pipe(p.w, nil)
		want := pattern(8 << 20)
		feedStream(t, p.l, p.in, want)
		for before := int64(-1); before != p.r.BytesRead(); {
			before = p.r.BytesRead()
			poll(t, p.l)
			poll(t, p.l)
		}
		p.r.Pause()
		pausedAt := p.r.BytesRead()
		var got []byte
		for range 20 {
			b, _ := p.out.ReadAll()
			got = append(got, b...)
			poll(t, p.l)
		}
		require.Equal(t, pausedAt, p.r.BytesRead(), "there is room, but the user paused")
		require.EqualValues(t, pausedAt, len(got))
		p.r.Resume()
		rest, end := drainUntilIdle(t, p.l, p.out)
		require.True(t, end)
		requireSame(t, want, append(got, rest...))
		run(t, p.l)
	})
}

func TestPipeKeepOpen(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
		hear()
		p.r.Pipe(p.w, &streams.PipeOptions{KeepOpen: true})
		p.in.WriteString("first")
		p.in.Close()
		run(t, p.l)
		require.False(t, p.w.Closed())
		second, in := readPipe(t, p.l, nil)
		second.Pipe(p.w, nil)
		in.WriteString(", second")
		in.Close()
		run(t, p.l)
		require.True(t, p.w.Closed())
		got, end := p.out.ReadAll()
		require.Equal(t, "first, second", string(got))
		require.True(t, end)
	})
}

func TestPipeLeavesAListenedToSourceAlone(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	var j journal
	j.data(p.r)
	j.readableEvents(p.r)
	p.r.Pipe(p.w, nil)
	p.in.WriteString("1")
	poll(t, l)
	p.w.Destroy(errTest)
	poll(t, l)
	p.in.WriteString("2")
	p.in.Close()
	run(t, l)
	j.Wants(t, "data:1 data:2 end close")
}

func TestPipeToSeveral(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	w2, out2 := writePipe(t, l, nil)
	p.r.Pipe(p.w, nil)
	p.r.Pipe(w2, nil)
	want := pattern(4 << 20)
	feedStream(t, l, p.in, want)
	var got, got2 []byte
	// One is read eagerly, the other in between only: both get everything, at the pace of the
	// slower.
	for turn := 0; l.Alive(); turn++ {
		poll(t, l)
		b, _ := p.out.ReadAll()
		got = append(got, b...)
		if turn%7 == 0 {
			b, _ := out2.ReadAll()
			got2 = append(got2, b...)
		}
		require.LessOrEqual(t, len(got)-len(got2), 2<<20, "the slow one holds the fast one back")
	}
	b, end := p.out.ReadAll()
	requireSame(t, want, append(got, b...))
	require.True(t, end)
	b, end = out2.ReadAll()
	requireSame(t, want, append(got2, b...))
	require.True(t, end)
}

// Two sources wait for room in the same destination, and neither waits for the other.
func TestTwoSourcesWaitForOneDestination(t *testing.T) {
	const each = 4 << 20
	eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
		hear()
		other, in := readPipe(t, p.l, nil)
		feedStream(t, p.l, p.in, bytes.Repeat([]byte("a"), each))
		feedStream(t, p.l, in, bytes.Repeat([]byte("b"), each))
		p.r.Pipe(p.w, &streams.PipeOptions{KeepOpen: true})
		other.Pipe(p.w, &streams.PipeOptions{KeepOpen: true})
		for before := int64(-1); before != p.r.BytesRead()+other.BytesRead(); {
			before = p.r.BytesRead() + other.BytesRead()
			for range 5 {
				poll(t, p.l)
			}
		}
		got, end := drainUntilIdle(t, p.l, p.out)
		require.False(t, end)
		rest, _ := p.out.ReadAll()
		got = append(got, rest...)
		require.Equal(t, each, bytes.Count(got, []byte("a")))
		require.Equal(t, each, bytes.Count(got, []byte("b")))
		require.Len(t, got, 2*each)
		p.w.End()
		run(t, p.l)
	})
}

// The user's writes go between the bytes of the pipe, whole and in order.
func TestWriteToAPipedDestination(t *testing.T) {
	for seed := range 10 {
		rng := rand.New(rand.NewPCG(uint64(seed), 5))
		l := newLoop(t)
		p := newPiping(t, l, nil)
		own := bytes.Repeat([]byte("#"), 200_000)
		want, got := randomPiping(t, rng, p, func() {
			if !p.w.Closed() {
				write(t, p.w, own)
			}
		})
		all := got()
		if len(all) == len(want) {
			continue // It was over before.
		}
		at := bytes.IndexByte(all, '#')
		require.GreaterOrEqual(t, at, 0)
		require.Len(t, all, len(want)+len(own))
		requireSame(t, own, all[at:at+len(own)])
		requireSame(t, want, append(all[:at:at], all[at+len(own):]...))
	}
}

// Both streams are ready in one turn, the source first. The bytes queued in the destination still
// go first.
func TestPipeStaysBehindASmallQueue(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, p *piping, hear func()) {
		n := fdtest.Borrow(t, p.w.FD()).Fill()
		hear()
		p.in.WriteString("piped")
		p.r.Pipe(p.w, nil)
		write(t, p.w, []byte("queued, "))
		require.False(t, p.w.NeedDrain(), "or the source would wait anyway")
		before, _ := p.out.ReadAll()
		require.Len(t, before, n)
		poll(t, p.l)
		p.in.Close()
		got, _ := drainUntilIdle(t, p.l, p.out)
		require.Equal(t, "queued, piped", string(got))
		run(t, p.l)
	})
}

func TestPipeToAFile(t *testing.T) {
	for name, flags := range map[string]int{"": 0, "append": unix.O_APPEND} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			path := filepath.Join(t.TempDir(), "file")
			r, in := readPipe(t, l, nil)
			want := pattern(3 << 20)
			feedStream(t, l, in, want)
			w := newWritable(t, l, openFile(t, path, unix.O_WRONLY|unix.O_CREAT|flags), nil)
			var j journal
			j.writableEvents(w)
			r.Pipe(w, nil)
			run(t, l)
			require.Equal(t, []string{"finish", "close"}, j.Entries[len(j.Entries)-2:])
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			requireSame(t, want, got)
		})
	}
}

func TestPipeFromAFile(t *testing.T) {
	l := newLoop(t)
	path := filepath.Join(t.TempDir(), "file")
	want := pattern(3 << 20)
	require.NoError(t, os.WriteFile(path, want, 0o600))
	r := newReadable(t, l, openFile(t, path, unix.O_RDONLY), nil)
	w, out := writePipe(t, l, nil)
	r.Pipe(w, nil)
	got, end := drainUntilIdle(t, l, out)
	require.True(t, end)
	requireSame(t, want, got)
	run(t, l)
}

func TestPipeFromFileToFile(t *testing.T) {
	l := newLoop(t)
	dir := t.TempDir()
	want := pattern(3 << 20)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), want, 0o600))
	r := newReadable(t, l, openFile(t, filepath.Join(dir, "a"), unix.O_RDONLY), nil)
	w := newWritable(t, l, openFile(t, filepath.Join(dir, "b"), unix.O_WRONLY|unix.O_CREAT), nil)
	r.Pipe(w, nil)
	run(t, l)
	got, err := os.ReadFile(filepath.Join(dir, "b"))
	require.NoError(t, err)
	requireSame(t, want, got)
}

func TestPipeBetweenPipesAndSockets(t *testing.T) {
	for _, c := range []struct{ from, to string }{{"pipe", "socket"}, {"socket", "pipe"}, {"socket", "socket"}} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			l := newLoop(t)
			ends := func(kind string) (r, w *descriptor) {
				if kind == "pipe" {
					return pipe(t)
				}
				return socketpair(t, unix.SOCK_STREAM)
			}
			src, in := ends(c.from)
			out, dst := ends(c.to)
			r, w := newReadable(t, l, src, nil), newWritable(t, l, dst, nil)
			want := pattern(3 << 20)
			feedStream(t, l, in, want)
			r.Pipe(w, nil)
			got, end := drainUntilIdle(t, l, out)
			require.True(t, end)
			requireSame(t, want, got)
			run(t, l)
			require.EqualValues(t, len(want), w.BytesWritten())
		})
	}
}

// threeChildren is a | b | c over the loop, and the output of c.
func threeChildren(t *testing.T, a, b, c []string) (out []byte, ends [3]string) {
	l := newLoop(t)
	aOut, aStdout := pipe(t)
	bStdin, bIn := pipe(t)
	bOut, bStdout := pipe(t)
	cStdin, cIn := pipe(t)
	cOut, cStdout := pipe(t)
	children := []*child{
		start(t, nil, aStdout, a[0], a[1:]...),
		start(t, bStdin, bStdout, b[0], b[1:]...),
		start(t, cStdin, cStdout, c[0], c[1:]...),
	}
	newReadable(t, l, aOut, nil).Pipe(newWritable(t, l, bIn, nil), nil)
	newReadable(t, l, bOut, nil).Pipe(newWritable(t, l, cIn, nil), nil)
	got := collect(t, newReadable(t, l, cOut, nil), -1)
	run(t, l)
	require.NoError(t, got.err)
	open, err := streams.OpenDescriptors(l)
	require.NoError(t, err)
	require.Zero(t, open)
	for i, child := range children {
		ends[i] = child.wait()
	}
	return got.data, ends
}

//brood:checks S038
func TestThreeChildren(t *testing.T) {
	t.Run("to the end", func(t *testing.T) {
		out, ends := threeChildren(t, []string{"seq", "100000"}, []string{"cat"}, []string{"tail", "-n", "1"})
		require.Equal(t, "100000\n", string(out))
		require.Equal(t, [3]string{"exit status 0", "exit status 0", "exit status 0"}, ends)
	})
	t.Run("the last has enough", func(t *testing.T) {
		out, ends := threeChildren(t, []string{"yes"}, []string{"cat"}, []string{"head", "-n", "1"})
		require.Equal(t, "y\n", string(out))
		require.Equal(t, [3]string{"signal: broken pipe", "signal: broken pipe", "exit status 0"}, ends)
	})
}

// If B could not be started, its stdin is a stream with an error: A ends without an error of its
// own.
//
//brood:checks S038
func TestFirstChildEndsWhenTheSecondIsMissing(t *testing.T) {
	l := newLoop(t)
	out, stdout := pipe(t)
	yes := start(t, nil, stdout, "yes")
	w, bStdin := writePipe(t, l, nil)
	r := newReadable(t, l, out, nil)
	var src, dst journal
	src.readableEvents(r)
	dst.writableEvents(w)
	r.Pipe(w, nil)
	bStdin.Close()
	w.Destroy(fmt.Errorf("no such B: %w", unix.ENOENT))
	run(t, l)
	src.Wants(t, "close")
	dst.Wants(t, "error:ENOENT close")
	require.Equal(t, "signal: broken pipe", yes.wait())
}
