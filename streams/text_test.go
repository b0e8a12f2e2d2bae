package streams_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// textOf decodes as the Encoding Standard says ("UTF-8 decoder"): byte by byte, with the bounds of
// the next byte. Each maximal part that could have begun a sequence becomes one U+FFFD. It shares
// no code with Go's decoder.
func textOf(p []byte) string {
	var out []rune
	var codePoint rune
	needed, lower, upper := 0, byte(0x80), byte(0xBF)
	reset := func() { needed, lower, upper = 0, 0x80, 0xBF }
	for i := 0; i < len(p); {
		b := p[i]
		if needed > 0 {
			if b < lower || b > upper {
				out = append(out, 0xFFFD)
				reset()
				continue // b is looked at again.
			}
			lower, upper = 0x80, 0xBF
			codePoint = codePoint<<6 | rune(b&0x3F)
			if needed--; needed == 0 {
				out = append(out, codePoint)
			}
			i++
			continue
		}
		i++
		switch {
		case b <= 0x7F:
			out = append(out, rune(b))
		case 0xC2 <= b && b <= 0xDF:
			needed, codePoint = 1, rune(b&0x1F)
		case 0xE0 <= b && b <= 0xEF:
			needed, codePoint = 2, rune(b&0x0F)
			if b == 0xE0 {
				lower = 0xA0
			}
			if b == 0xED {
				upper = 0x9F
			}
		case 0xF0 <= b && b <= 0xF4:
			needed, codePoint = 3, rune(b&0x07)
			if b == 0xF0 {
				lower = 0x90
			}
			if b == 0xF4 {
				upper = 0x8F
			}
		default:
			out = append(out, 0xFFFD)
		}
	}
	if needed > 0 {
		out = append(out, 0xFFFD)
	}
	return string(out)
}

var hardText = map[string]struct{ in, want string }{
	"nothing":                       {"", ""},
	"ASCII":                         {"plain", "plain"},
	"two, three and four bytes":     {"ö€𝄞", "ö€𝄞"},
	"the replacement itself":        {"a\uFFFDb", "a\uFFFDb"},
	"cut off at the end":            {"a\xE2\x82", "a\uFFFD"},
	"cut off, of four":              {"a\xF0\x9D\x84", "a\uFFFD"},
	"cut off by another":            {"\xE2\x82\xE2\x82\xAC", "\uFFFD€"},
	"cut off by ASCII":              {"\xF0\x9D\x84x", "\uFFFDx"},
	"a continuation alone":          {"\x80\xBF", "\uFFFD\uFFFD"},
	"too many continuations":        {"€\x80", "€\uFFFD"},
	"overlong":                      {"\xC0\xAF\xE0\x80\xAF\xF0\x80\x80\xAF", strings.Repeat("\uFFFD", 9)},
	"a surrogate":                   {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
	"over U+10FFFF":                 {"\xF4\x90\x80\x80", strings.Repeat("\uFFFD", 4)},
	"bytes that never occur":        {"\xF5\xFF\xFE", "\uFFFD\uFFFD\uFFFD"},
	"a beginning after a beginning": {"\xF0\xF0\x9D\x84\x9E", "\uFFFD𝄞"},
	"the Standard's example":        {"a\xF1\x80\x80\xE1\x80\xC2b\x80c\x80\xBFd", "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd"},
}

func TestTextIsDecodedAsTheEncodingStandardSays(t *testing.T) {
	for name, c := range hardText {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, textOf([]byte(c.in)), "the oracle")
			for first := range len(c.in) + 1 {
				for second := first; second <= len(c.in); second++ {
					l := newLoop(t)
					r, w := readPipe(t, l, nil)
					var got strings.Builder
					r.OnText(func(s string) {
						require.NotEmpty(t, s)
						got.WriteString(s)
					})
					feed(t, l, w, []byte(c.in[:first]), []byte(c.in[first:second]), []byte(c.in[second:]))
					require.Equal(t, c.want, got.String(), "cut at %d and %d", first, second)
				}
				if testing.Short() {
					return
				}
			}
		})
	}
}

func TestTextByteByByte(t *testing.T) {
	for name, c := range hardText {
		l := newLoop(t)
		r, w := readPipe(t, l, nil)
		got := ""
		r.OnText(func(s string) { got += s })
		feed(t, l, w, bytes.SplitAfter([]byte(c.in), nil)...)
		require.Equal(t, c.want, got, name)
	}
}

// The last text comes before the end event, with the character that the end has cut off.
func TestIncompleteTextComesBeforeTheEnd(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnText(func(s string) { j.Add(s) })
	j.readableEvents(r)
	feed(t, l, w, []byte("a\xE2"), []byte("\x82"))
	j.Wants(t, "a \uFFFD end close")
}

// The listener may keep the text: it does not change with the buffer.
func TestTextIsOwned(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var kept []string
	r.OnText(func(s string) { kept = append(kept, s) })
	feed(t, l, w, []byte("one"), []byte("two"))
	require.Equal(t, []string{"one", "two"}, kept)
}

// A character that began before there was a listener is not completed by a later chunk.
func TestTextOfALateListenerBeginsAfresh(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	got := ""
	first := r.OnText(func(s string) { got += s })
	w.WriteString("a\xE2\x82")
	poll(t, l)
	first.Off()
	w.WriteString("\xAC unheard \xE2\x82")
	poll(t, l)
	r.OnText(func(s string) { got += s })
	feed(t, l, w, []byte("b"))
	require.Equal(t, "ab", got)
}

func TestPauseInTheLastTextHoldsTheEnd(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnText(func(s string) { j.Add(s); r.Pause() })
	j.readableEvents(r)
	feed(t, l, w, []byte("\xE2\x82"))
	j.Wants(t, "\uFFFD")
	require.False(t, l.Alive())
	r.Resume()
	run(t, l)
	j.Wants(t, "end close")
}
