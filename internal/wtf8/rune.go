// Package wtf8 holds the strings of JavaScript in Go strings.
//
// A JavaScript string is a sequence of UTF-16 units, and may have a surrogate without its other
// half. A Go string holds such a unit in the form that UTF-8 would give it if it were a character:
// ED, A0 to BF, 80 to BF. That is WTF-8. The form is not UTF-8, so it cannot be mistaken for
// another character.
package wtf8

import (
	"unicode/utf16"
	"unicode/utf8"
)

const (
	surrogateLen = 3      // bytes of a lone surrogate
	lowSurrogate = 0xdc00 // the first unit that comes second in a pair
)

// DecodeRune is utf8.DecodeRuneInString for WTF-8: it also returns lone surrogates.
func DecodeRune(s string) (r rune, size int) {
	r, size = utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && len(s) >= surrogateLen && s[0] == 0xed && s[1]>>5 == 0xa0>>5 && s[2]>>6 == 0x80>>6 {
		return 0xd800 | rune(s[1]&0x1f)<<6 | rune(s[2]&0x3f), surrogateLen
	}
	return r, size
}

// AppendRune is utf8.AppendRune for WTF-8.
func AppendRune(p []byte, r rune) []byte {
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(p, r)
	}
	return append(p, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
}

// Valid reports whether s is WTF-8, which has one form for each JavaScript string: two halves that
// stand next to each other as a pair must be one character.
func Valid(s string) bool {
	high := false
	for len(s) > 0 {
		r, size := DecodeRune(s)
		low := utf16.IsSurrogate(r) && r >= lowSurrogate
		if r == utf8.RuneError && size == 1 || high && low {
			return false
		}
		high = utf16.IsSurrogate(r) && !low
		s = s[size:]
	}
	return true
}

// InvalidLen returns the number of bytes at the beginning of s, which are not UTF-8, that become
// one U+FFFD. The beginning of a valid sequence counts as one, as in the Encoding Standard and in
// Node.
func InvalidLen[T string | []byte](s T) int {
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
