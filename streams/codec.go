package streams

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// codec converts between bytes and text in an encoding other than UTF-8. It has no state: any
// goroutine may use it. Node's decoders accept more than the standard library's, which therefore
// only get the part that they accept. Nothing here fails, as in Node.
type codec struct {
	// whole returns how many of the first bytes of p can be decoded without the bytes behind p. The
	// rest, at most maxCutOff bytes, waits for the next chunk. Nil: all can.
	whole  func(p []byte) int
	decode func(p []byte) string
	encode func(s string) []byte
}

// maxCutOff is the greatest number of bytes that a chunk can cut off: a high surrogate and half of
// the low one.
const maxCutOff = 3

// codec returns the codec of an encoding other than UTF8, which must be valid.
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

// wholeUTF16 leaves out half a code unit, and a high surrogate, which waits for the low one.
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
		b.WriteRune(r) // It writes a lone surrogate as U+FFFD.
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

// decodeHex returns the bytes up to the first pair that is not two hexadecimal digits.
func decodeHex(s string) []byte {
	p := make([]byte, len(s)/2)
	n, _ := hex.Decode(p, bytesOf(s[:len(p)*2])) // The error only says where it stopped.
	return p[:n]
}

// wholeBase64 returns the length of the complete groups of three bytes.
func wholeBase64(p []byte) int { return len(p) - len(p)%3 }

// decodeBase64 passes on digits of one alphabet, without padding. A single digit in the last group
// is no byte.
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

// decodeDigits decodes digits in place.
func decodeDigits(digits []byte) []byte {
	if len(digits)%4 == 1 {
		digits = digits[:len(digits)-1]
	}
	n, _ := base64.RawStdEncoding.Decode(digits, digits) // Nothing is left that could be wrong.
	return digits[:n]
}
