package v8

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of the code points that UTF-16 makes pairs of.
const (
	surrogateMin    = 0xD800
	surrogateLowMin = 0xDC00
	surrogateMax    = 0xDFFF
	surrogateBytes  = 3 // of one in WTF-8
)

// decodeRune is utf8.DecodeRuneInString for WTF-8: it also gives half a surrogate pair.
func decodeRune(s string) (rune, int) {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && isSurrogate(s) {
		return rune(s[0]&0x0F)<<12 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), surrogateBytes
	}
	return r, size
}

// isSurrogate reports whether s begins with half a surrogate pair in WTF-8.
func isSurrogate(s string) bool {
	return len(s) >= surrogateBytes && s[0] == 0xED && s[1]&0xE0 == 0xA0 && s[2]&0xC0 == 0x80
}

// appendRune is utf8.AppendRune for WTF-8.
func appendRune(p []byte, r rune) []byte {
	if r < surrogateMin || r > surrogateMax {
		return utf8.AppendRune(p, r)
	}
	return append(p, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
}

// isASCII reports whether s is, so that its bytes are its Latin-1 and its UTF-8 form.
func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// utf16Length returns how many units s has in UTF-16, and whether Latin-1 can hold it.
func utf16Length(s string) (units int, latin1 bool) {
	latin1 = true
	for len(s) > 0 {
		r, size := decodeRune(s)
		latin1 = latin1 && r <= 0xFF
		if r > 0xFFFF {
			units++
		}
		units++
		s = s[size:]
	}
	return units, latin1
}

func appendLatin1(p []byte, s string) []byte {
	for _, r := range s {
		p = append(p, byte(r))
	}
	return p
}

func appendUTF16(p []byte, s string) []byte {
	for len(s) > 0 {
		r, size := decodeRune(s)
		s = s[size:]
		if r > 0xFFFF {
			high, low := utf16.EncodeRune(r)
			p = append(p, byte(high), byte(high>>8))
			r = low
		}
		p = append(p, byte(r), byte(r>>8))
	}
	return p
}

func fromLatin1(p []byte) string {
	if isASCII(p) {
		return string(p)
	}
	var b strings.Builder
	size := len(p)
	for _, c := range p {
		size += int(c >> 7)
	}
	b.Grow(size)
	for _, c := range p {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// fromUTF16 returns the text of an even number of bytes. What is half a pair stays half a pair.
func fromUTF16(p []byte) string {
	out := make([]byte, 0, len(p)/2*surrogateBytes) // A pair takes less than two of its halves.
	for i := 0; i < len(p); i += 2 {
		r := rune(p[i]) | rune(p[i+1])<<8
		if r >= surrogateMin && r < surrogateLowMin && i+3 < len(p) {
			if pair := utf16.DecodeRune(r, rune(p[i+2])|rune(p[i+3])<<8); pair != utf8.RuneError {
				r = pair
				i += 2
			}
		}
		out = appendRune(out, r)
	}
	return string(out)
}

// fromUTF8 returns the text of bytes that are meant to be UTF-8: each that is not becomes U+FFFD.
func fromUTF8(p []byte) string {
	if utf8.Valid(p) {
		return string(p)
	}
	return string([]rune(string(p)))
}

// isWTF8 reports whether every string that is written with the same UTF-16 units as s equals s.
func isWTF8(s string) bool {
	high := false
	for len(s) > 0 {
		r, size := decodeRune(s)
		if r == utf8.RuneError && size == 1 || high && r >= surrogateLowMin && r <= surrogateMax {
			return false
		}
		high = r >= surrogateMin && r < surrogateLowMin
		s = s[size:]
	}
	return true
}
