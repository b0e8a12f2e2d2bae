package nodejson

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/brood-go/brood/internal/wtf8"
)

// The methods of this file read values that have no others inside.

func (r *planReader) boolean(v reflect.Value) bool {
	value := r.p[r.i] == 't'
	word := "false"
	if value {
		word = "true"
	}
	end, err := skipWord(r.p, r.i, word)
	if err != nil {
		return false
	}
	v.SetBool(value)
	r.i = end
	return true
}

func (r *planReader) int(v reflect.Value) bool {
	negative, n, ok := r.integer()
	x := int64(n)
	if negative {
		x = -x
	}
	// The sign says whether n was too large for an int64. Minus zero is 0.
	if !ok || n != 0 && (x < 0) != negative || v.OverflowInt(x) {
		return false
	}
	v.SetInt(x)
	return true
}

func (r *planReader) uint(v reflect.Value) bool {
	negative, n, ok := r.integer()
	if !ok || negative || v.OverflowUint(n) {
		return false
	}
	v.SetUint(n)
	return true
}

// mostDigits is how many decimal digits a uint64 can have.
const mostDigits = 20

// integer reads a number that is written as one, and whose digits are a uint64.
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
		return false, 0, false // Of those that begin with 1, the ones that are too large have wrapped around to less.
	case digits > 1 && r.p[start] == '0', i < len(r.p) && continuesNumber(r.p[i]):
		return false, 0, false
	}
	r.i = i
	return negative, n, true
}

func (r *planReader) float64(v reflect.Value) bool {
	f, end, err := parseFloat(r.p, r.i)
	if err != nil || math.IsInf(f, 0) {
		return false
	}
	v.SetFloat(f)
	r.i = end
	return true
}

// float32 rounds once: the nearest float32 to the nearest float64 may be another one.
func (r *planReader) float32(v reflect.Value) bool {
	end, err := skipNumber(r.p, r.i)
	if err != nil {
		return false
	}
	f, err := strconv.ParseFloat(string(r.p[r.i:end]), 32)
	if err != nil {
		return false
	}
	v.SetFloat(f)
	r.i = end
	return true
}

func (r *planReader) text(v reflect.Value) bool {
	if r.p[r.i] != '"' {
		return false
	}
	start := r.i + 1
	if end := wtf8.PlainEnd(r.p, start); end < len(r.p) && r.p[end] == '"' {
		r.i = end + 1
		v.SetString(r.share(r.p[start:end]))
		return true
	}
	s, end, err := parseString(r.p, r.i)
	if err != nil {
		return false
	}
	v.SetString(s)
	r.i = end
	return true
}

// Of the texts of records many repeat, as names of states and hosts do. Those that are short and came lately are one string.
const (
	recentStrings = 8  // places, a power of two
	longestRecent = 32 // bytes
)

// share returns text as a string. Which place it has is found from its length and its ends.
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

// plainText moves behind a string that is written as it is meant, and returns what is between its quotes.
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

// bytes reads base64. Bytes may also come as an array of numbers, which is left to the library.
func (r *planReader) bytes(v reflect.Value) bool {
	text, ok := r.plainText()
	if !ok {
		return false
	}
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(decoded, text)
	if err != nil {
		return false
	}
	v.SetBytes(decoded[:n])
	return true
}

func (r *planReader) time(v reflect.Value) bool {
	text, ok := r.plainText()
	return ok && v.Addr().Interface().(*time.Time).UnmarshalText(text) == nil
}

func (r *planReader) any(v reflect.Value) bool {
	x, end, err := parseValue(r.p, r.i, r.depth, nil)
	if err != nil {
		return false
	}
	v.Set(reflect.ValueOf(x)) // It is not null.
	r.i = end
	return true
}
