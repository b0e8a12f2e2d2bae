package host

import (
	"unicode/utf16"

	"github.com/rivo/uniseg"

	"github.com/brood-go/brood/script/engine"
)

// bindIntl gives the library the segments of Intl.Segmenter.
func bindIntl(b *builder) {
	// segments(text, kind) returns the lengths of a text's segments in code units. kind is 0 for
	// grapheme clusters, 1 for words, 2 for sentences.
	b.fn("segments", func(c *engine.Call) (engine.Value, error) {
		text, state := outsideText(c.Arg(0)), -1
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

// codeUnits returns the length of a text in JavaScript.
func codeUnits(text string) (n int) {
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}
