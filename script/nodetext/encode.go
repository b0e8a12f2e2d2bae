package nodetext

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/brood-go/brood/streams"
)

// Encode returns the bytes of text. As Node's Buffer.from it never fails: hex ends before the first
// pair that is not of digits; base64 and base64url, which both accept both alphabets, end at '='
// and skip other bytes.
func Encode(text string, e streams.Encoding) []byte {
	switch e {
	case streams.UTF8:
		if !hasSurrogate(text) {
			return []byte(text)
		}
		return []byte(replaceSurrogates(text))
	case streams.Latin1, streams.ASCII:
		p := make([]byte, len(text))
		return p[:writeLatin1(p, text)]
	case streams.UTF16LE:
		p := make([]byte, 2*len(text))
		return slices.Clip(p[:writeUTF16(p, text)])
	case streams.Hex:
		p := make([]byte, len(text)/2)
		return p[:writeHex(p, lowBytes(text))]
	default:
		p := make([]byte, len(text)/4*3+3)
		return p[:writeBase64(p, lowBytes(text))]
	}
}

// lowBytes returns the low byte of each code unit, which Node reads as a digit.
func lowBytes(text string) string {
	if asciiPrefix(text) == len(text) {
		return text
	}
	return string(Encode(text, streams.Latin1))
}

// Write writes whole characters of text to dst as long as there is room, and returns the number of
// bytes.
func Write(dst []byte, text string, e streams.Encoding) int {
	switch e {
	case streams.UTF8:
		return writeUTF8(dst, text)
	case streams.Latin1, streams.ASCII:
		return writeLatin1(dst, text)
	case streams.UTF16LE:
		return writeUTF16(dst, text)
	case streams.Hex:
		return writeHex(dst, lowBytes(text))
	default:
		return writeBase64(dst, lowBytes(text))
	}
}

// surrogateLead is the first byte of a surrogate, and of the characters from U+D000 to U+D7FF.
const surrogateLead = 0xED

func isSurrogateAt(text string, i int) bool {
	return text[i] == surrogateLead && i+2 < len(text) && text[i+1] >= 0xA0
}

func hasSurrogate(text string) bool {
	for from := 0; ; from++ {
		i := strings.IndexByte(text[from:], surrogateLead)
		if i < 0 {
			return false
		}
		if from += i; isSurrogateAt(text, from) {
			return true
		}
	}
}

// WellFormed returns text with U+FFFD in place of lone halves of surrogate pairs.
func WellFormed(text string) string {
	if !hasSurrogate(text) {
		return text
	}
	return replaceSurrogates(text)
}

// replaceSurrogates is WellFormed without the check. U+FFFD takes three bytes, as a lone half does.
func replaceSurrogates(text string) string {
	p := []byte(text)
	for i := range p {
		if isSurrogateAt(text, i) {
			copy(p[i:], "\uFFFD")
		}
	}
	return string(p)
}

func writeUTF8(dst []byte, text string) int {
	n := len(text)
	if n > len(dst) {
		n = len(dst)
		for n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
	}
	text = text[:n]
	copy(dst, WellFormed(text))
	return n
}

// nextRune returns the first character of text, which must not be empty, and its length in bytes.
// It may be a surrogate.
func nextRune(text string) (rune, int) {
	r, n := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && n == 1 && isSurrogateAt(text, 0) {
		return rune(text[0]&0x0F)<<12 | rune(text[1]&0x3F)<<6 | rune(text[2]&0x3F), 3
	}
	return r, n
}

// units calls put with each code unit of text until put returns false.
func units(text string, put func(unit uint16) bool) {
	for len(text) > 0 {
		r, n := nextRune(text)
		text = text[n:]
		if r > 0xFFFF {
			r -= 0x10000
			if !put(uint16(0xD800+r>>10)) || !put(uint16(0xDC00+r&0x3FF)) {
				return
			}
		} else if !put(uint16(r)) {
			return
		}
	}
}

func writeLatin1(dst []byte, text string) (n int) {
	ascii := asciiPrefix(text)
	n = copy(dst, text[:ascii])
	if n == len(dst) {
		return n
	}
	units(text[ascii:], func(unit uint16) bool {
		dst[n] = byte(unit)
		n++
		return n < len(dst)
	})
	return n
}

func writeUTF16(dst []byte, text string) (n int) {
	if len(dst) < 2 {
		return 0
	}
	units(text, func(unit uint16) bool {
		dst[n], dst[n+1] = byte(unit), byte(unit>>8)
		n += 2
		return n+1 < len(dst)
	})
	return n
}

// noDigit marks bytes in the tables that are no digits.
const noDigit = 0xFF

var hexDigits, base64Digits = digitTable("0123456789abcdef", "0123456789ABCDEF"), digitTable(
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

func digitTable(alphabets ...string) (table [256]byte) {
	for i := range table {
		table[i] = noDigit
	}
	for _, alphabet := range alphabets {
		for i := range len(alphabet) {
			table[alphabet[i]] = byte(i)
		}
	}
	return table
}

func writeHex(dst []byte, text string) (n int) {
	for n < len(dst) && 2*n+1 < len(text) {
		high, low := hexDigits[text[2*n]], hexDigits[text[2*n+1]]
		if high|low == noDigit {
			break
		}
		dst[n] = high<<4 | low
		n++
	}
	return n
}

func writeBase64(dst []byte, text string) (n int) {
	var group uint32
	digits := 0
	for i := range len(text) {
		digit := base64Digits[text[i]]
		if digit == noDigit {
			if text[i] == '=' {
				break
			}
			continue
		}
		group = group<<6 | uint32(digit)
		if digits++; digits == 4 {
			n += copy(dst[n:], []byte{byte(group >> 16), byte(group >> 8), byte(group)})
			group, digits = 0, 0
			if n == len(dst) {
				return n
			}
		}
	}
	switch digits {
	case 2:
		n += copy(dst[n:], []byte{byte(group >> 4)})
	case 3:
		n += copy(dst[n:], []byte{byte(group >> 10), byte(group >> 2)})
	}
	return n
}

// Length returns the number of code units of text.
func Length(text string) (n int) {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 0xF0:
			n += 2
		case utf8.RuneStart(c):
			n++
		}
	}
	return n
}
