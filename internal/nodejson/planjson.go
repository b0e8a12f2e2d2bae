package nodejson

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// This file writes and reads json.Number and json.RawMessage, whose values are JSON.

// number reads a json.Number from a number. A string with a number in it is left to the library.
func (r *planReader) number(to place) bool {
	end, err := skipNumber(r.p, r.i)
	if err != nil {
		return false
	}
	*to.text() = string(r.p[r.i:end])
	r.i = end
	return true
}

// raw reads a json.RawMessage: it copies the text of a value. A text that is not UTF-8 needs a
// repair, which is left to the library.
func (r *planReader) raw(to place) bool {
	end, err := skipValue(r.p, r.i, r.depth)
	if err != nil || !utf8.Valid(r.p[r.i:end]) {
		return false
	}
	*to.bytes() = slices.Clone(r.p[r.i:end])
	r.i = end
	return true
}

// appendNumber appends the json.Number n. The error is errUnusual if n is no number.
func appendNumber(dst []byte, n string) ([]byte, error) {
	if n == "" {
		return append(dst, '0'), nil // as in encoding/json
	}
	start := len(dst)
	dst = append(dst, n...)
	if end, err := skipNumber(dst, start); err != nil || end != len(dst) {
		return dst, errUnusual
	}
	return dropNegativeZeros(dst, start), nil
}

// appendRaw appends the JSON raw on one line. depth is the number of arrays and objects around it.
// The error is errUnusual if raw is no JSON in UTF-8.
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
