package nodetext

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"github.com/brood-go/brood/streams"
)

// ErrNotEncoded is the error of bytes that are invalid in their encoding.
var ErrNotEncoded = errors.New("nodetext: the bytes are not valid in their encoding")

// TextDecoder decodes text as the TextDecoder of the WHATWG Encoding Standard does. It must be used
// by one goroutine at a time.
type TextDecoder struct {
	name      string
	fatal     bool // invalid bytes are an error
	ignoreBOM bool // a byte order mark is part of the text
	// decoder of a multi-byte encoding; nil for Unicode, and if there is a table
	legacy  transform.Transformer
	table   *[128]rune // upper half of a single-byte encoding; else nil
	pending []byte     // incomplete character of the last chunk
	began   bool       // text was returned since the beginning
}

// NewTextDecoder returns a decoder for the encoding of a name. ok is false if there is none.
func NewTextDecoder(name string, fatal, ignoreBOM bool) (d *TextDecoder, ok bool) {
	d = &TextDecoder{name: name, fatal: fatal, ignoreBOM: ignoreBOM}
	switch name {
	case "utf-8", "utf-16le", "utf-16be":
		return d, true
	}
	e := legacyEncoding(name)
	if e == nil {
		return nil, false
	}
	switch name {
	case "gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr":
		d.legacy = e.NewDecoder()
	default:
		d.table = tableOf(e)
	}
	return d, true
}

// tableOf returns the upper half of a single-byte encoding. Bytes below 0xA0 that the package does
// not map are control characters.
func tableOf(e encoding.Encoding) *[128]rune {
	var table [128]rune
	for i := range table {
		p, err := e.NewDecoder().Bytes([]byte{byte(0x80 + i)})
		if table[i], _ = utf8.DecodeRune(p); err != nil || table[i] == utf8.RuneError && i < 0x20 {
			table[i] = rune(0x80 + i)
		}
	}
	return &table
}

// Decode returns the text of the last chunk's incomplete character and p. If more is true, it keeps
// an incomplete character at the end of p; else, and after an error, the next call begins a new
// text. Its error is [ErrNotEncoded].
func (d *TextDecoder) Decode(p []byte, more bool) (string, error) {
	if len(d.pending) > 0 {
		p = append(d.pending, p...)
		d.pending = nil
	}
	text, rest, err := d.decode(p, more)
	if err == nil && more {
		d.pending = bytes.Clone(rest)
	}
	if len(text) > 0 && !d.began {
		d.began = true
		if !d.ignoreBOM && d.legacy == nil && d.table == nil {
			text = strings.TrimPrefix(text, "\uFEFF")
		}
	}
	if err != nil || !more {
		d.began = false
		if d.legacy != nil {
			d.legacy.Reset()
		}
	}
	return text, err
}

func (d *TextDecoder) decode(p []byte, more bool) (text string, rest []byte, err error) {
	switch d.name {
	case "utf-8":
		whole := len(p)
		if more {
			whole, _ = wholeUTF8(p)
		}
		if d.fatal && !utf8.Valid(p[:whole]) {
			return "", nil, ErrNotEncoded
		}
		return Decode(p[:whole], streams.UTF8), p[whole:], nil
	case "utf-16le", "utf-16be":
		return d.decodeUTF16(p, more)
	}
	if d.table != nil {
		text, err = d.decodeBytes(p)
		return text, nil, err
	}
	return d.decodeLegacy(p, more)
}

func (d *TextDecoder) decodeBytes(p []byte) (string, error) {
	var b strings.Builder
	b.Grow(len(p))
	for _, c := range p {
		r := rune(c)
		if c >= utf8.RuneSelf {
			r = d.table[c-0x80]
		}
		if r == utf8.RuneError && d.fatal {
			return "", ErrNotEncoded
		}
		b.WriteRune(r)
	}
	return b.String(), nil
}

func (d *TextDecoder) decodeUTF16(p []byte, more bool) (text string, rest []byte, err error) {
	whole := len(p) &^ 1
	if d.name == "utf-16be" {
		p = bytes.Clone(p)
		for i := 0; i < whole; i += 2 {
			p[i], p[i+1] = p[i+1], p[i]
		}
	}
	odd := len(p) - whole
	if more && whole > 0 && p[whole-1]&0xFC == 0xD8 {
		whole -= 2 // The other half may follow.
	}
	text = decodeUTF16(p[:whole])
	if lone := hasSurrogate(text); d.fatal && (lone || !more && odd > 0) {
		return "", nil, ErrNotEncoded
	} else if lone {
		text = replaceSurrogates(text)
	}
	if !more && odd > 0 && (whole == 0 || p[whole-1]&0xFC != 0xD8) {
		text += "\uFFFD" // Otherwise the lone half before it was replaced for both.
	}
	if rest = p[whole:]; d.name == "utf-16be" && len(rest) > 1 {
		rest[0], rest[1] = rest[1], rest[0]
	}
	return text, rest, nil
}

func (d *TextDecoder) decodeLegacy(p []byte, more bool) (text string, rest []byte, err error) {
	dst := make([]byte, 0, len(p)+len(p)/2+utf8.UTFMax)
	for {
		n, used, err := d.legacy.Transform(dst[len(dst):cap(dst)], p, !more)
		dst, p = dst[:len(dst)+n], p[used:]
		if err != transform.ErrShortDst {
			break // ErrShortSrc means that p ends within a character.
		}
		dst = append(dst, make([]byte, cap(dst)+utf8.UTFMax)...)[:len(dst)]
	}
	text = string(dst)
	if d.fatal && strings.Contains(text, "\uFFFD") {
		return "", nil, ErrNotEncoded
	}
	return text, p, nil
}
