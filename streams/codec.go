package streams

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// codec is what an encoding other than UTF-8 does. The methods of Node are more lenient than those
// of the standard library, which therefore only gets what it takes.
type codec struct {
	// whole returns how many of the first bytes of p can be decoded without what follows: the rest,
	// at most maxCutOff bytes, waits for the next chunk. Nil: all.
	whole  func(p []byte) int
	decode func(p []byte) string
	encode func(s string) []byte
}

// maxCutOff is the most that a chunk can cut off, in bytes: a high surrogate and half of the low
// one.
const maxCutOff = 3

func (e Encoding) codec() codec {
	switch e {
	case UTF16LE:
		return codec{wholeUTF16, decodeUTF16, encodeUTF16}
	case Latin1:
		return codec{nil, decodeLatin1, encodeLatin1}
	case ASCII:
		return codec{nil, decodeASCII, encodeLatin1}
	case Hex:
		return codec{nil, hex.EncodeToString, decodeHex}
	case Base64:
		return codec{wholeBase64, base64.StdEncoding.EncodeToString, decodeBase64}
	case Base64URL:
		return codec{wholeBase64, base64.RawURLEncoding.EncodeToString, decodeBase64}
	}
	panic("streams: " + e.String())
}

// wholeUTF16 has a high surrogate wait for the low one.
func wholeUTF16(p []byte) int {
	n := len(p) &^ 1
	if n > 0 && p[n-1]&0xFC == 0xD8 {
		n -= 2
	}
	return n
}

func decodeUTF16(p []byte) string {
	var b strings.Builder
	b.Grow(len(p) / 2) // Enough for ASCII.
	for ; len(p) > 1; p = p[2:] {
		r := rune(p[0]) | rune(p[1])<<8
		if utf16.IsSurrogate(r) && len(p) > 3 {
			if pair := utf16.DecodeRune(r, rune(p[2])|rune(p[3])<<8); pair != utf8.RuneError {
				r = pair
				p = p[2:]
			}
		}
		b.WriteRune(r) // Of a lone surrogate it makes U+FFFD.
	}
	return b.String()
}

func encodeUTF16(s string) []byte {
	p := make([]byte, 0, 2*len(s))
	for _, unit := range utf16.Encode([]rune(s)) {
		p = append(p, byte(unit), byte(unit>>8))
	}
	return p
}

func decodeLatin1(p []byte) string {
	var b strings.Builder
	b.Grow(len(p))
	for _, c := range p {
		b.WriteRune(rune(c))
	}
	return b.String()
}

func decodeASCII(p []byte) string {
	var b strings.Builder
	b.Grow(len(p))
	for _, c := range p {
		b.WriteByte(c & 0x7F)
	}
	return b.String()
}

func encodeLatin1(s string) []byte {
	p := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xFFFF {
			high, low := utf16.EncodeRune(r)
			p = append(p, byte(high), byte(low))
		} else {
			p = append(p, byte(r))
		}
	}
	return p
}

// decodeHex returns the bytes up to the first pair that is none.
func decodeHex(s string) []byte {
	p := make([]byte, len(s)/2)
	n, _ := hex.Decode(p, bytesOf(s[:len(p)*2])) // An error only says where it stopped.
	return p[:n]
}

// wholeBase64 keeps the groups of three bytes.
func wholeBase64(p []byte) int { return len(p) - len(p)%3 }

// decodeBase64 gives the standard library one alphabet and no padding. A digit that is alone in the
// last group is no byte.
func decodeBase64(s string) []byte {
	digits := make([]byte, 0, len(s))
	for _, c := range bytesOf(s) {
		switch {
		case c == '-':
			c = '+'
		case c == '_':
			c = '/'
		case c == '=':
			return decodeDigits(digits)
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/':
		default:
			continue
		}
		digits = append(digits, c)
	}
	return decodeDigits(digits)
}

func decodeDigits(digits []byte) []byte {
	if len(digits)%4 == 1 {
		digits = digits[:len(digits)-1]
	}
	n, _ := base64.RawStdEncoding.Decode(digits, digits) // There is nothing left to be wrong.
	return digits[:n]
}
