package nodejson

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A string of JavaScript is a sequence of UTF-16 units, and a surrogate may stand in it without its other half. A Go
// string holds such a unit as UTF-8 would encode it if it were a character: ED, A0 to BF, 80 to BF. That is WTF-8. It is
// no UTF-8, so it cannot be mistaken for anything else. In JSON it is written as an escape.

const hexDigits = "0123456789abcdef"

// appendQuoted appends s as JSON.stringify writes it: with the short escapes where they exist, U+2028 and all other
// characters from the blank on as they are, lone surrogates escaped. What is neither UTF-8 nor a surrogate becomes
// U+FFFD.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(slices.Grow(dst, len(s)+len(`""`)), '"') // A long one is not to be moved as it grows.
	start := 0                                            // what lies before is written
	for i := plainEnd(s, 0); i < len(s); i = plainEnd(s, i) {
		n := 1
		if s[i] >= utf8.RuneSelf {
			var r rune
			if r, n = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		if s[i] < utf8.RuneSelf {
			dst = appendEscape(dst, s[i])
		} else {
			dst, n = appendForeign(dst, s[i:])
		}
		i += n
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\t':
		return append(dst, '\\', 't')
	case '\n':
		return append(dst, '\\', 'n')
	case '\f':
		return append(dst, '\\', 'f')
	case '\r':
		return append(dst, '\\', 'r')
	}
	return appendUnit(dst, rune(c))
}

func appendUnit(dst []byte, unit rune) []byte {
	return append(dst, '\\', 'u', hexDigits[unit>>12&15], hexDigits[unit>>8&15], hexDigits[unit>>4&15], hexDigits[unit&15])
}

// appendForeign appends what stands for the n bytes at the beginning of s that are not UTF-8.
func appendForeign[T string | []byte](dst []byte, s T) (_ []byte, n int) {
	if unit, ok := surrogate(s); ok {
		return appendUnit(dst, unit), 3
	}
	return utf8.AppendRune(dst, utf8.RuneError), invalidLen(s)
}

// surrogate returns the one that s begins with as WTF-8.
func surrogate[T string | []byte](s T) (unit rune, ok bool) {
	if len(s) < 3 || s[0] != 0xed || s[1]>>5 != 0xa0>>5 || s[2]>>6 != 0x80>>6 {
		return 0, false
	}
	return 0xd800 | rune(s[1]&0x1f)<<6 | rune(s[2]&0x3f), true
}

// invalidLen returns how many of the bytes at the beginning of s, which are not UTF-8, become one U+FFFD: a sequence that
// is right as far as it goes counts as one, as the Encoding Standard and thus Node have it.
func invalidLen[T string | []byte](s T) int {
	low, high := byte(0x80), byte(0xbf) // bounds of the second byte
	size := 0
	switch c := s[0]; {
	case 0xc2 <= c && c <= 0xdf:
		size = 2
	case 0xe0 <= c && c <= 0xef:
		size = 3
		switch c {
		case 0xe0:
			low = 0xa0
		case 0xed:
			high = 0x9f
		}
	case 0xf0 <= c && c <= 0xf4:
		size = 4
		switch c {
		case 0xf0:
			low = 0x90
		case 0xf4:
			high = 0x8f
		}
	}
	n := 1
	for n < size && n < len(s) && low <= s[n] && s[n] <= high {
		low, high = 0x80, 0xbf
		n++
	}
	return n
}

// repair returns p with what is not UTF-8 as one of its own or as an escape: text made of it is the same as that which
// Node would make of p, if surrogates is false, and Append if it is true.
func repair(p []byte, surrogates bool) []byte {
	out := make([]byte, 0, len(p)+len(p)/8)
	for i := 0; i < len(p); {
		r, n := utf8.DecodeRune(p[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			out = append(out, p[i:i+n]...)
		case surrogates:
			out, n = appendForeign(out, p[i:])
		default:
			out, n = utf8.AppendRune(out, utf8.RuneError), invalidLen(p[i:])
		}
		i += n
	}
	return out
}

// parseString returns what the string at i means, and the offset behind it. What is not UTF-8 becomes U+FFFD, lone
// surrogates become WTF-8.
func parseString(p []byte, i int) (s string, end int, err error) {
	start := i + 1 // what lies before is in b
	i = plainEnd(p, start)
	if i < len(p) && p[i] == '"' {
		return string(p[start:i]), i + 1, nil
	}
	var b strings.Builder
	b.Grow(max(0, bytes.IndexByte(p[start:], '"'))) // That is enough unless it is a quote that is escaped.
	for ; i < len(p); i = plainEnd(p, i) {
		switch c := p[i]; {
		case c == '"':
			b.Write(p[start:i])
			return b.String(), i + 1, nil
		case c == '\\':
			if escapeLen(p[i:]) == 0 {
				return "", 0, syntaxError(i)
			}
			b.Write(p[start:i])
			i += unescape(&b, p[i:])
			start = i
		case c < utf8.RuneSelf:
			return "", 0, syntaxError(i)
		default:
			r, n := utf8.DecodeRune(p[i:])
			if r == utf8.RuneError && n == 1 {
				b.Write(p[start:i])
				b.WriteRune(utf8.RuneError)
				n = invalidLen(p[i:])
				start = i + n
			}
			i += n
		}
	}
	return "", 0, syntaxError(i)
}

// unquote returns the string that q means, which is one of JSON with its quotes.
func unquote(q []byte) string {
	s, _, _ := parseString(q, 0) // Whoever found its end has found that it is right.
	return s
}

// unescape writes what the escape at the beginning of q means, and returns its length. Two that make up a character are
// one.
func unescape(b *strings.Builder, q []byte) int {
	switch c := q[1]; c {
	case 'b':
		b.WriteByte('\b')
	case 'f':
		b.WriteByte('\f')
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case 'u':
		unit, _ := hex4(q[2:])
		if !utf16.IsSurrogate(unit) {
			b.WriteRune(unit)
			return 6
		}
		if r, ok := pair(unit, q[6:]); ok {
			b.WriteRune(r)
			return 12
		}
		b.Write([]byte{0xe0 | byte(unit>>12), 0x80 | byte(unit>>6&0x3f), 0x80 | byte(unit&0x3f)})
		return 6
	default:
		b.WriteByte(c)
	}
	return 2
}

// pair returns the character that the surrogate high makes with the escape at the beginning of next.
func pair(high rune, next []byte) (r rune, ok bool) {
	if len(next) < 2 || next[0] != '\\' || next[1] != 'u' {
		return 0, false
	}
	low, ok := hex4(next[2:])
	r = utf16.DecodeRune(high, low)
	return r, ok && r != utf8.RuneError
}

var (
	backslash     = []byte(`\`)
	unicodeEscape = []byte(`\u`) // begins an escape that is written with digits
)

// mayHaveLoneSurrogate reports whether an escape of p could be one. Where it cannot be told from an escaped backslash
// that comes before, it could.
func mayHaveLoneSurrogate(p []byte) bool {
	for {
		before, rest, found := bytes.Cut(p, unicodeEscape)
		if !found {
			return false
		}
		unit, ok := hex4(rest)
		if !ok || !utf16.IsSurrogate(unit) {
			p = rest
			continue
		}
		if _, paired := pair(unit, rest[4:]); !paired || bytes.HasSuffix(before, backslash) {
			return true
		}
		p = rest[10:]
	}
}
