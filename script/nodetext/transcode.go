package nodetext

import (
	"encoding/base64"
	"errors"
	"unicode/utf8"

	"github.com/brood-go/brood/streams"
)

// IsUTF8 reports whether p is valid UTF-8.
func IsUTF8(p []byte) bool { return utf8.Valid(p) }

// Units returns the number of code units of p's text; for UTF-8 a lower bound.
func Units(p []byte, e streams.Encoding) int {
	switch e {
	case streams.UTF8:
		return utf8.RuneCount(p) // A lower bound: a character of four bytes is two units.
	case streams.UTF16LE:
		return len(p) / 2
	case streams.Hex:
		return 2 * len(p)
	case streams.Base64:
		return base64.StdEncoding.EncodedLen(len(p))
	case streams.Base64URL:
		return base64.RawURLEncoding.EncodedLen(len(p))
	}
	return len(p)
}

// Transcode converts text from one encoding to another. A character that the other cannot express
// becomes '?'.
func Transcode(p []byte, from, to streams.Encoding) []byte {
	text := Decode(p, from)
	most := rune(0xFF)
	switch to {
	case streams.ASCII:
		most = 0x7F
	case streams.Latin1:
	default:
		return Encode(text, to)
	}
	q := make([]byte, 0, len(text))
	for _, r := range text {
		if r > most {
			r = '?'
		}
		q = append(q, byte(r))
	}
	return q
}

// EncodeLatin1 is [Encode] for Latin1. ok is false if text has other characters.
func EncodeLatin1(text string) (p []byte, ok bool) {
	p = make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xFF {
			return nil, false
		}
		p = append(p, byte(r))
	}
	return p, true
}

// errNotBase64 is the error of [DecodeForgiving].
var errNotBase64 = errors.New("nodetext: not base64")

// DecodeForgiving decodes base64 as a browser's atob does: blanks are allowed anywhere, padding is
// optional, and anything else is an error.
func DecodeForgiving(text string) ([]byte, error) {
	digits := make([]byte, 0, len(text))
	for i := range len(text) {
		switch text[i] {
		case ' ', '\t', '\n', '\f', '\r':
		default:
			digits = append(digits, text[i])
		}
	}
	if n := len(digits); n > 0 && n%4 == 0 && digits[n-1] == '=' {
		digits = digits[:n-1]
		if digits[n-2] == '=' {
			digits = digits[:n-2]
		}
	}
	for _, c := range digits {
		if base64Digits[c] == noDigit || c == '-' || c == '_' {
			return nil, errNotBase64
		}
	}
	if len(digits)%4 == 1 {
		return nil, errNotBase64
	}
	return Encode(string(digits), streams.Base64), nil
}
