package nodetext

import (
	"encoding/base64"
	"encoding/hex"
	"unicode/utf8"

	"github.com/brood-go/brood/streams"
)

// Decode returns the text of p in encoding e.
func Decode(p []byte, e streams.Encoding) string {
	switch e {
	case streams.UTF8:
		if utf8.Valid(p) {
			return string(p)
		}
		return streams.UTF8.Decode(p)
	case streams.Latin1:
		return decodeLatin1(p)
	case streams.ASCII:
		q := make([]byte, len(p))
		for i, c := range p {
			q[i] = c & 0x7F
		}
		return string(q)
	case streams.UTF16LE:
		return decodeUTF16(p)
	case streams.Hex:
		return hex.EncodeToString(p)
	case streams.Base64:
		return base64.StdEncoding.EncodeToString(p)
	default:
		return base64.RawURLEncoding.EncodeToString(p)
	}
}

func decodeLatin1(p []byte) string {
	ascii := asciiPrefix(p)
	if ascii == len(p) {
		return string(p)
	}
	high := 0
	for _, c := range p[ascii:] {
		high += int(c >> 7)
	}
	q := make([]byte, ascii, len(p)+high)
	copy(q, p)
	for _, c := range p[ascii:] {
		if c < utf8.RuneSelf {
			q = append(q, c)
		} else {
			q = append(q, 0xC0|c>>6, 0x80|c&0x3F)
		}
	}
	return string(q)
}

// decodeUTF16 drops a last odd byte.
func decodeUTF16(p []byte) string {
	q := make([]byte, 0, len(p)/2)
	for ; len(p) > 1; p = p[2:] {
		unit := rune(p[0]) | rune(p[1])<<8
		if unit&0xFC00 == 0xD800 && len(p) > 3 && p[3]&0xFC == 0xDC {
			q = utf8.AppendRune(q, 0x10000+(unit&0x3FF)<<10+(rune(p[2])|rune(p[3]&3)<<8))
			p = p[2:]
			continue
		}
		q = appendUnit(q, unit)
	}
	return string(q)
}

// appendUnit appends a code unit, which may be a lone half of a pair.
func appendUnit(q []byte, unit rune) []byte {
	if unit&0xF800 == 0xD800 {
		return append(q, surrogateLead, 0x80|byte(unit>>6&0x3F), 0x80|byte(unit&0x3F))
	}
	return utf8.AppendRune(q, unit)
}

// asciiPrefix returns the length of the longest prefix of p that is ASCII.
func asciiPrefix[T string | []byte](p T) int {
	i := 0
	for ; i+8 <= len(p); i += 8 {
		q := p[i : i+8]
		if (q[0]|q[1]|q[2]|q[3]|q[4]|q[5]|q[6]|q[7])&0x80 != 0 {
			break
		}
	}
	for i < len(p) && p[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// IsASCII reports whether all of p is ASCII.
func IsASCII(p []byte) bool { return asciiPrefix(p) == len(p) }
