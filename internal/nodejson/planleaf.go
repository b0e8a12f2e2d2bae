package nodejson

import (
	"encoding/base64"
	"math"

	"github.com/brood-go/brood/internal/wtf8"
)

// The methods of this file read values without other values inside. Each reads the value at r.i,
// moves r.i behind it and returns true, or gives up and returns false.

func (r *planReader) boolean(to place) bool {
	value := r.p[r.i] == 't'
	word := "false"
	if value {
		word = "true"
	}
	if len(r.p)-r.i < len(word) || string(r.p[r.i:r.i+len(word)]) != word {
		return false
	}
	*to.bool() = value
	r.i += len(word)
	return true
}

func (r *planReader) int(to place, size uintptr) bool {
	negative, n, ok := r.integer()
	x := int64(n)
	if negative {
		x = -x
	}
	// If x has the wrong sign, n was too large for an int64. Minus zero is 0.
	if !ok || n != 0 && (x < 0) != negative {
		return false
	}
	to.setInteger(size, uint64(x))
	return to.int(size) == x // If they differ, x has more bits than the type.
}

func (r *planReader) uint(to place, size uintptr) bool {
	negative, n, ok := r.integer()
	if !ok || negative {
		return false
	}
	to.setInteger(size, n)
	return to.uint(size) == n
}

// mostDigits is the most decimal digits that a uint64 can have.
const mostDigits = 20

// integer reads a number without point and exponent whose digits fit a uint64.
func (r *planReader) integer() (negative bool, n uint64, ok bool) {
	i := r.i
	if negative = r.p[i] == '-'; negative {
		i++
	}
	start := i
	for ; i < len(r.p) && isDigit(r.p[i]); i++ {
		n = 10*n + uint64(r.p[i]-'0')
	}
	switch digits := i - start; {
	case digits == 0 || digits > mostDigits:
		return false, 0, false
	case digits == mostDigits && (r.p[start] != '1' || n < 1e19):
		// A number that begins with 1 and is too large has wrapped around to less than 1e19.
		return false, 0, false
	case digits > 1 && r.p[start] == '0', i < len(r.p) && continuesNumber(r.p[i]):
		return false, 0, false
	}
	r.i = i
	return negative, n, true
}

func (r *planReader) float64(to place) bool {
	f, end, err := decodeFloat(r.p, r.i)
	if err != nil || math.IsInf(f, 0) {
		return false
	}
	*to.float64() = f
	r.i = end
	return true
}

func (r *planReader) float32(to place) bool {
	f, end, err := decodeFloat32(r.p, r.i)
	if err != nil {
		return false
	}
	*to.float32() = f
	r.i = end
	return true
}

func (r *planReader) text(to place) bool {
	if r.p[r.i] != '"' {
		return false
	}
	start := r.i + 1
	if end := wtf8.PlainEnd(r.p, start); end < len(r.p) && r.p[end] == '"' {
		r.i = end + 1
		*to.text() = r.share(r.p[start:end])
		return true
	}
	s, end, err := decodeString(r.p, r.i)
	if err != nil {
		return false
	}
	*to.text() = s
	r.i = end
	return true
}

// Many strings of records repeat, such as names of states and hosts. A short string that came
// lately is used again.
const (
	recentStrings = 8  // places, a power of two
	longestRecent = 32 // bytes
)

// share returns text as a string, the one in r.recent if that is equal. Its place there depends on
// its length, its first byte and its last.
func (r *planReader) share(text []byte) string {
	n := len(text)
	if n == 0 || n > longestRecent {
		return string(text)
	}
	s := &r.recent[(n^int(text[0])^int(text[n-1]))%recentStrings]
	if *s != string(text) {
		*s = string(text)
	}
	return *s
}

// plainText reads a string without escapes and returns the bytes between its quotes, a part of the
// text.
func (r *planReader) plainText() (text []byte, ok bool) {
	if r.p[r.i] != '"' {
		return nil, false
	}
	start := r.i + 1
	end := wtf8.PlainEnd(r.p, start)
	if end == len(r.p) || r.p[end] != '"' {
		return nil, false
	}
	r.i = end + 1
	return r.p[start:end], true
}

// bytes reads base64. An array of numbers is left to the library.
func (r *planReader) bytes(to place) bool {
	text, ok := r.plainText()
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

func (r *planReader) time(to place) bool {
	text, ok := r.plainText()
	if !ok {
		return false
	}
	at, ok := decodeTime(text)
	if !ok && at.UnmarshalText(text) != nil {
		return false
	}
	*to.time() = at
	return true
}

func (r *planReader) any(to place) bool {
	x, end, err := decodeValue(r.p, r.i, r.depth, nil)
	if err != nil {
		return false
	}
	*to.any() = x
	r.i = end
	return true
}
