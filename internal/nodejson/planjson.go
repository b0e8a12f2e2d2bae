package nodejson

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// A json.Number and a json.RawMessage are JSON themselves.

// number reads a number. It may also be in a string, which is left to the library.
func (r *planDecoder) number(to place) bool {
	end, err := skipNumber(r.p, r.i)
	if err != nil {
		return false
	}
	*to.text() = string(r.p[r.i:end])
	r.i = end
	return true
}

// raw keeps a value as it was written. What is not UTF-8 is to be repaired before.
func (r *planDecoder) raw(to place) bool {
	end, err := skipValue(r.p, r.i, r.depth)
	if err != nil || !utf8.Valid(r.p[r.i:end]) {
		return false
	}
	*to.bytes() = slices.Clone(r.p[r.i:end])
	r.i = end
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

// appendRaw writes raw, which is inside so many arrays and objects, on one line.
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
