package nodejson

import (
	"bytes"
	"math"
	"strconv"
)

// This file writes and reads numbers: the usual ones by a short way, the others by strconv.

// exactDigits is the number of decimal digits that every float64 holds.
const exactDigits = 15

// appendFloat appends f as JSON.stringify writes it: the shortest digits that stand for f; null for
// NaN and infinities.
func appendFloat(dst []byte, f float64) []byte {
	abs := math.Abs(f)
	switch {
	case abs < 1e15 && f == math.Trunc(f):
		return strconv.AppendInt(dst, int64(f), 10) // also minus zero, without its sign
	case abs < shortLimit && 1e-6 <= abs:
		if short, ok := appendShort(dst, f); ok {
			return short
		}
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	case abs <= math.MaxFloat64 && 1e-6 <= abs && abs < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	case abs <= math.MaxFloat64:
		return appendExponent(dst, f, 64)
	}
	return append(dst, "null"...)
}

const (
	// shortUnit is 1 in the last of the six digits behind the point that appendShort writes at
	// most.
	shortUnit = 1e6

	// shortLimit is the bound below which a number with six digits behind the point has at most
	// exactDigits digits.
	shortLimit = 1e9
)

// appendShort appends f, which is no integer and less than shortLimit, as a decimal number with at
// most six digits behind the point. If f is no such number it returns false. No shorter number
// stands for f, because two numbers of up to exactDigits digits never stand for the same float64.
func appendShort(dst []byte, f float64) ([]byte, bool) {
	n := int64(math.Abs(f)*shortUnit + 0.5)
	if float64(n)/shortUnit != math.Abs(f) {
		return dst, false
	}
	if f < 0 {
		dst = append(dst, '-')
	}
	dst = strconv.AppendInt(dst, n/shortUnit, 10)
	dst = append(dst, '.')
	for rest, unit := n%shortUnit, int64(shortUnit/10); rest > 0; unit /= 10 {
		dst = append(dst, '0'+byte(rest/unit))
		rest %= unit
	}
	return dst, true
}

// exactFloat32 is the number up to which a float32 holds every integer. Above it the shortest
// digits may be those of another integer.
const exactFloat32 = 1 << 24

// appendFloat32 is appendFloat with the shortest digits that stand for f among float32 numbers, as
// in encoding/json.
func appendFloat32(dst []byte, f float32) []byte {
	abs := math.Abs(float64(f))
	switch {
	case abs < exactFloat32 && f == float32(int32(f)):
		return strconv.AppendInt(dst, int64(f), 10)
	case abs <= math.MaxFloat32 && float32(abs) >= 1e-6 && float32(abs) < 1e21:
		return strconv.AppendFloat(dst, float64(f), 'f', -1, 32)
	case abs <= math.MaxFloat32:
		return appendExponent(dst, float64(f), 32)
	}
	return append(dst, "null"...)
}

// appendExponent appends f with an exponent of as few digits as possible; Go writes at least two,
// e-07.
func appendExponent(dst []byte, f float64, bits int) []byte {
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	if n := len(dst); dst[n-2] == '0' && dst[n-4] == 'e' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// exactPowers are the powers of ten up to exactDigits, which a float64 holds exactly.
var exactPowers = [exactDigits + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// decodeFloat returns the number that begins at i as JSON.parse does, the nearest float64, or an
// infinity if it is out of range, and the offset behind it.
func decodeFloat(p []byte, i int) (f float64, end int, err error) {
	if f, end, ok := decodeShort(p, i); ok {
		return f, end, nil
	}
	if end, err = skipNumber(p, i); err != nil {
		return 0, 0, err
	}
	f, _ = strconv.ParseFloat(string(p[i:end]), 64) // An error only says that f is an infinity.
	return f, end, nil
}

// decodeFloat32 is decodeFloat for a float32. A number out of range is an error.
//
// It rounds once, because the float32 nearest to the nearest float64 may be the wrong one if that
// float64 is just in the middle between two of them. Anywhere else the float64 is on the same side
// of the middle as the number.
func decodeFloat32(p []byte, i int) (f float32, end int, err error) {
	// the bits that a float32 does not have; half of their range
	const below, middle = 1<<29 - 1, 1 << 28
	if f, end, ok := decodeShort(p, i); ok && math.Float64bits(f)&below != middle {
		return float32(f), end, nil
	}
	if end, err = skipNumber(p, i); err != nil {
		return 0, 0, err
	}
	wide, err := strconv.ParseFloat(string(p[i:end]), 32)
	return float32(wide), end, err
}

// decodeShort is decodeFloat for the form of most numbers: a few digits, perhaps with a sign and a
// point. The digits as an integer and the power of ten are then exact, and the quotient is rounded
// once. For other numbers it returns false.
func decodeShort(p []byte, i int) (f float64, end int, ok bool) {
	negative := i < len(p) && p[i] == '-'
	if negative {
		i++
	}
	start, n := i, int64(0)
	for ; i < len(p) && isDigit(p[i]); i++ {
		n = 10*n + int64(p[i]-'0')
	}
	digits, decimals := i-start, 0
	if i < len(p) && p[i] == '.' {
		point := i
		for i++; i < len(p) && isDigit(p[i]); i++ {
			n = 10*n + int64(p[i]-'0')
		}
		decimals = i - point - 1
		if decimals == 0 {
			return 0, 0, false
		}
	}
	switch {
	case digits == 0 || digits+decimals > exactDigits || digits > 1 && p[start] == '0':
		return 0, 0, false
	case i < len(p) && continuesNumber(p[i]):
		return 0, 0, false
	}
	f = float64(n)
	if decimals > 0 {
		f /= exactPowers[decimals]
	}
	if negative {
		f = -f
	}
	return f, i, true
}

// dropNegativeZeros replaces each -0 by 0 in dst from start on, which is JSON without blanks.
func dropNegativeZeros(dst []byte, start int) []byte {
	if !bytes.Contains(dst[start:], []byte("-0")) {
		return dst
	}
	out := start
	for i := start; i < len(dst); {
		switch c := dst[i]; {
		case c == '"':
			end, err := skipString(dst, i)
			if err != nil {
				return dst // It is no JSON: the result does not matter.
			}
			out += copy(dst[out:], dst[i:end])
			i = end
			continue
		case c == '-' && i+1 < len(dst) && dst[i+1] == '0' && (i+2 == len(dst) || !continuesNumber(dst[i+2])):
		case c == 'e', c == 'E':
			// The sign of an exponent is no sign of a number: 1e-0.
			dst[out] = c
			out++
			if i++; i < len(dst) && dst[i] == '-' {
				dst[out] = '-'
				out++
				i++
			}
			continue
		default:
			dst[out] = c
			out++
		}
		i++
	}
	return dst[:out]
}

func continuesNumber(c byte) bool { return c == '.' || c == 'e' || c == 'E' }
