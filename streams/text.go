package streams

import (
	"strings"
	"unicode/utf8"
)

// textDecoder turns chunks into text without splitting characters. Only the loop goroutine uses it.
// The zero value decodes UTF-8. Invalid bytes are no error, see Encoding.
type textDecoder struct {
	encoding Encoding

	// tail[:n] is the beginning of a character that the last chunk has cut off.
	tail [max(utf8.UTFMax, maxCutOff+1)]byte
	n    int
}

// drop forgets the beginning of a character, because the rest will not come here.
func (d *textDecoder) drop() { d.n = 0 }

// decode returns the text of the tail and chunk, and keeps a character that chunk cuts off.
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

// flush returns the text of the tail at the end of the data.
func (d *textDecoder) flush() string {
	if d.n == 0 {
		return ""
	}
	rest := d.tail[:d.n]
	d.n = 0
	return d.encoding.Decode(rest) // In UTF-8 an incomplete character becomes one U+FFFD.
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
			head = string(utf8.RuneError) // chunk[0] begins the next character.
		}
		d.n = 0
	}
	cut := len(chunk) - incompleteTail(chunk)
	d.n += copy(d.tail[d.n:], chunk[cut:])
	return head + validText(chunk[:cut])
}

// incompleteTail returns how many bytes p has of a character that its end cuts off, 0 if it cuts
// off none.
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

// validText replaces each maximal invalid part by one U+FFFD, as the Encoding Standard says.
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

// invalidPart returns the length of the longest prefix of p that could begin a valid sequence; at
// least 1.
func invalidPart(p []byte) int {
	n := 1
	for n < min(len(p), utf8.UTFMax-1) && !utf8.FullRune(p[:n]) && !utf8.FullRune(p[:n+1]) {
		n++
	}
	return n
}
