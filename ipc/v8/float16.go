package v8

import "math"

// A Float16 holds the bits of a number of 16 bits (IEEE 754, binary16).
type Float16 uint16

const (
	halfMantissa = 10     // bits
	halfBias     = 15     // bias of the exponent
	halfInfinity = 0x7C00 // the bits of +Inf
	halfSign     = 0x8000
	floatBias    = 1023
	floatBits    = 52 // bits of a float64's mantissa
)

// Float returns f as a float64, which holds every Float16.
func (f Float16) Float() float64 {
	exponent, mantissa := int(f&halfInfinity)>>halfMantissa, float64(f&(1<<halfMantissa-1))
	var abs float64
	switch {
	case f&halfInfinity != halfInfinity:
		if exponent == 0 {
			exponent = 1 // Subnormal: it has no leading bit.
		} else {
			mantissa += 1 << halfMantissa
		}
		abs = math.Ldexp(mantissa, exponent-halfBias-halfMantissa)
	case mantissa == 0:
		abs = math.Inf(1)
	default:
		abs = math.NaN()
	}
	if f&halfSign != 0 {
		return math.Copysign(abs, -1)
	}
	return abs
}

// ToFloat16 returns the Float16 nearest to f. Of two that are equally near it returns the even one,
// as JavaScript does.
func ToFloat16(f float64) Float16 {
	sign := Float16(math.Float64bits(f) >> 48 & halfSign)
	abs := math.Abs(f)
	switch {
	case f != f:
		return halfInfinity | 1<<(halfMantissa-1)
	case abs >= 65520: // half way from the largest number to the next power of two
		return sign | halfInfinity
	}
	// The step between neighbours is a power of two, so scaling by it is exact, and rounding to
	// whole steps rounds correctly. A carry goes into the exponent.
	exponent := max(int(math.Float64bits(abs)>>floatBits)-floatBias, 1-halfBias)
	steps := math.RoundToEven(math.Ldexp(abs, halfMantissa-exponent))
	return sign | Float16(int(steps)+(exponent+halfBias-1)<<halfMantissa)
}
