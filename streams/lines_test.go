package streams_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// lineResult is the result of a range over Lines.
type lineResult struct {
	lines []string
	err   error
}

// rangeLines ranges over lines to their end, on this goroutine. Pairs behind an error, which must
// not come, show among the lines.
func rangeLines(lines iter.Seq2[[]byte, error]) (got lineResult) {
	for line, err := range lines {
		switch {
		case got.err != nil:
			got.lines = append(got.lines, "after the error: "+string(line))
		case err != nil:
			got.err = err
		default:
			got.lines = append(got.lines, string(line))
		}
	}
	return got
}

// rangingLines is rangeLines on another goroutine, which ends when its result was taken. The flow
// starts here, because a stream that does not flow does not keep the loop alive.
func rangingLines(r *streams.Readable) <-chan lineResult {
	lines := r.Lines()
	result := make(chan lineResult)
	go func() { result <- rangeLines(lines) }()
	return result
}

//brood:checks S037
func TestLinesForAnotherGoroutine(t *testing.T) {
	const in = "one\r\n\r\n\ntwö\nthree\r\r\n\rfour\nlonger than the smaller marks\nlast\r"
	for _, mark := range []int{1, 2, 3, 7, 0} {
		for cut := range len(in) {
			l := newLoop(t)
			r, w := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: mark})
			result := rangingLines(r)
			w.WriteString(in[:cut])
			poll(t, l)
			w.WriteString(in[cut:])
			w.Close()
			run(t, l)
			got := <-result
			require.NoError(t, got.err)
			require.Equal(t, linesOf([]byte(in)), got.lines, "cut at %d, mark %d", cut, mark)
			if testing.Short() {
				break
			}
		}
	}
}

//brood:checks S037
func TestLinesOfLongData(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	w := newWritable(t, l, in, nil)
	text := strings.ReplaceAll(string(pattern(4<<20)), "7 ", "\n")
	text += strings.Repeat("long", 100_000) // Longer than the bridge.
	_, err := w.WriteString(text)
	require.NoError(t, err)
	w.End()
	result := rangingLines(r)
	run(t, l)
	got := <-result
	require.NoError(t, got.err)
	requireSame(t, []byte(text), []byte(strings.Join(got.lines, "\n")))
}

// Lines is called while the loop runs: sometimes in the middle of a turn, sometimes while it
// sleeps.
func TestLinesOfManyStreamsFromManyGoroutines(t *testing.T) {
	l := newLoop(t)
	const streamCount, lineCount = 50, 200
	var waits []func()
	results := make([]lineResult, streamCount)
	for i := range streamCount {
		r, w := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 100})
		w.WriteString(strings.Repeat("a line\n", lineCount))
		w.Close()
		waits = append(waits, beside(t, l, func() { results[i] = rangeLines(r.Lines()) }))
	}
	run(t, l)
	for i, wait := range waits {
		wait()
		require.NoError(t, results[i].err)
		require.Len(t, results[i].lines, lineCount)
	}
}

// The bridge and the lines of the range hold at most the high-water mark. After the break the child
// dies, and nothing is left.
//
//brood:checks S037
func TestSlowRangeStopsAnEndlessChildAndBreakEndsIt(t *testing.T) {
	const mark, enough = 10_000, 300_000
	l := newLoop(t)
	out, stdout := pipe(t)
	probe := stdout.Dup()
	yes := start(t, nil, stdout, "yes")
	r := newReadable(t, l, out, &streams.ReadableOptions{HighWaterMark: mark})
	lines := r.Lines()     // Before OnData, which starts the flow too.
	var begun atomic.Int64 // bytes of the lines whose iterations have begun
	var left atomic.Bool
	r.OnData(func([]byte) {
		if !left.Load() {
			require.LessOrEqual(t, r.BytesRead(), begun.Load()+mark)
		}
	})
	goOn := make(chan struct{})
	wait := beside(t, l, func() {
		for line, err := range lines {
			if string(line) != "y" || err != nil {
				t.Errorf("%q, %v", line, err)
			}
			if begun.Add(2) == 2 {
				<-goOn
			}
			if begun.Load() >= enough {
				left.Store(true)
				break
			}
		}
	})
	when(l, func() bool { return begun.Load() == 2 && r.BytesRead() == mark && !probe.Writable() }, func() {
		require.True(t, r.Flowing(), "backpressure is not the user's pause")
		probe.Close()
		close(goOn)
	})
	run(t, l)
	wait()
	require.Equal(t, "signal: broken pipe", yes.wait())
	require.True(t, r.Closed())
	n, err := streams.OpenDescriptors(l)
	require.NoError(t, err)
	require.Zero(t, n)
}

// In every way of leaving a range, the stream is destroyed, and the full bridge lets the loop end.
func TestLeavingARangeDestroysTheStream(t *testing.T) {
	for name, leave := range map[string]func(){
		"break":  nil,
		"panic":  func() { panic(errTest) },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 100})
			var j journal
			j.readableEvents(r)
			lines := r.Lines()
			w.WriteString(strings.Repeat("line\n", 1000))
			poll(t, l)
			require.EqualValues(t, 100, r.BytesRead())
			require.True(t, l.Alive(), "a full bridge holds the loop")
			done := make(chan struct{})
			go func() { // The test waits for it.
				defer close(done)
				defer func() { _ = recover() }()
				for range lines {
					if leave == nil {
						break
					}
					leave()
				}
			}()
			<-done
			run(t, l)
			j.Wants(t, "close")
			_, err := unix.Write(w.FD, []byte("x"))
			require.Equal(t, unix.EPIPE, err)
			require.Equal(t, lineResult{err: streams.ErrClosed}, rangeLines(r.Lines()), "a second range")
			require.False(t, l.Alive())
		})
	}
}

// After the end nothing is posted to the loop, which may never run again.
func TestBreakAfterTheEndPostsNothing(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	lines := r.Lines()
	feed(t, l, w, []byte("one\ntwo\n"))
	for line := range lines {
		require.Equal(t, "one", string(line))
		break
	}
	require.False(t, l.Alive())
}

func TestRangeGetsTheErrorAfterTheLines(t *testing.T) {
	for name, c := range map[string]struct{ give, want error }{
		"an error": {errTest, errTest},
		"none":     {nil, streams.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			lines := r.Lines()
			w.WriteString("before\nhalf a line")
			poll(t, l)
			r.Destroy(c.give)
			run(t, l)
			require.Equal(t, lineResult{[]string{"before"}, c.want}, rangeLines(r.Lines()))
			for line, err := range lines { // The same bridge.
				require.Nil(t, line)
				require.Equal(t, c.want, err)
			}
		})
	}
}

func TestTooLongLineEndsTheRangeAndTheStream(t *testing.T) {
	for label, c := range map[string]struct {
		in      string
		tooLong bool
	}{
		"fits":                         {"12345\n12345\r\n12345", false},
		"too long":                     {"1\n123456\n", true},
		"too long without its newline": {"1\n123456", true},
		"too long, but for a return":   {"1\n123456\r", true},
	} {
		t.Run(label, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, &streams.ReadableOptions{MaxLine: 5})
			var j journal
			j.readableEvents(r)
			result := rangingLines(r)
			w.WriteString(c.in)
			if !c.tooLong {
				w.Close()
				run(t, l)
				require.Equal(t, lineResult{[]string{"12345", "12345", "12345"}, nil}, <-result)
				j.Wants(t, "end close")
				return
			}
			run(t, l)
			require.Equal(t, lineResult{[]string{"1"}, streams.ErrLineTooLong}, <-result)
			j.Wants(t, "error:"+name(streams.ErrLineTooLong)+" close")
			_, err := unix.Write(w.FD, []byte("x"))
			require.Equal(t, unix.EPIPE, err)
		})
	}
}

// An endless line is an error as soon as it is over the limit, and its writer gets SIGPIPE.
func TestEndlessLineEndsItsWriter(t *testing.T) {
	l := newLoop(t)
	out, stdout := pipe(t)
	zeros := start(t, nil, stdout, "cat", "/dev/zero")
	r := newReadable(t, l, out, &streams.ReadableOptions{MaxLine: 1 << 20})
	var j journal
	j.readableEvents(r)
	result := rangingLines(r)
	run(t, l)
	require.Equal(t, lineResult{err: streams.ErrLineTooLong}, <-result)
	require.Equal(t, "signal: broken pipe", zeros.wait())
	j.Wants(t, "error:"+name(streams.ErrLineTooLong)+" close")
	// The turn in which the range finds out goes on to its end.
	most := 1<<20 + 2*streams.DefaultHighWaterMark + streams.ReadBudget*streams.ReadBufferSize
	require.LessOrEqual(t, r.BytesRead(), int64(most))
}

func TestLoopCloseEndsARangeThatWaits(t *testing.T) {
	l, err := reactor.New(nil)
	require.NoError(t, err)
	r, _ := readPipe(t, l, nil)
	r.Unref()
	result := rangingLines(r)
	run(t, l)
	require.NoError(t, l.Close())
	require.Equal(t, lineResult{err: streams.ErrClosed}, <-result)
	require.Equal(t, lineResult{err: streams.ErrClosed}, rangeLines(r.Lines()), "on a closed loop")
}

func TestLinesOfAClosedStreamPostsNothing(t *testing.T) {
	l := newLoop(t)
	ended, w := readPipe(t, l, nil)
	ended.Resume()
	w.Close()
	failed, _ := readPipe(t, l, nil)
	failed.Destroy(errTest)
	run(t, l)
	require.Equal(t, lineResult{}, rangeLines(ended.Lines()))
	require.Equal(t, lineResult{err: errTest}, rangeLines(failed.Lines()))
	require.False(t, l.Alive())
}

func TestRangeInACallbackPanics(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	lines := r.Lines()
	w.WriteString("line\n")
	w.Close()
	l.NextTick(func() {
		require.PanicsWithValue(t, "streams: range over Lines on the loop goroutine: it would wait for itself", func() {
			for range lines {
				require.Fail(t, "a line in a callback")
			}
		})
	})
	run(t, l)
	require.Equal(t, lineResult{lines: []string{"line"}}, rangeLines(r.Lines()), "outside it is harmless")
}

func TestTwoRangesAtOncePanic(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	lines := r.Lines()
	feed(t, l, w, []byte("one\ntwo\n"))
	count := 0
	for range lines {
		count++
		require.PanicsWithValue(t, "streams: Lines: two ranges at once", func() {
			for range r.Lines() {
				require.Fail(t, "a line for two")
			}
		})
	}
	require.Equal(t, 2, count)
	require.Equal(t, lineResult{}, rangeLines(r.Lines()), "one after the other")
}

// Retain keeps at most the high-water mark. A range over less than all data ends with an error.
func TestRetainedDataIsForALaterRange(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want lineResult
	}{
		"nothing":   {"", lineResult{}},
		"a little":  {"one\ntwo", lineResult{lines: []string{"one", "two"}}},
		"the mark":  {"one\n23456", lineResult{lines: []string{"one", "23456"}}},
		"too much":  {"one\n234567", lineResult{[]string{"one"}, streams.ErrUnread}},
		"very much": {"one\n" + strings.Repeat("much\n", 1000), lineResult{[]string{"one", "much"}, streams.ErrUnread}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 9})
			r.Retain()
			feed(t, l, w, []byte(c.in))
			require.EqualValues(t, len(c.in), r.BytesRead())
			require.Equal(t, c.want, rangeLines(r.Lines()))
		})
	}
}

// A range that begins while data is still coming gets all of it, with backpressure, even if the
// retained data has reached the mark.
func TestRangeTakesOverFromRetain(t *testing.T) {
	for _, retained := range []string{"", "one\n", "one\n23456"} {
		l := newLoop(t)
		r, w := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 9})
		r.Retain()
		if retained != "" {
			w.WriteString(retained)
			poll(t, l)
		}
		lines := r.Lines()
		rest := "\n" + strings.Repeat("much\n", 1000)
		w.WriteString(rest)
		w.Close()
		poll(t, l)
		require.EqualValues(t, 9, r.BytesRead())
		var got []string
		wait := beside(t, l, func() {
			for line := range lines {
				got = append(got, string(line))
			}
		})
		run(t, l)
		wait()
		require.Equal(t, linesOf([]byte(retained+rest)), got)
	}
}

// Data that is read before the loop runs the function posted by Lines is for the range too.
func TestRangeAskedForInTheSameTurnMissesNothing(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 9})
	r.Retain()
	in := strings.Repeat("much\n", 1000)
	w.WriteString(in)
	w.Close()
	var lines iter.Seq2[[]byte, error]
	// The function that this posts runs in the next turn.
	require.NoError(t, l.Post(func() { lines = r.Lines() }))
	poll(t, l)
	var got lineResult
	wait := beside(t, l, func() { got = rangeLines(lines) })
	run(t, l)
	wait()
	require.Equal(t, lineResult{lines: linesOf([]byte(in))}, got)
}

func TestRetainKeepsOnlyDataWithoutAConsumer(t *testing.T) {
	for name, c := range map[string]func(r *streams.Readable, j *journal){
		"data":    func(r *streams.Readable, j *journal) { r.OnData(func(p []byte) { j.Add(string(p)) }) },
		"text":    func(r *streams.Readable, j *journal) { r.OnText(j.Add) },
		"flowing": func(r *streams.Readable, j *journal) { r.Resume(); j.Add("heard") },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			var j journal
			c(r, &j)
			r.Retain()
			feed(t, l, w, []byte("heard"))
			j.Wants(t, "heard")
			require.Equal(t, lineResult{}, rangeLines(r.Lines()))
		})
	}
}

// FuzzLinesForAnotherGoroutine splits data anywhere, with any mark and limit, and compares with the
// lines of the whole.
func FuzzLinesForAnotherGoroutine(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\r\nlast"), []byte{1}, uint8(0), uint8(1), uint8(0))
	f.Add([]byte("\r\r\n\n\r"), []byte{2, 1}, uint8(1), uint8(2), uint8(0))
	f.Add([]byte("long line\r\nlonger line\n"), []byte{200}, uint8(9), uint8(0), uint8(0))
	f.Add([]byte("12345\r"), []byte{6}, uint8(5), uint8(3), uint8(0))
	l := newLoop(f)
	f.Add([]byte("10%\r20%\r\n\rdone\n\r"), []byte{4, 1}, uint8(5), uint8(3), uint8(1))
	f.Add([]byte("a\nb\x00\x00c\r\x00last"), []byte{3}, uint8(0), uint8(2), uint8(2))
	f.Fuzz(func(t *testing.T, data, cuts []byte, maxLine, mark, lineEnd uint8) {
		if len(data) > fuzzLimit {
			return
		}
		end := streams.LineEnd(lineEnd) % (streams.NUL + 1)
		want := lineResult{lines: linesBy(end, data)}
		for i, line := range want.lines {
			if maxLine > 0 && len(line) > int(maxLine) {
				want = lineResult{want.lines[:i:i], streams.ErrLineTooLong}
				break
			}
		}
		r, w := readPipe(t, l, &streams.ReadableOptions{
			LineEnd: end, MaxLine: int(maxLine), HighWaterMark: int(mark),
		})
		result := make(chan lineResult, 1)
		wait := beside(t, l, func() { result <- rangeLines(r.Lines()) })
		for _, p := range split(data, cuts) {
			if r.Closed() {
				break // The rest would have no reader.
			}
			w.Write(p)
			poll(t, l)
		}
		w.Close()
		run(t, l)
		wait()
		got := <-result
		require.ErrorIs(t, got.err, want.err)
		require.Equal(t, len(want.lines), len(got.lines))
		for i := range want.lines {
			require.Equal(t, want.lines[i], got.lines[i], "line %d", i)
		}
	})
}

// The guard of Lines does not panic on a goroutine that works for a callback.
func TestRangeBesideACallback(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	feedDone := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	result := make(chan lineResult, 1)
	l.NextTick(func() {
		go func() { // Ends with the range.
			result <- rangeLines(r.Lines())
			cancel(feedDone)
		}()
	})
	w.WriteString("line\n")
	w.Close()
	release := l.Hold()
	require.Equal(t, feedDone, l.RunContext(ctx))
	release()
	require.Equal(t, lineResult{lines: []string{"line"}}, <-result)
	run(t, l)
}
