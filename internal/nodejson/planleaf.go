package nodejson

import (
	"encoding/base64"
	"math"

	"github.com/brood-go/brood/internal/wtf8"
)

// The methods of this file read values without other values inside.

func (d *planDecoder) boolean(to place) bool {
	value := d.p[d.i] == 't'
	word := "false"
	if value {
		word = "true"
	}
	if len(d.p)-d.i < len(word) || string(d.p[d.i:d.i+len(word)]) != word {
		return false
	}
	*to.bool() = value
	d.i += len(word)
	return true
}

func (d *planDecoder) int(to place, size uintptr) bool {
	negative, n, ok := d.integer()
	x := int64(n)
	if negative {
		x = -x
	}
	// If the sign is wrong, n was too large for an int64. Minus zero is 0.
	if !ok || n != 0 && (x < 0) != negative {
		return false
	}
	to.setInteger(size, uint64(x))
	return to.int(size) == x // If not, the number has too many bits.
}

func (d *planDecoder) uint(to place, size uintptr) bool {
	negative, n, ok := d.integer()
	if !ok || negative {
		return false
	}
	to.setInteger(size, n)
	return to.uint(size) == n
}

// mostDigits is how many decimal digits a uint64 can have.
const mostDigits = 20

// integer reads a number without fraction and exponent, whose digits must fit a uint64.
func (d *planDecoder) integer() (negative bool, n uint64, ok bool) {
	i := d.i
	if negative = d.p[i] == '-'; negative {
		i++
	}
	start := i
	for ; i < len(d.p) && isDigit(d.p[i]); i++ {
		n = 10*n + uint64(d.p[i]-'0')
	}
	switch digits := i - start; {
	case digits == 0 || digits > mostDigits:
		return false, 0, false
	case digits == mostDigits && (d.p[start] != '1' || n < 1e19):
		// Numbers of 20 digits that begin with 1 and are too large have wrapped around to less than
		// 1e19.
		return false, 0, false
	case digits > 1 && d.p[start] == '0', i < len(d.p) && continuesNumber(d.p[i]):
		return false, 0, false
	}
	d.i = i
	return negative, n, true
}

func (d *planDecoder) float64(to place) bool {
	f, end, err := readFloat(d.p, d.i)
	if err != nil || math.IsInf(f, 0) {
		return false
	}
	*to.float64() = f
	d.i = end
	return true
}

func (d *planDecoder) float32(to place) bool {
	f, end, err := readFloat32(d.p, d.i)
	if err != nil {
		return false
	}
	*to.float32() = f
	d.i = end
	return true
}

func (d *planDecoder) text(to place) bool {
	if d.p[d.i] != '"' {
		return false
	}
	start := d.i + 1
	if end := wtf8.PlainEnd(d.p, start); end < len(d.p) && d.p[end] == '"' {
		d.i = end + 1
		*to.text() = d.share(d.p[start:end])
		return true
	}
	s, end, err := readString(d.p, d.i)
	if err != nil {
		return false
	}
	*to.text() = s
	d.i = end
	return true
}

// Many strings in records repeat, such as names of states and hosts. Short ones that came lately
// share memory.
const (
	recentStrings = 8  // number of places, a power of two
	longestRecent = 32 // bytes
)

// share returns text as a string, one of the recent ones if it is there. Its place depends on its
// length and its ends.
func (d *planDecoder) share(text []byte) string {
	n := len(text)
	if n == 0 || n > longestRecent {
		return string(text)
	}
	s := &d.recent[(n^int(text[0])^int(text[n-1]))%recentStrings]
	if *s != string(text) {
		*s = string(text)
	}
	return *s
}

// plainText moves past a string of ASCII without escapes and returns the bytes between its quotes.
// It reports false for other strings.
func (d *planDecoder) plainText() (text []byte, ok bool) {
	if d.p[d.i] != '"' {
		return nil, false
	}
	start := d.i + 1
	end := wtf8.PlainEnd(d.p, start)
	if end == len(d.p) || d.p[end] != '"' {
		return nil, false
	}
	d.i = end + 1
	return d.p[start:end], true
}

// bytes reads base64. Bytes as an array of numbers are left to the library.
func (d *planDecoder) bytes(to place) bool {
	text, ok := d.plainText()
	if !ok {
		return false
	}
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(decoded, text)
	if err != nil {
		return false
	}
	*to.bytes() = decoded[:n]
	return true
}

func (d *planDecoder) time(to place) bool {
	text, ok := d.plainText()
	if !ok {
		return false
	}
	at, ok := readTime(text)
	if !ok && at.UnmarshalText(text) != nil {
		return false
	}
	*to.time() = at
	return true
}

func (d *planDecoder) any(to place) bool {
	x, end, err := readValue(d.p, d.i, d.depth, nil)
	if err != nil {
		return false
	}
	*to.any() = x
	d.i = end
	return true
}
