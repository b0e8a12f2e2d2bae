package nodejson

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/brood-go/brood/internal/wtf8"
)

// This file reads strings, and repairs texts that are not UTF-8.

// repair returns p with its bytes that are not UTF-8 replaced: as Node does if surrogates is false,
// and as Append does, with lone surrogates as escapes, if it is true.
func repair(p []byte, surrogates bool) []byte {
	out := make([]byte, 0, len(p)+len(p)/8)
	for s := string(p); s != ""; {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r != utf8.RuneError || n > 1:
			out = append(out, s[:n]...)
		case surrogates:
			out, n = wtf8.AppendForeign(out, s)
		default:
			out, n = utf8.AppendRune(out, utf8.RuneError), wtf8.InvalidLen(s)
		}
		s = s[n:]
	}
	return out
}

// decodeString returns the text of the JSON string at i, and the offset behind it. Bytes that are
// not UTF-8 become U+FFFD, lone surrogates become WTF-8.
func decodeString(p []byte, i int) (s string, end int, err error) {
	start := i + 1 // the bytes before start are in b
	i = wtf8.PlainEnd(p, start)
	if i < len(p) && p[i] == '"' {
		return string(p[start:i]), i + 1, nil
	}
	var b strings.Builder
	// That suffices unless the quote is escaped.
	b.Grow(max(0, bytes.IndexByte(p[start:], '"')))
	for ; i < len(p); i = wtf8.PlainEnd(p, i) {
		switch c := p[i]; {
		case c == '"':
			b.Write(p[start:i])
			return b.String(), i + 1, nil
		case c == '\\':
			b.Write(p[start:i])
			if i+1 < len(p) && shortEscape[p[i+1]] != 0 { // such as a newline
				b.WriteByte(shortEscape[p[i+1]])
				i += 2
				start = i
				continue
			}
			if escapeLen(p[i:]) == 0 {
				return "", 0, syntaxError(i)
			}
			i += unescape(&b, p[i:])
			start = i
		case c < utf8.RuneSelf:
			return "", 0, syntaxError(i)
		default:
			r, n := utf8.DecodeRune(p[i:])
			if r == utf8.RuneError && n == 1 {
				b.Write(p[start:i])
				b.WriteRune(utf8.RuneError)
				n = wtf8.InvalidLen(p[i:])
				start = i + n
			}
			i += n
		}
	}
	return "", 0, syntaxError(i)
}

// unquote returns the text of q, a valid JSON string with its quotes.
func unquote(q []byte) string {
	s, _, _ := decodeString(q, 0) // The end of q was found by a scan, so q is valid.
	return s
}

// shortEscape has the byte for a backslash and a character; 0 if that is no escape, or one with
// digits.
var shortEscape = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// unescape writes the character of the escape with digits at the beginning of q, and returns its
// length. A surrogate pair of two escapes is one character.
func unescape(b *strings.Builder, q []byte) int {
	unit, _ := hex4(q[2:])
	if !utf16.IsSurrogate(unit) {
		b.WriteRune(unit)
		return 6
	}
	if r, ok := pair(unit, q[6:]); ok {
		b.WriteRune(r)
		return 12
	}
	b.Write(wtf8.AppendRune(nil, unit))
	return 6
}

// pair returns the character that the surrogate high makes with the escape at the beginning of
// next.
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

// mayHaveLoneSurrogate reports whether an escape of p may be a lone surrogate. It also reports true
// for some pairs behind a backslash, which may be an escaped one.
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
