package nodejson

import (
	"bytes"
	"math"
	"strconv"
)

// exactDigits is how many decimal digits every float64 holds.
const exactDigits = 15

// appendFloat appends f as JSON.stringify writes it: the shortest digits that mean f, and null for
// what JSON cannot say.
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
	// shortDecimals is how many digits behind the point appendShort looks for, and shortUnit what
	// is one in the last of them.
	shortDecimals = 6
	shortUnit     = 1e6

	// shortLimit is below which a number with so many has no more digits than exactDigits.
	shortLimit = 1e9
)

// appendShort appends f, which is no integer and less than shortLimit, as a decimal number with at
// most shortDecimals digits behind the point, and reports false if f is none. There is no shorter
// one that means f, because no two of up to exactDigits digits mean the same float64.
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

// exactFloat32 is up to where a float32 holds every integer. From there on the shortest digits may
// mean another one.
const exactFloat32 = 1 << 24

// appendFloat32 is appendFloat with the shortest digits that mean f among numbers of its size, as
// encoding/json has it.
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

// appendExponent writes no more digits of the exponent than there are: Go has two at least, e-07.
func appendExponent(dst []byte, f float64, bits int) []byte {
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	if n := len(dst); dst[n-2] == '0' && dst[n-4] == 'e' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// exactPowers are the powers of ten up to exactDigits.
var exactPowers = [exactDigits + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// decodeFloat returns what JSON.parse makes of the number that begins at i, the nearest float64 or
// an infinity for what is out of range, and the offset behind it.
func decodeFloat(p []byte, i int) (f float64, end int, err error) {
	if f, end, ok := decodeShort(p, i); ok {
		return f, end, nil
	}
	if end, err = skipNumber(p, i); err != nil {
		return 0, 0, err
	}
	f, _ = strconv.ParseFloat(string(p[i:end]), 64) // The error says that f is an infinity.
	return f, end, nil
}

// decodeFloat32 is decodeFloat for a float32; what is out of range is an error.
//
// It rounds once: the float32 that is nearest to the nearest float64 may be another one, if that is
// just in the middle between two of them. Anywhere else it is on the same side as the number
// itself.
func decodeFloat32(p []byte, i int) (f float32, end int, err error) {
	const below, middle = 1<<29 - 1, 1 << 28 // the bits that a float32 does not have
	if f, end, ok := decodeShort(p, i); ok && math.Float64bits(f)&below != middle {
		return float32(f), end, nil
	}
	if end, err = skipNumber(p, i); err != nil {
		return 0, 0, err
	}
	wide, err := strconv.ParseFloat(string(p[i:end]), 32)
	return float32(wide), end, err
}

// decodeShort is decodeFloat of what most numbers are, some digits and perhaps a sign and a point.
// Both the digits as an integer and the power of ten are exact then, and a quotient is rounded
// once. It reports false for everything else.
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

// dropNegativeZeros makes 0 of each -0 in dst from start on, which is JSON without blanks.
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
				return dst // It is no JSON, then: nobody promised anything for that.
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
