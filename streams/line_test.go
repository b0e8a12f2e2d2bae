package streams_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// linesOf splits all data at once, as OnLine promises by default.
func linesOf(data []byte) []string { return linesBy(streams.Newline, data) }

// lineEnds matches the end of a line.
var lineEnds = map[streams.LineEnd]*regexp.Regexp{
	streams.Newline:        regexp.MustCompile("\r?\n"),
	streams.CarriageReturn: regexp.MustCompile("\r\n|\r|\n"),
	streams.NUL:            regexp.MustCompile("\x00"),
}

// linesBy is linesOf for any LineEnd.
func linesBy(end streams.LineEnd, data []byte) (lines []string) {
	for len(data) > 0 {
		at := lineEnds[end].FindIndex(data)
		if at == nil {
			at = []int{len(data), len(data)}
		}
		lines = append(lines, string(data[:at[0]]))
		data = data[at[1]:]
	}
	return lines
}

// feed writes each chunk and makes the loop deliver it before it writes the next. Then it closes w
// and runs l to its end.
func feed(t testing.TB, l *reactor.Loop, w *descriptor, chunks ...[]byte) {
	t.Helper()
	for _, p := range chunks {
		if len(p) > 0 {
			w.Write(p)
			poll(t, l)
		}
	}
	w.Close()
	run(t, l)
}

// collectLines records the lines of r.
func collectLines(r *streams.Readable) *[]string {
	lines := new([]string)
	r.OnLine(func(p []byte) { *lines = append(*lines, string(p)) })
	return lines
}

//brood:checks S037
func TestLinesAreSplitAtNewlines(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                   {"", nil},
		"one":                       {"one\n", []string{"one"}},
		"two":                       {"one\ntwo\n", []string{"one", "two"}},
		"last without newline":      {"one\ntwo", []string{"one", "two"}},
		"blank":                     {"\n\none\n\n", []string{"", "", "one", ""}},
		"carriage returns":          {"one\r\n\r\ntwo\r\n", []string{"one", "", "two"}},
		"only one is the newline's": {"one\r\r\n", []string{"one\r"}},
		"inside a line":             {"o\rne\n", []string{"o\rne"}},
		"last, without newline":     {"one\n\r", []string{"one", "\r"}},
		"not text":                  {"\x00\xFF\n\xE2\x82\n", []string{"\x00\xFF", "\xE2\x82"}},
		"only a newline":            {"\n", []string{""}},
		"long":                      {strings.Repeat("x", 5000) + "\ny", []string{strings.Repeat("x", 5000), "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			got := collectLines(r)
			feed(t, l, w, []byte(c.in))
			require.Equal(t, c.want, *got)
			require.Equal(t, c.want, linesOf([]byte(c.in)), "the oracle")
		})
	}
}

//brood:checks S037
func TestLinesDoNotDependOnChunkBorders(t *testing.T) {
	const in = "one\r\n\r\n\ntwö\nthree\r\r\n\rfour\r"
	for first := range len(in) {
		for second := first; second <= len(in); second++ {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			got := collectLines(r)
			feed(t, l, w, []byte(in[:first]), []byte(in[first:second]), []byte(in[second:]))
			require.Equal(t, linesOf([]byte(in)), *got, "cut at %d and %d", first, second)
		}
		if testing.Short() {
			return
		}
	}
}

//brood:checks S037
func TestLinesByteByByte(t *testing.T) {
	const in = "\r\n\n\r\r\na\r\nb\nlast\r"
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	got := collectLines(r)
	feed(t, l, w, bytes.SplitAfter([]byte(in), nil)...)
	require.Equal(t, linesOf([]byte(in)), *got)
}

func TestLineLongerThanManyChunks(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	line := bytes.ReplaceAll(pattern(3<<20), []byte("\n"), []byte(" "))
	w := newWritable(t, l, in, nil)
	write(t, w, append(line, "\r\nshort"...))
	w.End()
	lines := collectLines(r)
	run(t, l)
	require.Len(t, *lines, 2)
	requireSame(t, line, []byte((*lines)[0]))
	require.Equal(t, "short", (*lines)[1])
}

func TestLinesAreBorrowed(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var kept []byte
	r.OnLine(func(p []byte) {
		if kept == nil {
			kept = p
		}
	})
	feed(t, l, w, []byte("precious\n"))
	require.NotEqual(t, "precious", string(kept))
}

// pauseAtEveryLine pauses r in the callback of each line and resumes it later. It fails if anything
// comes in between.
func pauseAtEveryLine(t testing.TB, l *reactor.Loop, r *streams.Readable) *[]string {
	lines := new([]string)
	paused := false
	r.OnLine(func(p []byte) {
		require.False(t, paused, "line %q while paused", p)
		*lines = append(*lines, string(p))
		paused = true
		r.Pause()
		l.SetImmediate(func() {
			paused = false
			r.Resume()
		})
	})
	r.OnEnd(func() {
		require.False(t, paused, "end while paused")
		*lines = append(*lines, "(end)")
	})
	return lines
}

func TestPauseInsideEveryLine(t *testing.T) {
	for _, in := range []string{"a\nb\nc\n", "a\nb\nc", "\n\n\n", "a", "a\r\n\r\nb\r", "", strings.Repeat("line\n", 3000)} {
		l := newLoop(t)
		r, w := readPipe(t, l, nil)
		got := pauseAtEveryLine(t, l, r)
		feed(t, l, w, []byte(in))
		require.Equal(t, append(linesOf([]byte(in)), "(end)"), *got, "%.20q", in)
	}
}

func TestNoReadWhileLinesAreHeldBack(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnLine(func(p []byte) { j.Add(string(p)); r.Pause() })
	j.readableEvents(r)
	w.WriteString("a\nb\nc")
	run(t, l)
	w.WriteString("d\ne")
	w.Close()
	require.EqualValues(t, 5, r.BytesRead())
	for _, want := range []string{"a", "b", "cd", "e"} {
		j.Wants(t, want)
		require.False(t, l.Alive(), "paused")
		r.Resume()
		j.Wants(t, "") // Never inside the call.
		run(t, l)
	}
	j.Wants(t, "end close")
}

func TestPauseAndResumeInsideALineGoesOn(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnLine(func(p []byte) { j.Add(string(p)); r.Pause(); r.Resume() })
	j.readableEvents(r)
	feed(t, l, w, []byte("a\nb\nc"))
	j.Wants(t, "a b c end close")
}

func TestResumeTwiceDeliversOnce(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnLine(func(p []byte) { j.Add(string(p)); r.Pause() })
	j.readableEvents(r)
	feed(t, l, w, []byte("a\nb\nc"))
	for range 4 {
		r.Resume()
		r.Pause()
		r.Resume()
		r.Resume()
		run(t, l)
	}
	j.Wants(t, "a b c end close")
}

func TestPauseAfterResumeBeforeTheTickHolds(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnLine(func(p []byte) { j.Add(string(p)); r.Pause() })
	w.WriteString("a\nb\n")
	run(t, l)
	j.Wants(t, "a")
	r.Resume()
	r.Pause()
	run(t, l)
	j.Wants(t, "")
	r.Destroy(nil)
	run(t, l)
	j.Wants(t, "")
}

func TestDestroyDropsHeldLines(t *testing.T) {
	for name, in := range map[string]string{"before the end was read": "a\nb\nc\n", "after": "a"} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			var j journal
			j.readableEvents(r)
			r.OnLine(func(p []byte) {
				j.Add(string(p))
				r.Pause()
			})
			w.WriteString(in)
			w.Close()
			run(t, l)
			j.Wants(t, "a")
			r.Destroy(errTest)
			r.Resume()
			run(t, l)
			j.Wants(t, "error:test close")
		})
	}
}

func TestNoLineAfterDestroy(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	j.readableEvents(r)
	r.OnLine(func(p []byte) {
		j.Add(string(p))
		r.Destroy(nil)
	})
	feed(t, l, w, []byte("a\nb\nc"))
	j.Wants(t, "a close")
}

func TestMaxLine(t *testing.T) {
	const limit = 5
	for name, c := range map[string]struct {
		in   string
		want string
	}{
		"at the limit":                       {"12345\n12345", "12345 12345 end close"},
		"the carriage return does not count": {"12345\r\n", "12345 end close"},
		"unless it is part of the line":      {"12345\r", "error:streams:-line-too-long close"},
		"or two":                             {"12345\r\r\n", "error:streams:-line-too-long close"},
		"over it":                            {"a\n123456\nb\n", "a error:streams:-line-too-long close"},
		"over it without newline":            {"a\n123456", "a error:streams:-line-too-long close"},
	} {
		t.Run(name, func(t *testing.T) {
			for cut := range len(c.in) {
				l := newLoop(t)
				r, w := readPipe(t, l, &streams.ReadableOptions{MaxLine: limit})
				var j journal
				r.OnLine(func(p []byte) { j.Add(string(p)) })
				j.readableEvents(r)
				w.WriteString(c.in[:cut])
				poll(t, l)
				if !r.Closed() { // Else the rest has no reader.
					w.WriteString(c.in[cut:])
				}
				w.Close()
				run(t, l)
				j.Wants(t, c.want)
			}
		})
	}
}

// The memory for a line without end is bounded, and its writer gets SIGPIPE.
func TestMaxLineEndsAnEndlessLine(t *testing.T) {
	l := newLoop(t)
	const limit = 1 << 20
	s := newReadable(t, l, openFile(t, "/dev/zero", 0), &streams.ReadableOptions{MaxLine: limit})
	s.OnLine(func(p []byte) { require.Fail(t, "a line", "%d bytes", len(p)) })
	var got error
	s.OnError(func(err error) { got = err })
	run(t, l)
	require.ErrorIs(t, got, streams.ErrLineTooLong)
	require.LessOrEqual(t, s.BytesRead(), int64(limit+streams.ReadBufferSize))
}

func TestNegativeMaxLineIsNoLimit(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, &streams.ReadableOptions{MaxLine: -1})
	lines := collectLines(r)
	w := newWritable(t, l, in, nil)
	write(t, w, bytes.Repeat([]byte("x"), streams.DefaultMaxLine+1))
	w.End()
	run(t, l)
	require.Len(t, *lines, 1)
	require.Len(t, (*lines)[0], streams.DefaultMaxLine+1)
}

// A line that began before there was a listener is not joined with one that the listener gets.
func TestLinesOfALateListenerBeginAfresh(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	first := r.OnLine(func(p []byte) { j.Add(string(p)) })
	w.WriteString("heard\nbegun ")
	poll(t, l)
	first.Off()
	w.WriteString("unheard\nunheard ")
	poll(t, l)
	r.OnLine(func(p []byte) { j.Add(string(p)) })
	feed(t, l, w, []byte("late\nlast"))
	j.Wants(t, "heard late last")
}
