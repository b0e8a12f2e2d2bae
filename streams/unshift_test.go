package streams_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// bodyTakers are the consumers that may follow a listener of a header. Each returns its data.
var bodyTakers = map[string]func(t *testing.T, l *reactor.Loop, r *streams.Readable) (got func() string){
	"OnData": func(_ *testing.T, _ *reactor.Loop, r *streams.Readable) func() string {
		var b []byte
		r.OnData(func(p []byte) { b = append(b, p...) })
		return func() string { return string(b) }
	},
	"OnText": func(_ *testing.T, _ *reactor.Loop, r *streams.Readable) func() string {
		var s string
		r.OnText(func(text string) { s += text })
		return func() string { return s }
	},
	"OnLine": func(_ *testing.T, _ *reactor.Loop, r *streams.Readable) func() string {
		var lines []string
		r.OnLine(func(p []byte) { lines = append(lines, string(p)) })
		return func() string { return strings.Join(lines, "\n") }
	},
	"Pipe": func(t *testing.T, l *reactor.Loop, r *streams.Readable) func() string {
		a, b, err := fd.PipeNonblock()
		require.NoError(t, err)
		out := own(t, a)
		w := newWritable(t, l, own(t, b), nil)
		r.Pipe(w, nil)
		return func() string { got, _ := out.ReadAll(); return string(got) }
	},
	"Collect": func(t *testing.T, _ *reactor.Loop, r *streams.Readable) func() string {
		c := collect(t, r, -1)
		return func() string { return string(c.data) }
	},
	"Reader": func(t *testing.T, l *reactor.Loop, r *streams.Readable) func() string {
		b := r.Reader()
		got := make(chan string)
		go func() {
			p, _ := io.ReadAll(b)
			got <- string(p)
		}()
		return func() string { return <-got }
	},
	"Lines": func(t *testing.T, _ *reactor.Loop, r *streams.Readable) func() string {
		result := rangingLines(r)
		return func() string { return strings.Join((<-result).lines, "\n") }
	},
	"a paused start": func(_ *testing.T, l *reactor.Loop, r *streams.Readable) func() string {
		var b []byte
		r.Pause()
		l.SetImmediate(func() {
			r.OnData(func(p []byte) { b = append(b, p...) })
			r.Resume()
		})
		return func() string { return string(b) }
	},
}

// One header line, then the raw body. Wherever the chunks are cut, the consumer of the body gets
// all of it and nothing else.
func TestHeaderLineThenBody(t *testing.T) {
	const header, body = "content: text\r\n", "one\nb\u00f6dy\r\n\nlast"
	for name, take := range bodyTakers {
		t.Run(name, func(t *testing.T) {
			want := body
			if name == "OnLine" || name == "Lines" {
				want = strings.ReplaceAll(body, "\r", "")
			}
			const in = header + body
			for cut := range len(in) {
				l := newLoop(t)
				r, w := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 5})
				var j journal
				var got func() string
				var header *events.Listener
				header = r.OnLine(func(line []byte) {
					j.Add(string(line))
					header.Off()
					got = take(t, l, r)
				})
				r.OnClose(j.Note("close"))
				w.WriteString(in[:cut])
				poll(t, l)
				w.WriteString(in[cut:])
				w.Close()
				run(t, l)
				require.Equal(t, want, got(), "cut at %d", cut)
				require.Equal(t, []string{"content: text", "close"}, j.Entries)
				require.EqualValues(t, len(in), r.BytesRead())
			}
		})
	}
}

// A listener of data or text that needs no more puts the rest back.
func TestUnshiftTheRestOfAChunk(t *testing.T) {
	const header, body = "a header;", "one\nb\u00f6dy\r\n\nlast"
	for name, take := range bodyTakers {
		for _, kind := range []string{"data", "text"} {
			t.Run(kind+" then "+name, func(t *testing.T) {
				want := body
				if name == "OnLine" || name == "Lines" {
					want = strings.ReplaceAll(body, "\r", "")
				}
				const in = header + body
				for cut := range len(in) {
					l := newLoop(t)
					r, w := readPipe(t, l, &streams.ReadableOptions{HighWaterMark: 5})
					head := ""
					var got func() string
					var listener *events.Listener
					look := func(s string) {
						before, after, found := strings.Cut(s, ";")
						head += before
						if found {
							listener.Off()
							require.NoError(t, r.Unshift([]byte(after)))
							got = take(t, l, r)
						}
					}
					if kind == "data" {
						listener = r.OnData(func(p []byte) { look(string(p)) })
					} else {
						listener = r.OnText(look)
					}
					w.WriteString(in[:cut])
					poll(t, l)
					w.WriteString(in[cut:])
					w.Close()
					run(t, l)
					require.Equal(t, want, got(), "cut at %d", cut)
					require.Equal(t, "a header", head)
				}
			})
		}
	}
}

func TestUnshiftedBytesComeBeforeNewOnes(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	require.NoError(t, r.Unshift([]byte("first "))) // Before the first listener.
	w.WriteString("second ")
	var j journal
	j.data(r)
	j.readableEvents(r)
	j.Wants(t, "")
	poll(t, l)
	poll(t, l)
	j.Wants(t, "data:first  data:second ")

	r.Pause()
	w.WriteString("fifth ")
	p := []byte("fourth ")
	require.NoError(t, r.Unshift(p))
	clear(p) // It is not kept.
	require.NoError(t, r.Unshift([]byte("third ")))
	require.NoError(t, r.Unshift(nil))
	run(t, l)
	j.Wants(t, "")
	r.Resume()
	for range 4 {
		poll(t, l)
	}
	j.Wants(t, "data:third  data:fourth  data:fifth ")
	w.Close()
	run(t, l)
	j.Wants(t, "end close")
	require.EqualValues(t, len("second fifth "), r.BytesRead())
	require.Equal(t, streams.ErrClosed, r.Unshift([]byte("late")))
}

func TestUnshiftAtTheEnd(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	var line *events.Listener
	line = r.OnLine(func(p []byte) {
		j.Add("line:" + string(p))
		line.Off()
		j.data(r)
		require.NoError(t, r.Unshift([]byte("back")))
	})
	r.OnEnd(func() { require.Equal(t, streams.ErrClosed, r.Unshift([]byte("x"))) })
	j.readableEvents(r)
	feed(t, l, w, []byte("no newline"))
	j.Wants(t, "line:no newline data:back end close")

	r, w = readPipe(t, l, nil)
	r.Destroy(nil)
	require.Equal(t, streams.ErrClosed, r.Unshift([]byte("x")))
	run(t, l)
	w.Close()
}

func TestUnshiftInALine(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnLine(func(p []byte) {
		j.Add(string(p))
		if string(p) == "one" {
			require.NoError(t, r.Unshift([]byte("and a half\nin ")))
		}
	})
	feed(t, l, w, []byte("one\nfront\nbeg"), []byte("un\n"))
	j.Wants(t, "one and a half in front begun")
}

// The beginning of a line was not delivered yet, so bytes that are put back come in front of it.
func TestUnshiftBeforeTheBeginningOfALine(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	lines := collectLines(r)
	text := ""
	r.OnText(func(s string) { text += s })
	w.WriteString("b\u00f6dy"[:2])
	poll(t, l)
	require.NoError(t, r.Unshift([]byte("head\nno")))
	poll(t, l)
	feed(t, l, w, []byte("b\u00f6dy\n"[2:]))
	require.Equal(t, []string{"head", "nob\u00f6dy"}, *lines)
	require.Equal(t, "bhead\nno\u00f6dy\n", text)
}

// A consumer that has had a chunk does not get its rest again when a listener of lines goes in its
// middle.
func TestOthersDoNotGetTheRestTwice(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	p := newPiping(t, l, nil) // Its destination is used.
	all := ""
	r.OnData(func(b []byte) { all += string(b) })
	gathered := collect(t, r, -1)
	r.Pipe(p.w, nil)
	text := ""
	var line *events.Listener
	line = r.OnLine(func([]byte) {
		line.Off()
		r.OnText(func(s string) { text += s })
	})
	const in = "header\nbody, "
	feed(t, l, w, []byte(in), []byte("more"))
	require.Equal(t, in+"more", all)
	gathered.wants(t, in+"more", nil)
	require.Equal(t, "body, more", text, "it has not had it")
	got, _ := p.out.ReadAll()
	require.Equal(t, in+"more", string(got))
	p.r.Destroy(nil)
	run(t, l)
}

// Consumers that collect all data get it once: bytes that are put back were read before.
func TestUnshiftIsNotGatheredTwice(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	got := collect(t, r, -1)
	again := true
	heard := ""
	r.OnData(func(p []byte) {
		heard += string(p)
		if again {
			again = false
			require.NoError(t, r.Unshift(p[2:]))
		}
	})
	feed(t, l, w, []byte("abcd"))
	got.wants(t, "abcd", nil)
	require.Equal(t, "abcdcd", heard)
}

// The beginning of a line is not lost if its listener goes outside of its callback.
func TestListenerGoesInTheMiddleOfALine(t *testing.T) {
	for name, take := range bodyTakers {
		if name == "a paused start" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			var j journal
			line := r.OnLine(func(p []byte) { j.Add(string(p)) })
			w.WriteString("line\nbegun")
			poll(t, l)
			line.Off()
			got := take(t, l, r)
			w.WriteString(", and ended")
			w.Close()
			run(t, l)
			j.Wants(t, "line")
			require.Equal(t, "begun, and ended", got())
		})
	}
}

// The same for the bytes of a character.
func TestListenerGoesInTheMiddleOfACharacter(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	text := r.OnText(func(string) {})
	w.WriteString("\xE2\x82")
	poll(t, l)
	text.Off()
	var j journal
	j.data(r)
	j.readableEvents(r)
	feed(t, l, w)
	j.Wants(t, "data:\xE2\x82 end close")
}

// A splice does not overtake bytes that were put back.
func TestUnshiftBeforeASplice(t *testing.T) {
	sandbox.Need(t, "splice")
	l := newLoop(t)
	p := newPiping(t, l, nil)
	p.r.Pipe(p.w, nil)
	n := fdtest.Borrow(t, p.w.FD()).Fill()
	p.in.WriteString("read")
	poll(t, l) // It waits for room in the destination.
	require.NoError(t, p.r.Unshift([]byte("put back, ")))
	p.in.Close()
	got, end := drainUntilIdle(t, l, p.out)
	require.True(t, end)
	require.Equal(t, "put back, read", string(got[n:]))
	run(t, l)
}

func TestUnshiftAndBackpressure(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, &streams.WritableOptions{HighWaterMark: 1})
	fillStream(t, p.w)
	n := int(p.w.BytesWritten()) + p.w.Buffered()
	p.r.Pipe(p.w, nil)
	require.NoError(t, p.r.Unshift([]byte("put back")))
	for range 3 {
		poll(t, l)
	}
	require.Equal(t, n, int(p.w.BytesWritten())+p.w.Buffered(), "the destination asks to wait")
	p.in.Close()
	got, end := drainUntilIdle(t, l, p.out)
	require.True(t, end)
	require.Equal(t, "put back", string(got[n:]))
	run(t, l)
}

func TestDestroyDropsUnshiftedBytes(t *testing.T) {
	l := newLoop(t)
	r, _ := readPipe(t, l, nil)
	var j journal
	j.readableEvents(r)
	r.OnData(func(p []byte) {
		j.Add(string(p))
		r.Destroy(nil)
	})
	require.NoError(t, r.Unshift([]byte("second")))
	require.NoError(t, r.Unshift([]byte("first")))
	run(t, l)
	j.Wants(t, "first close")
}

// The stream flows without a listener: bytes that are put back are thrown away like others, and the
// end comes.
func TestUnshiftWithoutAListener(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	j.readableEvents(r)
	var data *events.Listener
	data = r.OnData(func(p []byte) {
		data.Off()
		require.NoError(t, r.Unshift(p))
	})
	feed(t, l, w, []byte("x"), []byte("y"))
	j.Wants(t, "end close")
}

// A panic of a listener loses none of the bytes that are ahead.
func TestPanicKeepsTheBytesAhead(t *testing.T) {
	for _, kind := range []string{"line", "data"} {
		t.Run(kind, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			var j journal
			first := true
			listener := func(p []byte) {
				j.Add(string(p))
				if first {
					first = false
					require.NoError(t, r.Unshift([]byte("back\n")))
					panic("listener")
				}
			}
			want := "one back two"
			if kind == "line" {
				r.OnLine(listener)
			} else {
				r.OnData(listener)
				want = "one\ntwo\n back\n"
			}
			r.OnClose(j.Note("close"))
			w.WriteString("one\ntwo\n")
			w.Close()
			require.PanicsWithValue(t, "listener", func() { _, _ = l.Poll(0) })
			run(t, l)
			j.Wants(t, want+" close")
		})
	}
}

// Chunks that are ahead are borrowed too.
func TestUnshiftedChunksAreBorrowed(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var kept []byte
	require.NoError(t, r.Unshift([]byte("precious")))
	r.OnData(func(p []byte) { kept = p })
	poll(t, l)
	require.False(t, bytes.Equal([]byte("precious"), kept))
	w.Close()
	run(t, l)
}
