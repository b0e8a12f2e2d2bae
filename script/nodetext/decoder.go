package nodetext

import (
	"strings"

	"github.com/brood-go/brood/streams"
)

// Decoder decodes text that comes in chunks, as Node's StringDecoder does: an incomplete character
// at the end of a chunk waits for the next chunk. The zero value decodes UTF-8. It must be used by
// one goroutine at a time.
type Decoder struct {
	Encoding   streams.Encoding
	partial    [4]byte // the incomplete character
	partialLen int     // bytes in partial
	missing    int     // bytes that would complete it
}

// Missing returns the number of bytes of the incomplete character, and of those that would complete
// it.
func (d *Decoder) Missing() (have, missing int) { return d.partialLen, d.missing }

// Cut returns the bytes of the incomplete character; the other bytes of the array are undefined.
func (d *Decoder) Cut() [4]byte { return d.partial }

// Reset forgets the incomplete character.
func (d *Decoder) Reset() { d.partialLen, d.missing = 0, 0 }

// Write returns the text of the incomplete character and p, without a character that p leaves
// incomplete.
func (d *Decoder) Write(p []byte) string {
	var head strings.Builder
	for d.missing > 0 && len(p) > 0 {
		n := d.fill(p)
		p = p[n:]
		if d.missing == 0 {
			head.WriteString(d.End())
		}
	}
	if len(p) == 0 {
		return head.String()
	}
	whole, missing := wholePart(p, d.Encoding)
	d.partialLen, d.missing = copy(d.partial[:], p[whole:]), missing
	return head.String() + Decode(p[:whole], d.Encoding)
}

// fill takes the bytes from p that complete the character, and returns their number. In UTF-8 it
// stops at a byte that does not continue a character; then nothing is missing.
func (d *Decoder) fill(p []byte) (n int) {
	for n < len(p) && d.missing > 0 {
		if d.Encoding == streams.UTF8 && p[n]&0xC0 != 0x80 {
			d.missing = 0
			return n
		}
		d.partial[d.partialLen] = p[n]
		d.partialLen++
		n++
		d.missing--
	}
	return n
}

// End returns the text of the incomplete character, and forgets it.
func (d *Decoder) End() string {
	text := Decode(d.partial[:d.partialLen], d.Encoding)
	d.Reset()
	return text
}

// wholePart returns the length of the prefix of p without an incomplete character, and the number
// of bytes that would complete the rest.
func wholePart(p []byte, e streams.Encoding) (whole, missing int) {
	n := len(p)
	switch e {
	case streams.UTF8:
		return wholeUTF8(p)
	case streams.UTF16LE:
		if n%2 == 1 {
			return n - 1, 1
		}
		if p[n-1]&0xFC == 0xD8 {
			return n - 2, 2
		}
	case streams.Base64, streams.Base64URL:
		rest := n % 3
		return n - rest, (3 - rest) % 3
	}
	return n, 0
}

// wholeUTF8 is wholePart for UTF-8: a last character is incomplete if its first byte announces more
// bytes than there are.
func wholeUTF8(p []byte) (whole, missing int) {
	for i := len(p) - 1; i >= max(0, len(p)-3); i-- {
		size := 0
		switch c := p[i]; {
		case c&0xC0 == 0x80:
			continue
		case c&0xE0 == 0xC0:
			size = 2
		case c&0xF0 == 0xE0:
			size = 3
		case c&0xF8 == 0xF0:
			size = 4
		}
		if have := len(p) - i; have < size {
			return i, size - have
		}
		break
	}
	return len(p), 0
}
