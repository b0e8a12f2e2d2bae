package nodeurl

import (
	"strings"

	"github.com/brood-go/brood/script/nodetext"
	"github.com/brood-go/brood/streams"
)

// ParseForm returns alternating names and values of a text in the format
// application/x-www-form-urlencoded.
func ParseForm(text string) []string {
	var all []string
	for pair := range strings.SplitSeq(text, "&") {
		if pair != "" {
			name, value, _ := strings.Cut(pair, "=")
			all = append(all, decodeForm(name), decodeForm(value))
		}
	}
	return all
}

func decodeForm(text string) string {
	if strings.IndexByte(text, '+') >= 0 {
		text = strings.ReplaceAll(text, "+", " ")
	}
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	return nodetext.Decode(DecodePercent(text), streams.UTF8)
}

// DecodePercent decodes percent signs. A sign without two hexadecimal digits after it stays.
func DecodePercent(text string) []byte {
	p := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if b := nodetext.Encode(text[i+1:i+3], streams.Hex); len(b) == 1 {
				p = append(p, b[0])
				i += 2
				continue
			}
		}
		p = append(p, text[i])
	}
	return p
}

// Form returns alternating names and values in the format that [ParseForm] parses.
func Form(namesAndValues []string) string {
	var b strings.Builder
	for i, text := range namesAndValues {
		switch {
		case i%2 == 1:
			b.WriteByte('=')
		case i > 0:
			b.WriteByte('&')
		}
		for j := range len(text) {
			switch c := text[j]; {
			case c == ' ':
				b.WriteByte('+')
			case isAlphanumeric(c) || strings.IndexByte("*-._", c) >= 0:
				b.WriteByte(c)
			default:
				writePercent(&b, c)
			}
		}
	}
	return b.String()
}

func isAlphanumeric(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' }

func writePercent(b *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(digits[c>>4])
	b.WriteByte(digits[c&15])
}

// EncodePath encodes the characters of a path that a file URL cannot have.
func EncodePath(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("\"#%<>?[\\]^`{|}~", c) >= 0 {
			writePercent(&b, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
