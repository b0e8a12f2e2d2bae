package streams_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/streams"
)

// The lines do not depend on the splitter, on the loop or on a goroutine, or on the borders of the
// chunks.
//
//brood:checks S037
func TestLineEnds(t *testing.T) {
	for _, c := range []struct {
		end  streams.LineEnd
		in   string
		want []string
	}{
		{streams.Newline, "one\r\ntwo\rthree\n\x00\nlast\r", []string{"one", "two\rthree", "\x00", "last\r"}},
		{streams.CarriageReturn, " 5%\r99%\r\r\ndone\r\n\nlast\r", []string{" 5%", "99%", "", "done", "", "last"}},
		{streams.CarriageReturn, "\n\r\n\r", []string{"", "", ""}},
		{streams.CarriageReturn, "no end", []string{"no end"}},
		{streams.NUL, "a\nb\x00\x00c\r\n\x00last", []string{"a\nb", "", "c\r\n", "last"}},
		{streams.NUL, "\r\x00", []string{"\r"}},
	} {
		require.Equal(t, c.want, linesBy(c.end, []byte(c.in)), "the oracle")
		for cut := range len(c.in) + 1 {
			l := newLoop(t)
			o := &streams.ReadableOptions{LineEnd: c.end}
			r, w := readPipe(t, l, o)
			lines := collectLines(r)
			feed(t, l, w, []byte(c.in[:cut]), []byte(c.in[cut:]))
			require.Equal(t, c.want, *lines, "%v, %q cut at %d", c.end, c.in, cut)

			r, w = readPipe(t, l, o)
			result := rangingLines(r)
			feed(t, l, w, []byte(c.in[:cut]), []byte(c.in[cut:]))
			require.Equal(t, lineResult{lines: c.want}, <-result, "%v, %q cut at %d", c.end, c.in, cut)
		}
	}
}

// A line of progress is delivered with its "\r", not with the next byte.
func TestLineIsGivenWithItsCarriageReturn(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, &streams.ReadableOptions{LineEnd: streams.CarriageReturn})
	var j journal
	r.OnLine(func(p []byte) { j.Add(string(p)) })
	for _, c := range [][2]string{{"5%\r", "5%"}, {"7%", ""}, {"\r", "7%"}, {"\n", ""}, {"\n", ""}, {"x\n", "x"}} {
		w.WriteString(c[0])
		poll(t, l)
		if c[0] == "\n" && len(j.Entries) == 1 && j.Entries[0] == "" {
			j.Entries = nil // The second newline is an empty line of its own.
			continue
		}
		j.Wants(t, c[1])
	}
	w.Close()
	run(t, l)
	j.Wants(t, "")
}

func TestMaxLineDoesNotCountTheEnd(t *testing.T) {
	for end, in := range map[streams.LineEnd]string{
		streams.Newline: "12345\r\n123456\n", streams.CarriageReturn: "12345\r\n123456\r", streams.NUL: "12345\x00123456\x00",
	} {
		for cut := range len(in) {
			l := newLoop(t)
			r, w := readPipe(t, l, &streams.ReadableOptions{LineEnd: end, MaxLine: 5})
			var j journal
			r.OnLine(func(p []byte) { j.Add(string(p)) })
			j.readableEvents(r)
			w.WriteString(in[:cut])
			poll(t, l)
			if !r.Closed() {
				w.WriteString(in[cut:])
			}
			w.Close()
			run(t, l)
			j.Wants(t, "12345 error:streams:-line-too-long close")
		}
	}
}

func TestUnknownLineEndIsRefused(t *testing.T) {
	l := newLoop(t)
	d, other := socketpair(t, 1)
	o := streams.ReadableOptions{LineEnd: 77}
	_, err := streams.NewReadable(l, d.FD, &o)
	require.Error(t, err)
	require.True(t, isOpen(d.FD))
	_, err = streams.NewDuplex(l, d.FD, &streams.DuplexOptions{Readable: o})
	_, ok := errors.AsType[*streams.OpError](err)
	require.True(t, ok)
	require.True(t, isOpen(d.FD))
	other.Close()
	require.Equal(t, "NUL", streams.NUL.String())
	require.Equal(t, "LineEnd(77)", o.LineEnd.String())
}
