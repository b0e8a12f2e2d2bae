package nodezlib

import (
	"math/bits"
	"sync"
)

const (
	maxLength = 15 // bits of a code
	fastBits  = 9  // codes up to this length are found with one look-up
)

// code is a canonical Huffman code.
type code struct {
	counts  [maxLength + 1]uint16
	symbols []uint16              // in the order of their codes
	fast    [1 << fastBits]uint16 // symbol<<4 | length, by the next bits of input; 0: a longer code
}

// completeness says whether lengths make a complete code.
type completeness int

const (
	complete completeness = iota
	incomplete
	broken // there are more codes than bits
)

// newCode returns the code of symbols with these lengths; length 0 means that the symbol does not
// occur.
func newCode(lengths []uint8) (*code, completeness) {
	c := &code{symbols: make([]uint16, 0, len(lengths))}
	for _, length := range lengths {
		c.counts[length]++
	}
	c.counts[0] = 0
	left := 1
	for length := 1; length <= maxLength; length++ {
		if left = left<<1 - int(c.counts[length]); left < 0 {
			return c, broken
		}
	}
	value := 0
	for length := 1; length <= maxLength; length++ {
		for symbol, l := range lengths {
			if int(l) != length {
				continue
			}
			c.symbols = append(c.symbols, uint16(symbol))
			if length <= fastBits {
				reversed := int(bits.Reverse16(uint16(value)) >> (16 - length))
				for i := reversed; i < len(c.fast); i += 1 << length {
					c.fast[i] = uint16(symbol)<<4 | uint16(length)
				}
			}
			value++
		}
		value <<= 1
	}
	if left > 0 {
		return c, incomplete
	}
	return c, complete
}

// single reports whether the code has at most one symbol, of one bit.
func (c *code) single() bool { return len(c.symbols) == int(c.counts[1]) && len(c.symbols) <= 1 }

// fixedCodes are the codes of blocks without codes of their own: RFC 1951, 3.2.6.
var fixedCodes = sync.OnceValues(func() (literals, distances *code) {
	lengths := make([]uint8, 288)
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	literals, _ = newCode(lengths)
	lengths = make([]uint8, 32)
	for i := range lengths {
		lengths[i] = 5
	}
	distances, _ = newCode(lengths)
	return literals, distances
})
