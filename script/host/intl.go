package host

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/brood-go/brood/script/engine"
)

// bindIntl gives the library the segments of Intl.Segmenter.
func bindIntl(b *builder) {
	// segments(text, kind) returns the lengths of a text's segments in code units. kind is 0 for
	// grapheme clusters, 1 for words, 2 for sentences.
	b.fn("segments", func(c *engine.Call) (engine.Value, error) {
		text, state := wholeRunes(c.Arg(0).Text()), -1
		var lengths []engine.Value
		for len(text) > 0 {
			var part string
			switch c.Arg(1).Int() {
			case 1:
				part, text, state = uniseg.FirstWordInString(text, state)
			case 2:
				part, text, state = uniseg.FirstSentenceInString(text, state)
			default:
				part, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
			}
			lengths = append(lengths, c.Int(int64(codeUnits(part))))
		}
		return c.Array(lengths...), nil
	})
}

// wholeRunes replaces each lone half of a surrogate pair, which is three bytes that are no UTF-8,
// by U+FFFD.
func wholeRunes(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			size = min(3, len(text))
		}
		b.WriteRune(r)
		text = text[size:]
	}
	return b.String()
}

// codeUnits returns the length of a text in JavaScript.
func codeUnits(text string) (n int) {
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}
