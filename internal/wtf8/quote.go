package wtf8

import (
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendQuoted appends s as JSON.stringify writes it: with the short escapes where they exist, and
// other control characters and lone surrogates as \u escapes. U+2028 and all other characters are
// written as they are. Bytes that are neither UTF-8 nor a surrogate become U+FFFD.
func AppendQuoted(dst []byte, s string) []byte {
	// A long string must not be moved while it grows.
	dst = append(slices.Grow(dst, len(s)+len(`""`)), '"')
	start := 0 // the bytes before start are written
	for i := PlainEnd(s, 0); i < len(s); i = PlainEnd(s, i) {
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
			dst = appendControl(dst, s[i])
		} else {
			dst, n = AppendForeign(dst, s[i:])
		}
		i += n
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// appendControl appends the escape of an ASCII character that must have one.
func appendControl(dst []byte, c byte) []byte {
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

// appendUnit appends the \u escape of a UTF-16 unit.
func appendUnit(dst []byte, unit rune) []byte {
	return append(dst, '\\', 'u', hexDigits[unit>>12&15], hexDigits[unit>>8&15], hexDigits[unit>>4&15], hexDigits[unit&15])
}

// AppendForeign appends the JSON form of the n bytes at the beginning of s that are not UTF-8: the
// escape of a lone surrogate, or U+FFFD.
func AppendForeign(dst []byte, s string) (_ []byte, n int) {
	if r, n := DecodeRune(s); utf16.IsSurrogate(r) {
		return appendUnit(dst, r), n
	}
	return utf8.AppendRune(dst, utf8.RuneError), InvalidLen(s)
}
