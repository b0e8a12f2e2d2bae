package wtf8

import "math/bits"

// plain has true for the bytes that stand for themselves in a JSON string, in both directions,
// regardless of the bytes around them.
var plain = func() (table [256]bool) {
	for c := byte(' '); c < 0x80; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

const (
	eachByte = 0x0101010101010101 // a 1 in each byte of a word
	eachHigh = 0x80 * eachByte    // the highest bit of each byte of a word
)

// PlainEnd returns the offset of the first byte of p, from i on, that does not stand for itself in
// a JSON string; len(p) if there is none.
func PlainEnd[T string | []byte](p T, i int) int {
	for ; i+16 <= len(p); i += 16 {
		q := p[i : i+16]
		low, high := oddBytes(word(q[:8])), oddBytes(word(q[8:]))
		if low|high == 0 {
			continue
		}
		if low != 0 {
			return i + bits.TrailingZeros64(low)/8
		}
		return i + 8 + bits.TrailingZeros64(high)/8
	}
	for i < len(p) && plain[p[i]] {
		i++
	}
	return i
}

// word returns the eight bytes of p, the first one in the lowest bits.
func word[T string | []byte](p T) uint64 {
	return uint64(p[0]) | uint64(p[1])<<8 | uint64(p[2])<<16 | uint64(p[3])<<24 |
		uint64(p[4])<<32 | uint64(p[5])<<40 | uint64(p[6])<<48 | uint64(p[7])<<56
}

// oddBytes returns 0 if all bytes of w are plain. Otherwise the lowest set bit of the result is the
// highest bit of the first byte that is not plain. In each subtraction a byte that is too small
// borrows, which sets its highest bit. The borrow may also set the highest bits of plain bytes
// behind it, which does no harm.
func oddBytes(w uint64) uint64 {
	return (w | (w - ' '*eachByte) | ((w ^ '"'*eachByte) - eachByte) | ((w ^ '\\'*eachByte) - eachByte)) & eachHigh
}
