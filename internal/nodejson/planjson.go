package nodejson

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// This file reads and writes json.Number and json.RawMessage, which are JSON themselves.

// number reads a number. A number in a string is left to the library.
func (d *planDecoder) number(to place) bool {
	end, err := skipNumber(d.p, d.i)
	if err != nil {
		return false
	}
	*to.text() = string(d.p[d.i:end])
	d.i = end
	return true
}

// raw copies a value as it was written. The library repairs text that is not UTF-8.
func (d *planDecoder) raw(to place) bool {
	end, err := skipValue(d.p, d.i, d.depth)
	if err != nil || !utf8.Valid(d.p[d.i:end]) {
		return false
	}
	*to.bytes() = slices.Clone(d.p[d.i:end])
	d.i = end
	return true
}

func appendNumber(dst []byte, n string) ([]byte, error) {
	if n == "" {
		return append(dst, '0'), nil // as encoding/json has it
	}
	start := len(dst)
	dst = append(dst, n...)
	if end, err := skipNumber(dst, start); err != nil || end != len(dst) {
		return dst, errUnusual
	}
	return dropNegativeZeros(dst, start), nil
}

// appendRaw writes raw, which is inside depth arrays and objects, on one line.
func appendRaw(dst, raw []byte, depth int) ([]byte, error) {
	end, err := skipValue(raw, skipBlanks(raw, 0), depth)
	if err != nil || checkEnd(raw, end) != nil || !utf8.Valid(raw) {
		return dst, errUnusual
	}
	start := len(dst)
	if !bytes.ContainsAny(raw, " \t\r\n") {
		return dropNegativeZeros(append(dst, raw...), start), nil
	}
	for i := 0; i < len(raw); {
		next := i + 1
		if raw[i] == '"' {
			next, _ = skipString(raw, i) // It is valid.
		}
		if raw[i] > ' ' {
			dst = append(dst, raw[i:next]...)
		}
		i = next
	}
	return dropNegativeZeros(dst, start), nil
}
