package streams_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// sentinel fills the loop's read buffer: as long as it is there, no byte was read into the program.
const sentinel = 0xA5

func plantSentinel(t testing.TB, l *reactor.Loop) []byte {
	t.Helper()
	buf, err := streams.ReadBuffer(l)
	require.NoError(t, err)
	for i := range buf {
		buf[i] = sentinel
	}
	return buf
}

func untouched(buf []byte) bool {
	for _, b := range buf {
		if b != sentinel {
			return false
		}
	}
	return true
}

func TestSpliceReadsNothingIntoTheProgram(t *testing.T) {
	sandbox.Need(t, "splice")
	tcp := func(t testing.TB) (r, w *descriptor) { return tcpPair(t) }
	unixStream := func(t testing.TB) (r, w *descriptor) { return socketpair(t, unix.SOCK_STREAM) }
	for name, c := range map[string]struct {
		from, to func(t testing.TB) (r, w *descriptor)
		want     bool
	}{
		"pipe to pipe":        {pipe, pipe, true},
		"pipe to unix socket": {pipe, unixStream, true},
		"unix socket to pipe": {unixStream, pipe, true},
		"pipe to tcp":         {pipe, tcp, true},
		"tcp to pipe":         {tcp, pipe, true},
		"tcp to tcp":          {tcp, tcp, false}, // splice(2) needs a pipe on one side.
		"blocking pipes":      {blocking(pipe), blocking(pipe), true},
		// A socket heeds its own mode only, and might wait.
		"pipe to a blocking socket":   {pipe, blocking(tcp), false},
		"blocking socket to pipe":     {blocking(tcp), pipe, false},
		"blocking unix stream socket": {blocking(unixStream), pipe, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			src, in := c.from(t)
			out, dst := c.to(t)
			r, w := newReadable(t, l, src, nil), newWritable(t, l, dst, nil)
			buf := plantSentinel(t, l)
			require.NoError(t, unix.SetNonblock(in.FD, true))
			require.NoError(t, unix.SetNonblock(out.FD, true))
			want := pattern(3 << 20)
			feedStream(t, l, in, want)
			r.Pipe(w, nil)
			got, _ := drainUntilIdle(t, l, out)
			run(t, l)
			rest, _ := out.ReadAll()
			requireSame(t, want, append(got, rest...))
			require.EqualValues(t, len(want), r.BytesRead())
			require.EqualValues(t, len(want), w.BytesWritten())
			require.Equal(t, c.want, untouched(buf))
		})
	}
}

// On a blocking socket a second splice, after the one that took everything, would wait for ever.
func TestPipeFromABlockingSocketDoesNotBlockTheLoop(t *testing.T) {
	l := newLoop(t)
	src, in := tcpPair(t)
	r := newReadable(t, l, src.SetBlocking(), nil)
	w, out := writePipe(t, l, nil)
	r.Pipe(w, nil)
	in.WriteString("all for now")
	when(l, func() bool { return r.BytesRead() == 11 }, func() { in.Close() })
	got, end := drainUntilIdle(t, l, out)
	for !end {
		var p []byte
		poll(t, l)
		p, end = out.ReadAll()
		got = append(got, p...)
	}
	require.Equal(t, "all for now", string(got))
	run(t, l)
}

func TestSpliceToAndFromFiles(t *testing.T) {
	sandbox.Need(t, "splice")
	for name, c := range map[string]struct {
		flags int
		want  bool
	}{
		"":       {0, true},
		"append": {unix.O_APPEND, false}, // EINVAL: back to copying.
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			path := filepath.Join(t.TempDir(), "file")
			r, in := readPipe(t, l, nil)
			w := newWritable(t, l, openFile(t, path, unix.O_WRONLY|unix.O_CREAT|c.flags), nil)
			buf := plantSentinel(t, l)
			want := pattern(1 << 20)
			feedStream(t, l, in, want)
			r.Pipe(w, nil)
			run(t, l)
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			requireSame(t, want, got)
			require.Equal(t, c.want, untouched(buf))

			back := newReadable(t, l, openFile(t, path, unix.O_RDONLY), nil)
			w, out := writePipe(t, l, nil)
			buf = plantSentinel(t, l)
			back.Pipe(w, nil)
			got, _ = drainUntilIdle(t, l, out)
			requireSame(t, want, got)
			require.True(t, untouched(buf))
		})
	}
}

// While the source has another consumer, the bytes are read. When the last one has gone, they are
// spliced again.
func TestSpliceOnlyWithoutAnotherConsumer(t *testing.T) {
	sandbox.Need(t, "splice")
	l := newLoop(t)
	p := newPiping(t, l, nil)
	p.r.Pipe(p.w, nil)
	buf := plantSentinel(t, l)
	pass := func(s string, spliced bool) {
		t.Helper()
		p.in.WriteString(s)
		poll(t, l)
		got, _ := p.out.Read()
		require.Equal(t, s, string(got))
		require.Equal(t, spliced, untouched(buf), s)
		plantSentinel(t, l)
	}
	pass("spliced", true)
	var heard journal
	data := p.r.OnData(func(b []byte) { heard.Add(string(b)) })
	pass("data", false)
	data.Off()
	pass("spliced", true)
	text := p.r.OnText(func(s string) { heard.Add(s) })
	pass("text", false)
	text.Off()
	line := p.r.OnLine(func(b []byte) { heard.Add(string(b)) })
	pass("line\n", false)
	line.Off()
	pass("spliced", true)
	w2, out2 := writePipe(t, l, nil)
	p.r.Pipe(w2, nil)
	pass("two", false)
	p.r.Unpipe(w2)
	pass("spliced", true)
	heard.Wants(t, "data text line")
	got, _ := out2.Read()
	require.Equal(t, "two", string(got))
	require.EqualValues(t, len("spliceddatasplicedtextline\nsplicedtwospliced"), p.r.BytesRead())
	require.Equal(t, p.r.BytesRead(), p.w.BytesWritten())
	p.in.Close()
	w2.End()
	run(t, l)
}

// Bytes that were spliced between two listeners are missing in their data. The lines and characters
// before and behind are not joined.
func TestListenersAfterSplicingBeginAfresh(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	p.r.Pipe(p.w, nil)
	var j journal
	listen := func() (off func()) {
		line := p.r.OnLine(func(b []byte) { j.Add("line:" + string(b)) })
		text := p.r.OnText(func(s string) { j.Add("text:" + s) })
		return func() { line.Off(); text.Off() }
	}
	pass := func(s string) {
		p.in.WriteString(s)
		poll(t, l)
	}
	off := listen()
	pass("begun\xE2")
	off()
	pass("spliced")
	listen()
	pass("\x82\xAC late\n")
	p.in.Close()
	run(t, l)
	j.Wants(t, "text:begun text:\uFFFD\uFFFD late\n line:\x82\xAC late")
}

// The destination's queue goes first. Then splicing begins.
func TestSpliceBeginsWhenTheQueueIsEmpty(t *testing.T) {
	sandbox.Need(t, "splice")
	l := newLoop(t)
	p := newPiping(t, l, nil)
	write(t, p.w, make([]byte, 2<<20))
	queued := p.w.Buffered()
	require.Positive(t, queued)
	p.r.Pipe(p.w, nil)
	p.in.WriteString("after")
	buf := plantSentinel(t, l)
	got, _ := p.out.ReadAll()
	for p.w.Buffered() > 0 {
		poll(t, l)
		b, _ := p.out.ReadAll()
		got = append(got, b...)
	}
	require.True(t, untouched(buf))
	for p.r.BytesRead() == 0 {
		poll(t, l)
	}
	b, _ := p.out.ReadAll()
	got = append(got, b...)
	require.Equal(t, "after", string(got[2<<20:]))
	require.True(t, untouched(buf))
	p.in.Close()
	run(t, l)
}

// WriteThen counts spliced bytes, but they do not complete a write.
func TestWriteThenBesidesASplicedPipe(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	p.r.Pipe(p.w, nil)
	var j journal
	var got []byte
	for i := range 50 {
		p.in.Write(make([]byte, 4096))
		if i%3 == 0 {
			poll(t, l)
		}
		if i%10 == 9 {
			b, _ := p.out.ReadAll()
			got = append(got, b...)
		}
		if i == 20 {
			j.written(t, p.w, "written", []byte("mine"))
		}
	}
	p.in.Close()
	rest, _ := drainUntilIdle(t, l, p.out)
	require.Len(t, append(got, rest...), 50*4096+4)
	j.Wants(t, "written")
	run(t, l)
}

// An error of the destination destroys the destination, not the source.
func TestSpliceErrorIsTheDestinations(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	w := newWritable(t, l, openFile(t, "/dev/full", unix.O_WRONLY), nil)
	var src, dst journal
	src.readableEvents(r)
	dst.writableEvents(w)
	r.Pipe(w, nil)
	in.WriteString("x")
	run(t, l)
	dst.Wants(t, "error:ENOSPC close")
	src.Wants(t, "close")
}

func TestSpliceToAResetConnection(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	peer, dst := tcpPair(t)
	w := newWritable(t, l, dst, nil)
	var src, j journal
	src.readableEvents(r)
	j.writableEvents(w)
	r.Pipe(w, nil)
	require.NoError(t, unix.SetsockoptLinger(peer.FD, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
	peer.Close() // Sends a reset.
	in.WriteString("x")
	run(t, l)
	require.Contains(t, []string{"error:ECONNRESET close", "error:EPIPE close"}, j.Entries[0]+" "+j.Entries[1])
	src.Wants(t, "close")
}

func TestSpliceFromAResetConnection(t *testing.T) {
	l := newLoop(t)
	peer, src := tcpPair(t)
	r := newReadable(t, l, src, nil)
	w, out := writePipe(t, l, nil)
	var j journal
	j.readableEvents(r)
	r.Pipe(w, nil)
	require.NoError(t, unix.SetsockoptLinger(peer.FD, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
	peer.Close()
	run(t, l)
	j.Wants(t, "error:ECONNRESET close")
	_, end := out.ReadAll()
	require.True(t, end)
}

//brood:checks S038
func TestNoDataOfThreeChildrenPassesThroughTheProgram(t *testing.T) {
	sandbox.Need(t, "splice")
	l := newLoop(t)
	aOut, aStdout := pipe(t)
	bStdin, bIn := pipe(t)
	bOut, bStdout := pipe(t)
	cStdin, cIn := pipe(t)
	yes := start(t, nil, aStdout, "yes")
	cat := start(t, bStdin, bStdout, "cat")
	head := start(t, cStdin, nil, "head", "-c", "16777216")
	a, b := newReadable(t, l, aOut, nil), newReadable(t, l, bOut, nil)
	buf := plantSentinel(t, l)
	a.Pipe(newWritable(t, l, bIn, nil), nil)
	b.Pipe(newWritable(t, l, cIn, nil), nil)
	run(t, l)
	require.GreaterOrEqual(t, b.BytesRead(), int64(16<<20))
	require.GreaterOrEqual(t, a.BytesRead(), b.BytesRead())
	require.True(t, untouched(buf))
	require.Equal(t, "exit status 0", head.wait())
	require.Equal(t, "signal: broken pipe", cat.wait())
	require.Equal(t, "signal: broken pipe", yes.wait())
}
