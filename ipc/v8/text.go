package v8

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/brood-go/brood/internal/wtf8"
)

// This file converts strings between Go and the forms of V8: Latin-1, UTF-16 and UTF-8.

// isASCII reports whether s is ASCII: its bytes are then its Latin-1 form and its UTF-8 form.
func isASCII[T string | []byte](s T) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		q := s[i : i+8]
		if (q[0]|q[1]|q[2]|q[3]|q[4]|q[5]|q[6]|q[7])&utf8.RuneSelf != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// utf16Length returns the number of units of s in UTF-16, and whether Latin-1 can hold it.
func utf16Length(s string) (units int, latin1 bool) {
	latin1 = true
	for len(s) > 0 {
		r, size := wtf8.DecodeRune(s)
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
		r, size := wtf8.DecodeRune(s)
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

// fromUTF16 returns the text of an even number of bytes. Half a surrogate pair becomes WTF-8.
func fromUTF16(p []byte) string {
	const longest = 3 // bytes of a unit; a pair takes less than two of its halves
	out := make([]byte, 0, len(p)/2*longest)
	for i := 0; i < len(p); i += 2 {
		r := rune(p[i]) | rune(p[i+1])<<8
		if utf16.IsSurrogate(r) && i+3 < len(p) {
			if pair := utf16.DecodeRune(r, rune(p[i+2])|rune(p[i+3])<<8); pair != utf8.RuneError {
				r = pair
				i += 2
			}
		}
		out = wtf8.AppendRune(out, r)
	}
	return string(out)
}

// fromUTF8 returns the text of bytes in UTF-8. A byte that is not UTF-8 becomes U+FFFD.
func fromUTF8(p []byte) string {
	if utf8.Valid(p) {
		return string(p)
	}
	return string([]rune(string(p)))
}
