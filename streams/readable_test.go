package streams_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/streams"
)

func init() {
	// Writes the numbers 0, 1, 2… as eight bytes each until the pipe has no reader.
	helperproc.Register("numbers", func([]string) {
		buf := make([]byte, 32<<10)
		for n := uint64(0); ; {
			for i := 0; i < len(buf); i += 8 {
				binary.BigEndian.PutUint64(buf[i:], n)
				n++
			}
			if _, err := os.Stdout.Write(buf); err != nil {
				helperproc.Exit(3)
			}
		}
	})
}

func TestNothingIsReadBeforeTheFirstListener(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	r.OnEnd(func() { require.Fail(t, "end without a reader") })
	r.OnError(func(err error) { require.NoError(t, err) })
	w.WriteString("unread")
	w.Close()
	require.False(t, r.Flowing())
	run(t, l) // It returns: a stream that does not flow keeps nothing alive.
	require.Zero(t, r.BytesRead())
	require.False(t, r.Closed())
}

func TestFirstListenerStartsTheFlow(t *testing.T) {
	for name, listen := range map[string]func(*streams.Readable, *streams.Writable){
		"OnData":  func(r *streams.Readable, _ *streams.Writable) { r.OnData(func([]byte) {}) },
		"OnText":  func(r *streams.Readable, _ *streams.Writable) { r.OnText(func(string) {}) },
		"OnLine":  func(r *streams.Readable, _ *streams.Writable) { r.OnLine(func([]byte) {}) },
		"Collect": func(r *streams.Readable, _ *streams.Writable) { r.Collect(-1, func([]byte, error) {}) },
		"Reader":  func(r *streams.Readable, _ *streams.Writable) { r.Reader() },
		"Pipe":    func(r *streams.Readable, w *streams.Writable) { r.Pipe(w, nil) },
		"Resume":  func(r *streams.Readable, _ *streams.Writable) { r.Resume() },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, in := readPipe(t, l, nil)
			w, out := writePipe(t, l, nil)
			in.WriteString("data\n")
			require.False(t, r.Flowing())
			listen(r, w)
			require.True(t, r.Flowing())
			require.Zero(t, r.BytesRead(), "read inside the call")
			poll(t, l)
			require.EqualValues(t, 5, r.BytesRead())
			in.Close()
			run(t, l)
			require.True(t, r.Closed())
			w.End()
			run(t, l)
			out.Close()
		})
	}
}

func TestPauseBeforeTheFirstListenerHolds(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.Pause()
	j.data(r)
	j.readableEvents(r)
	w.WriteString("late")
	w.Close()
	require.False(t, r.Flowing())
	run(t, l)
	j.Wants(t, "")
	r.Resume()
	require.True(t, r.Flowing())
	j.Wants(t, "") // Never inside the call.
	run(t, l)
	j.Wants(t, "data:late end close")
}

func TestResumeWithoutListenersThrowsAway(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	j.readableEvents(r)
	r.Resume()
	w.WriteString("unheard")
	poll(t, l)
	require.EqualValues(t, 7, r.BytesRead())
	j.data(r)
	w.WriteString("heard")
	w.Close()
	run(t, l)
	j.Wants(t, "data:heard end close")
}

func TestFlowGoesOnWhenTheLastListenerLeaves(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	listener := r.OnData(func(p []byte) { j.Add(string(p)) })
	w.WriteString("one")
	poll(t, l)
	listener.Off()
	w.WriteString("two")
	poll(t, l)
	require.True(t, r.Flowing())
	require.EqualValues(t, 6, r.BytesRead())
	j.Wants(t, "one")
	w.Close()
	run(t, l)
}

func TestEveryListenerGetsEveryChunk(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnData(func(p []byte) { j.Add("a:" + string(p)) })
	r.OnData(func(p []byte) { j.Add("b:" + string(p)) })
	r.OnText(func(s string) { j.Add("text:" + s) })
	r.OnLine(func(p []byte) { j.Add("line:" + string(p)) })
	j.readableEvents(r)
	w.WriteString("x\ny")
	poll(t, l)
	j.Wants(t, "a:x\ny b:x\ny text:x\ny line:x")
	w.Close()
	run(t, l)
	j.Wants(t, "line:y end close")
}

func TestChunksAreBorrowed(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var kept []byte
	r.OnData(func(p []byte) {
		require.Equal(t, "precious", string(p))
		kept = p
	})
	w.WriteString("precious")
	w.Close()
	run(t, l)
	require.NotContains(t, string(kept), "e", "the buffer is the loop's again")
}

func TestStreamsOfALoopShareTheReadBuffer(t *testing.T) {
	l := newLoop(t)
	shared, err := streams.ReadBuffer(l)
	require.NoError(t, err)
	for range 3 {
		r, w := readPipe(t, l, nil)
		r.OnData(func(p []byte) { require.Same(t, &shared[0], &p[0]) })
		w.WriteString("x")
		w.Close()
	}
	run(t, l)

	other, err := streams.ReadBuffer(newLoop(t))
	require.NoError(t, err)
	require.NotSame(t, &shared[0], &other[0], "two loops never meet")
}

// /dev/zero is always ready and never ends.
func TestEndlessSourceDoesNotStarveOthers(t *testing.T) {
	l := newLoop(t)
	zero := newReadable(t, l, openFile(t, "/dev/zero", unix.O_RDONLY|unix.O_NONBLOCK), nil)
	chunks := 0
	zero.OnData(func([]byte) { chunks++ })
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnData(func(p []byte) {
		j.Add(string(p))
		require.LessOrEqual(t, chunks, streams.ReadBudget)
		chunks = 0
		if len(j.Entries) == 10 {
			zero.Destroy(nil)
			w.Close()
			return
		}
		w.WriteString("x")
	})
	w.WriteString("x")
	run(t, l)
	require.Len(t, j.Entries, 10)
}

// A pipe that one read has emptied is not read again, unless its writer has gone: then the end is
// found at once.
func TestChunksArriveAsTheyWereWritten(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var got []string
	r.OnData(func(p []byte) {
		got = append(got, string(p))
		if n := len(got); n < 4 {
			w.WriteString(fmt.Sprint(n))
		} else {
			w.Close()
		}
	})
	w.WriteString("0")
	run(t, l)
	require.Equal(t, []string{"0", "1", "2", "3"}, got)
}

//brood:checks S028
func TestTextComesBackThroughCat(t *testing.T) {
	l := newLoop(t)
	stdin, w := pipe(t)
	r, stdout := pipe(t)
	in, out := newWritable(t, l, w, nil), newReadable(t, l, r, nil)
	cat := start(t, stdin, stdout, "cat")
	var j journal
	text := ""
	out.OnText(func(s string) { text += s })
	in.OnFinish(j.Note("finish"))
	out.OnEnd(j.Note("end"))
	out.OnClose(j.Note("close"))
	_, err := in.WriteString("grüße\n")
	require.NoError(t, err)
	in.End()
	run(t, l)
	require.Equal(t, "exit status 0", cat.wait())
	require.Equal(t, "grüße\n", text)
	j.Wants(t, "finish end close")
}

// The child blocks, because its pipe is full and the stream has read no more than one chunk.
//
//brood:checks S031
func TestPauseStopsAnEndlessChildAndResumeLosesNothing(t *testing.T) {
	l := newLoop(t)
	r, stdout := pipe(t)
	probe := stdout.Dup() // The same pipe: poll(2) tells when it is full.
	numbers := startHelper(t, nil, stdout, "numbers")
	s := newReadable(t, l, r, nil)
	next, tail := uint64(0), []byte(nil)
	checkNumbers := func(p []byte) {
		for tail = append(tail, p...); len(tail) >= 8; tail = tail[8:] {
			if n := binary.BigEndian.Uint64(tail); n != next {
				require.Equal(t, next, n)
			}
			next++
		}
	}
	var pausedAt int64
	paused := false
	s.OnData(func(p []byte) {
		require.False(t, paused, "data while paused")
		checkNumbers(p)
		if pausedAt == 0 {
			pausedAt = s.BytesRead()
			paused = true
			s.Pause()
			when(l, func() bool { return !probe.Writable() }, func() {
				require.Equal(t, pausedAt, s.BytesRead())
				paused = false
				s.Resume()
			})
		}
		if s.BytesRead() > 8<<20 {
			s.Destroy(nil)
		}
	})
	run(t, l)
	require.LessOrEqual(t, pausedAt, int64(streams.ReadBufferSize))
	require.Greater(t, next, uint64(1<<20))
	probe.Close()
	require.Equal(t, "signal: broken pipe", numbers.wait())
}

//brood:checks S034
func TestOneByteThenTheEndAfterAPause(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnData(func(p []byte) { j.Add("data:" + string(p)); r.Pause() })
	j.readableEvents(r)
	w.WriteString("1")
	w.Close()
	run(t, l)
	j.Wants(t, "data:1")
	require.False(t, l.Alive())
	r.Resume()
	run(t, l)
	j.Wants(t, "end close")
	run(t, l)
	j.Wants(t, "")
}

// Adding and removing listeners while a chunk is delivered follows events.Event.
func TestListenersMayComeAndGoInsideACallback(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var got []string
	a := r.OnData(func([]byte) { got = append(got, "a") })
	r.OnData(func([]byte) {
		got = append(got, "b")
		a.Off()
		if len(got) == 2 {
			r.OnData(func([]byte) { got = append(got, "c") })
		}
	})
	w.WriteString("1")
	poll(t, l)
	w.WriteString("2")
	poll(t, l)
	w.Close()
	run(t, l)
	require.Equal(t, []string{"a", "b", "b", "c"}, got)
}
