package streams_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/streams"
)

func TestACutIsAnEnd(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	j.readableEvents(r)
	r.OnLine(func(line []byte) { j.Add("line:" + string(line)) })
	r.OnText(func(s string) { j.Add("text:" + s) })
	w.WriteString("one\ntwo\xC3") // A line and a character are cut off.
	require.True(t, poll(t, l))
	j.Wants(t, "text:one\ntwo line:one")
	w.WriteString("unread")
	require.True(t, r.Cut())
	require.False(t, r.Cut())
	require.True(t, r.Closed())
	require.Equal(t, -1, r.FD())
	j.Wants(t, "")
	run(t, l)
	j.Wants(t, "text:\uFFFD line:two\xC3 end close")
}

func TestACutOfAPausedStreamWaitsForResume(t *testing.T) {
	l := newLoop(t)
	r, _ := readPipe(t, l, nil)
	var j journal
	j.readableEvents(r)
	r.Pause()
	require.True(t, r.Cut())
	run(t, l)
	j.Wants(t, "")
	require.True(t, r.HoldsEnd())
	r.Resume()
	run(t, l)
	j.Wants(t, "end close")
}

func TestACutEndsTheDestinationOfAPipe(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	to, from := writePipe(t, l, nil)
	var j journal
	j.writableEvents(to)
	r.Pipe(to, nil)
	w.WriteString("all of it")
	require.True(t, poll(t, l))
	r.Cut()
	run(t, l)
	j.Wants(t, "finish close")
	got, end := from.ReadAll()
	require.Equal(t, "all of it", string(got))
	require.True(t, end)
}

func TestACutOfOneHalfLeavesTheOther(t *testing.T) {
	l := newLoop(t)
	a, b := socketpair(t, unix.SOCK_STREAM)
	x := newDuplex(t, l, a)
	require.True(t, x.Readable.Cut())
	_, err := x.Writable.WriteString("still here")
	require.NoError(t, err)
	run(t, l)
	got, _ := b.Read()
	require.Equal(t, "still here", string(got))
	x.Destroy(nil)
	require.False(t, x.Readable.Cut())
	run(t, l)
}

func TestAGoroutineGetsTheBytesReadBeforeACut(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 4})
	lines := r.Lines()
	require.True(t, poll(t, l)) // Attaches the bridge.
	require.False(t, r.HeldBack())
	w.WriteString("a\nbc")
	require.True(t, poll(t, l))
	require.True(t, r.HeldBack(), "the bridge is full")
	w.WriteString("d") // Is in the kernel.
	require.True(t, r.Cut())
	require.False(t, r.HeldBack())
	run(t, l) // Nothing waits for the goroutine.
	var got []string
	for line, err := range lines {
		require.NoError(t, err)
		got = append(got, string(line))
	}
	require.Equal(t, []string{"a", "bc"}, got)
}

// The bytes that a full bridge had no room for do not keep the end from coming, and are not lost.
func TestAGoroutineGetsTheBytesAheadOfACut(t *testing.T) {
	l := newLoop(t)
	r, _ := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 4})
	var j journal
	j.readableEvents(r)
	require.NoError(t, r.Unshift([]byte("abcdefgh")))
	reader := r.Reader()
	require.True(t, poll(t, l))
	require.True(t, r.HeldBack(), "the bridge is full")
	require.True(t, r.Cut())
	run(t, l)
	j.Wants(t, "end close")
	got, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Equal(t, "abcdefgh", string(got))
}

func TestAGoroutineGetsTheChunkWhoseListenerCuts(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	r.OnData(func([]byte) { r.Cut() })
	reader := r.Reader()
	w.WriteString("chunk")
	run(t, l)
	got, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Equal(t, "chunk", string(got))
}

func TestACutInACallback(t *testing.T) {
	for kind, listen := range map[string]func(r *streams.Readable, cut func()){
		"data": func(r *streams.Readable, cut func()) { r.OnData(func([]byte) { cut() }) },
		"text": func(r *streams.Readable, cut func()) { r.OnText(func(string) { cut() }) },
		"line": func(r *streams.Readable, cut func()) { r.OnLine(func([]byte) { cut() }) },
	} {
		t.Run(kind, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			var j journal
			listen(r, func() {
				j.Add(kind)
				r.Cut()
			})
			r.OnLine(func(line []byte) { j.Add(string(line)) })
			j.readableEvents(r)
			w.WriteString("one\ntwo\nthree")
			run(t, l)
			if kind == "line" {
				j.Wants(t, "line one line two line three end close") // Its own chunk is all read.
				return
			}
			j.Wants(t, kind+" one two three end close")
		})
	}
}
