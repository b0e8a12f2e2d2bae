package streams

import (
	"strings"
	"unicode/utf8"
)

// textDecoder turns chunks into text without splitting what belongs together.
type textDecoder struct {
	encoding Encoding
	// the beginning of a sequence that the last chunk cut off
	tail [max(utf8.UTFMax, maxCutOff+1)]byte
	n    int
}

// drop forgets a sequence whose rest nobody will hear.
func (d *textDecoder) drop() { d.n = 0 }

// decode returns the text of chunk, up to a sequence that is still incomplete.
func (d *textDecoder) decode(chunk []byte) string {
	if d.encoding == UTF8 {
		return d.decodeUTF8(chunk)
	}
	c := d.encoding.codec()
	if c.whole == nil {
		return c.decode(chunk)
	}
	var head strings.Builder
	for d.n > 0 && len(chunk) > 0 {
		d.tail[d.n] = chunk[0]
		d.n++
		chunk = chunk[1:]
		n := c.whole(d.tail[:d.n])
		head.WriteString(c.decode(d.tail[:n]))
		d.n = copy(d.tail[:], d.tail[n:d.n])
	}
	cut := c.whole(chunk)
	d.n += copy(d.tail[d.n:], chunk[cut:])
	return head.String() + c.decode(chunk[:cut])
}

// flush returns what is left at the end of the data.
func (d *textDecoder) flush() string {
	if d.n == 0 {
		return ""
	}
	rest := d.tail[:d.n]
	d.n = 0
	return d.encoding.Decode(rest) // Of UTF-8 the incomplete sequence is one U+FFFD.
}

func (d *textDecoder) decodeUTF8(chunk []byte) string {
	var head string
	for d.n > 0 && len(chunk) > 0 {
		d.tail[d.n] = chunk[0]
		if !utf8.FullRune(d.tail[:d.n+1]) {
			d.n++
			chunk = chunk[1:]
			continue
		}
		if r, size := utf8.DecodeRune(d.tail[:d.n+1]); r != utf8.RuneError || size == d.n+1 {
			head = string(d.tail[:d.n+1])
			chunk = chunk[1:]
		} else {
			head = string(utf8.RuneError) // chunk[0] begins something new.
		}
		d.n = 0
	}
	cut := len(chunk) - incompleteTail(chunk)
	d.n += copy(d.tail[d.n:], chunk[cut:])
	return head + validText(chunk[:cut])
}

// incompleteTail returns the length of the sequence that p ends in the middle of.
func incompleteTail(p []byte) int {
	for n := 1; n <= min(len(p), utf8.UTFMax-1); n++ {
		if utf8.RuneStart(p[len(p)-n]) {
			if utf8.FullRune(p[len(p)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}

// validText replaces each maximal invalid part by one U+FFFD, which is what the Encoding Standard
// asks of a decoder.
func validText(p []byte) string {
	if utf8.Valid(p) {
		return string(p)
	}
	var b strings.Builder
	b.Grow(len(p) + utf8.UTFMax)
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		if r != utf8.RuneError || size > 1 {
			b.Write(p[:size])
			p = p[size:]
			continue
		}
		b.WriteRune(utf8.RuneError)
		p = p[invalidPart(p):]
	}
	return b.String()
}

// invalidPart returns the length of the longest beginning of p that could have been the beginning
// of a sequence; at least 1.
func invalidPart(p []byte) int {
	n := 1
	for n < min(len(p), utf8.UTFMax-1) && !utf8.FullRune(p[:n]) && !utf8.FullRune(p[:n+1]) {
		n++
	}
	return n
}
