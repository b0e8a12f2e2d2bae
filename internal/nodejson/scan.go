package nodejson

import (
	"unicode/utf8"

	"github.com/brood-go/brood/internal/wtf8"
)

// This file checks JSON without decoding it. A function skipX returns the offset behind the X that
// begins at i, or a syntax error with the offset of the fault.

// maxDepth is the number of levels that arrays and objects may be nested, as in encoding/json. It
// is bounded because each level takes stack, and the peer decides on the depth.
const maxDepth = 10_000

// Check returns nil if p is one JSON value with only blanks around it, otherwise an *[Error]
// wrapping [ErrSyntax] or [ErrDepth] with the offset of the fault. Strings may have bytes that are
// not UTF-8, and escaped lone surrogates, as for Node.
//
// Safe to call from any goroutine.
func Check(p []byte) error {
	end, err := skipValue(p, skipBlanks(p, 0), 0)
	if err != nil {
		return err
	}
	return checkEnd(p, end)
}

// checkEnd returns an error if p has anything but blanks from i on.
func checkEnd(p []byte, i int) error {
	if i = skipBlanks(p, i); i < len(p) {
		return syntaxError(i)
	}
	return nil
}

// skipBlanks returns the offset of the first byte from i on that is no blank.
func skipBlanks(p []byte, i int) int {
	for i < len(p) && p[i] <= ' ' && (p[i] == ' ' || p[i] == '\n' || p[i] == '\r' || p[i] == '\t') {
		i++
	}
	return i
}

// skipValue returns the offset behind the value that begins at i. depth counts the arrays and
// objects around it.
func skipValue(p []byte, i, depth int) (end int, err error) {
	if i >= len(p) {
		return 0, syntaxError(i)
	}
	switch p[i] {
	case '"':
		return skipString(p, i)
	case '{':
		return eachMember(p, i, depth, nil)
	case '[':
		return skipArray(p, i, depth)
	case 't':
		return skipWord(p, i, "true")
	case 'f':
		return skipWord(p, i, "false")
	case 'n':
		return skipWord(p, i, "null")
	}
	return skipNumber(p, i)
}

func skipWord(p []byte, i int, word string) (end int, err error) {
	for k := range len(word) {
		if i+k >= len(p) || p[i+k] != word[k] {
			return 0, syntaxError(i + k)
		}
	}
	return i + len(word), nil
}

func skipArray(p []byte, i, depth int) (end int, err error) {
	if depth >= maxDepth {
		return 0, depthError(i)
	}
	if i = skipBlanks(p, i+1); i < len(p) && p[i] == ']' {
		return i + 1, nil
	}
	for {
		if i, err = skipValue(p, i, depth+1); err != nil {
			return 0, err
		}
		if plainComma(p, i) {
			i++
			continue
		}
		more, next, err := separator(p, i, ']')
		if !more || err != nil {
			return next, err
		}
		i = next
	}
}

// eachMember calls yield, if it is not nil, with each member of the object that begins at i: the
// key with its quotes, and the value. It returns the offset behind the object. An error may come
// after some calls.
func eachMember(p []byte, i, depth int, yield func(key, value []byte)) (end int, err error) {
	if depth >= maxDepth {
		return 0, depthError(i)
	}
	if i = skipBlanks(p, i+1); i < len(p) && p[i] == '}' {
		return i + 1, nil
	}
	for {
		key, value, err := skipKey(p, i)
		if err != nil {
			return 0, err
		}
		end, err := skipValue(p, value, depth+1)
		if err != nil {
			return 0, err
		}
		if yield != nil {
			yield(p[i:key], p[value:end])
		}
		if plainComma(p, end) {
			i = end + 1
			continue
		}
		more, next, err := separator(p, end, '}')
		if !more || err != nil {
			return next, err
		}
		i = next
	}
}

// skipKey returns the offset behind the key that begins at i, and the one at which its value
// begins.
func skipKey(p []byte, i int) (end, value int, err error) {
	if i >= len(p) || p[i] != '"' {
		return 0, 0, syntaxError(i)
	}
	if end, err = skipString(p, i); err != nil {
		return 0, 0, err
	}
	if value = skipBlanks(p, end); value >= len(p) || p[value] != ':' {
		return 0, 0, syntaxError(value)
	}
	return end, skipBlanks(p, value+1), nil
}

// plainComma reports whether a comma is at i and another element right behind it, as in a text
// without blanks. It saves the call of separator.
func plainComma(p []byte, i int) bool { return i+1 < len(p) && p[i] == ',' && p[i+1] > ' ' }

// separator reads the comma or closing bracket behind an element that ends at i. Behind a comma,
// more is true and next is the beginning of the next element; behind the bracket, next is the
// offset behind it.
func separator(p []byte, i int, closing byte) (more bool, next int, err error) {
	if i = skipBlanks(p, i); i < len(p) {
		switch p[i] {
		case ',':
			return true, skipBlanks(p, i+1), nil
		case closing:
			return false, i + 1, nil
		}
	}
	return false, 0, syntaxError(i)
}

func skipNumber(p []byte, i int) (end int, err error) {
	if i < len(p) && p[i] == '-' {
		i++
	}
	start := i
	for i < len(p) && isDigit(p[i]) {
		i++
	}
	switch {
	case i == start:
		return 0, syntaxError(i)
	case p[start] == '0':
		i = start + 1 // A further digit is not part of the number.
	}
	if i == len(p) || !continuesNumber(p[i]) {
		return i, nil
	}
	return skipFraction(p, i)
}

// skipFraction returns the offset behind the number whose point or exponent is at i.
func skipFraction(p []byte, i int) (end int, err error) {
	if p[i] == '.' {
		if i, err = skipDigits(p, i+1); err != nil {
			return 0, err
		}
	}
	if i < len(p) && (p[i] == 'e' || p[i] == 'E') {
		i++
		if i < len(p) && (p[i] == '+' || p[i] == '-') {
			i++
		}
		return skipDigits(p, i)
	}
	return i, nil
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// skipDigits returns the offset behind the digits at i. At least one is required.
func skipDigits(p []byte, i int) (end int, err error) {
	start := i
	for i < len(p) && isDigit(p[i]) {
		i++
	}
	if i == start {
		return 0, syntaxError(i)
	}
	return i, nil
}

// skipString returns the offset behind the string whose opening quote is at i.
func skipString(p []byte, i int) (end int, err error) {
	if i = wtf8.PlainEnd(p, i+1); i < len(p) && p[i] == '"' {
		return i + 1, nil
	}
	return skipUnusual(p, i)
}

// skipUnusual is skipString from the first byte that does not stand for itself, at i.
func skipUnusual(p []byte, i int) (end int, err error) {
	for ; i < len(p); i = wtf8.PlainEnd(p, i) {
		switch c := p[i]; {
		case c == '"':
			return i + 1, nil
		case c >= utf8.RuneSelf:
			i++
		case c != '\\':
			return 0, syntaxError(i)
		default:
			n := escapeLen(p[i:])
			if n == 0 {
				return 0, syntaxError(i)
			}
			i += n
		}
	}
	return 0, syntaxError(i)
}

// escapeLen returns the length of the escape that p begins with, 0 if it is none.
func escapeLen(p []byte) int {
	if len(p) < 2 {
		return 0
	}
	if shortEscape[p[1]] != 0 {
		return 2
	}
	if p[1] == 'u' {
		if _, ok := hex4(p[2:]); ok {
			return 6
		}
	}
	return 0
}

// hex4 reads the four digits of a \u escape.
func hex4(p []byte) (unit rune, ok bool) {
	if len(p) < 4 {
		return 0, false
	}
	for _, c := range p[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | rune(c)
	}
	return unit, true
}
