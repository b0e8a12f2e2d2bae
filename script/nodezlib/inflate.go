package nodezlib

import "slices"

// Errors of raw deflate, with zlib's messages.
var (
	errBlockType   = &Error{BadData, "invalid block type"}
	errStored      = &Error{BadData, "invalid stored block lengths"}
	errTooMany     = &Error{BadData, "too many length or distance symbols"}
	errCodeLengths = &Error{BadData, "invalid code lengths set"}
	errRepeat      = &Error{BadData, "invalid bit length repeat"}
	errNoEnd       = &Error{BadData, "invalid code -- missing end-of-block"}
	errLiterals    = &Error{BadData, "invalid literal/lengths set"}
	errDistances   = &Error{BadData, "invalid distances set"}
	errLiteral     = &Error{BadData, "invalid literal/length code"}
	errDistance    = &Error{BadData, "invalid distance code"}
	errTooFar      = &Error{BadData, "invalid distance too far back"}
	// a step needs more input, and is repeated with it
	errNeedInput = &Error{BadEnd, "unexpected end of file"}
)

// inflater reads raw deflate (RFC 1951) that comes piece by piece. Package flate's reader would
// need a goroutine of its own to wait for input.
type inflater struct {
	in         []byte // input that was not read
	bitBuffer  uint64 // bits that were read and not used, the next one lowest
	bitCount   uint
	window     []byte // the last bytes of output: a ring
	writeIndex int    // of the next byte in window
	filled     int    // valid bytes in window
	state      func(*inflater, []byte) (n int, err error)
	last       bool // this block is the last one
	done       bool

	// bytes of a stored block and of a match that are still to be copied, and the match's distance
	stored, length, distance int
	literals, distances      *code
	dynamic                  dynamic
}

const windowSize = 1 << maxWindowBits

func newInflater(dictionary []byte) *inflater {
	f := &inflater{window: make([]byte, windowSize), state: (*inflater).header}
	for _, b := range dictionary[max(0, len(dictionary)-windowSize):] {
		f.addToWindow(b)
	}
	return f
}

// next writes output to p and returns its length: 0 if it needs more input or is done.
func (f *inflater) next(p []byte) (n int, err error) {
	for n < len(p) && !f.done {
		written, err := f.state(f, p[n:])
		n += written
		if err == errNeedInput {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
	return n, nil
}

// rest returns the bytes after the end, some of which are in bitBuffer.
func (f *inflater) rest() []byte {
	f.takeBits(f.bitCount % 8)
	var p []byte
	for ; f.bitCount > 0; f.takeBits(8) {
		p = append(p, byte(f.bitBuffer))
	}
	return append(p, f.in...)
}

// fill reads input until bitBuffer has n bits, at most 48, and reports whether it has.
func (f *inflater) fill(n uint) bool {
	for f.bitCount < n {
		if len(f.in) == 0 {
			return false
		}
		f.bitBuffer |= uint64(f.in[0]) << f.bitCount
		f.bitCount += 8
		f.in = f.in[1:]
	}
	return true
}

func (f *inflater) takeBits(n uint) uint64 {
	v := f.bitBuffer & (1<<n - 1)
	f.bitBuffer >>= n
	f.bitCount -= n
	return v
}

func (f *inflater) addToWindow(b byte) {
	f.window[f.writeIndex] = b
	f.writeIndex = (f.writeIndex + 1) % windowSize
	f.filled = min(f.filled+1, windowSize)
}

// header reads the header of a block.
func (f *inflater) header([]byte) (int, error) {
	if f.last {
		f.done = true
		return 0, nil
	}
	if !f.fill(3) {
		return 0, errNeedInput
	}
	f.last = f.takeBits(1) == 1
	switch f.takeBits(2) {
	case 0:
		f.takeBits(f.bitCount % 8)
		f.state = (*inflater).storedHeader
	case 1:
		f.literals, f.distances = fixedCodes()
		f.state = (*inflater).symbols
	case 2:
		f.state = (*inflater).dynamicHeader
	default:
		return 0, errBlockType
	}
	return 0, nil
}

func (f *inflater) storedHeader([]byte) (int, error) {
	if !f.fill(32) {
		return 0, errNeedInput
	}
	n := f.takeBits(16)
	if f.takeBits(16) != n^0xffff {
		return 0, errStored
	}
	f.stored, f.state = int(n), (*inflater).copyStored
	return 0, nil
}

func (f *inflater) copyStored(p []byte) (n int, err error) {
	for f.stored > 0 && n < len(p) {
		if !f.fill(8) {
			return n, errNeedInput
		}
		p[n] = byte(f.takeBits(8))
		f.addToWindow(p[n])
		n++
		f.stored--
	}
	if f.stored == 0 {
		f.state = (*inflater).header
	}
	return n, nil
}

// Symbols of RFC 1951, 3.2.5.
const (
	endOfBlock   = 256
	firstLength  = 257
	maxLiterals  = 286
	maxDistances = 30
)

var (
	lengthBase = [...]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
		163, 195, 227, 258}
	lengthExtra  = [...]uint{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceBase = [...]int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
		2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = [...]uint{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
		13}
)

// maxMatchBits is the size of the largest match: the codes of its length and its distance, with
// their extra bits.
const maxMatchBits = 15 + 5 + 15 + 13

// symbols reads literals and matches.
func (f *inflater) symbols(p []byte) (n int, err error) {
	for n < len(p) {
		f.fill(maxMatchBits) // If there are fewer, bitBuffer has all of the input.
		hold, bits := f.bitBuffer, f.bitCount
		symbol, err := f.symbol(f.literals, errLiteral)
		switch {
		case err != nil:
			return n, err
		case symbol < endOfBlock:
			p[n] = byte(symbol)
			f.addToWindow(p[n])
			n++
			continue
		case symbol == endOfBlock:
			f.state = (*inflater).header
			return n, nil
		case symbol >= maxLiterals:
			return n, errLiteral
		}
		if err := f.match(symbol - firstLength); err != nil {
			if err == errNeedInput {
				f.bitBuffer, f.bitCount = hold, bits // The match is read again from its beginning.
			}
			return n, err
		}
		f.state = (*inflater).copyMatch
		return n, nil
	}
	return n, nil
}

// match reads a match after the symbol of its length.
func (f *inflater) match(i int) error {
	if f.bitCount < lengthExtra[i] {
		return errNeedInput
	}
	f.length = lengthBase[i] + int(f.takeBits(lengthExtra[i]))
	symbol, err := f.symbol(f.distances, errDistance)
	switch {
	case err != nil:
		return err
	case symbol >= maxDistances:
		return errDistance
	case f.bitCount < distanceExtra[symbol]:
		return errNeedInput
	}
	if f.distance = distanceBase[symbol] + int(f.takeBits(distanceExtra[symbol])); f.distance > f.filled {
		return errTooFar
	}
	return nil
}

func (f *inflater) copyMatch(p []byte) (n int, err error) {
	n = min(f.length, len(p))
	from := f.writeIndex - f.distance + windowSize
	for i := range n {
		p[i] = f.window[(from+i)%windowSize]
		f.addToWindow(p[i])
	}
	if f.length -= n; f.length == 0 {
		f.state = (*inflater).symbols
	}
	return n, nil
}

// symbol reads a symbol of a code. wrong is the error of bits that are no code.
func (f *inflater) symbol(c *code, wrong error) (int, error) {
	if entry := c.fast[f.bitBuffer&(1<<fastBits-1)]; entry != 0 && uint(entry&0xf) <= f.bitCount {
		f.takeBits(uint(entry & 0xf))
		return int(entry >> 4), nil
	}
	value, first, index := 0, 0, 0
	for length := uint(1); length <= maxLength; length++ {
		if length > f.bitCount {
			return 0, errNeedInput
		}
		value |= int(f.bitBuffer >> (length - 1) & 1)
		count := int(c.counts[length])
		if value-first < count {
			f.takeBits(length)
			return int(c.symbols[index+value-first]), nil
		}
		index += count
		first = (first + count) << 1
		value <<= 1
	}
	return 0, wrong
}

// dynamic is the state of reading the header of a block with its own codes.
type dynamic struct {
	literals, distances, codes int
	lengths                    []uint8 // lengths of the code of lengths, and then of both codes
	code                       *code   // code of lengths; nil until it was read
}

// codeOrder is the order in which the lengths of the code of lengths come.
var codeOrder = [...]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func (f *inflater) dynamicHeader([]byte) (int, error) {
	if !f.fill(14) {
		return 0, errNeedInput
	}
	d := dynamic{literals: int(f.takeBits(5)) + 257, distances: int(f.takeBits(5)) + 1, codes: int(f.takeBits(4)) + 4}
	if d.literals > maxLiterals || d.distances > maxDistances {
		return 0, errTooMany
	}
	f.dynamic, f.state = d, (*inflater).codeLengths
	return 0, nil
}

// codeLengths reads the code in which the lengths of the block's codes are written.
func (f *inflater) codeLengths([]byte) (int, error) {
	d := &f.dynamic
	for len(d.lengths) < d.codes {
		if !f.fill(3) {
			return 0, errNeedInput
		}
		d.lengths = append(d.lengths, uint8(f.takeBits(3)))
	}
	lengths := make([]uint8, len(codeOrder))
	for i, length := range d.lengths {
		lengths[codeOrder[i]] = length
	}
	code, state := newCode(lengths)
	if state != complete {
		return 0, errCodeLengths
	}
	d.code, d.lengths, f.state = code, nil, (*inflater).bothLengths
	return 0, nil
}

// bothLengths reads the lengths of both codes of the block.
func (f *inflater) bothLengths([]byte) (int, error) {
	d := &f.dynamic
	for len(d.lengths) < d.literals+d.distances {
		f.fill(maxLength + 7)
		hold, bits := f.bitBuffer, f.bitCount
		symbol, err := f.symbol(d.code, errCodeLengths)
		if err != nil {
			return 0, err
		}
		if symbol < 16 {
			d.lengths = append(d.lengths, uint8(symbol))
			continue
		}
		extra, least, value := uint(2), 3, uint8(0)
		switch symbol {
		case 16:
			if len(d.lengths) == 0 {
				return 0, errRepeat
			}
			value = d.lengths[len(d.lengths)-1]
		case 17:
			extra = 3
		case 18:
			extra, least = 7, 11
		}
		if f.bitCount < extra {
			f.bitBuffer, f.bitCount = hold, bits
			return 0, errNeedInput
		}
		n := least + int(f.takeBits(extra))
		if len(d.lengths)+n > d.literals+d.distances {
			return 0, errRepeat
		}
		d.lengths = append(d.lengths, slices.Repeat([]uint8{value}, n)...)
	}
	if d.lengths[endOfBlock] == 0 {
		return 0, errNoEnd
	}
	// A code may be incomplete only if it has a single symbol.
	var state completeness
	if f.literals, state = newCode(d.lengths[:d.literals]); state == broken || state == incomplete &&
		!f.literals.single() {
		return 0, errLiterals
	}
	if f.distances, state = newCode(d.lengths[d.literals:]); state == broken || state == incomplete &&
		!f.distances.single() {
		return 0, errDistances
	}
	f.dynamic, f.state = dynamic{}, (*inflater).symbols
	return 0, nil
}
