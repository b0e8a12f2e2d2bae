// Package callsource finds the text of a call in a script, at the place that a stack trace gives.
package callsource

import (
	"fmt"
	"strings"
	"unicode"
)

// Text returns the call on a line of source whose opening parenthesis is at or after a column; both
// are counted from 1. If the call goes on after the line, Text returns its part on the line. It
// returns "" if there is no call.
//
// Safe to call from any goroutine.
func Text(source string, line, column int) string {
	for ; line > 1; line-- {
		_, rest, ok := strings.Cut(source, "\n")
		if !ok {
			return ""
		}
		source = rest
	}
	source, _, _ = strings.Cut(source, "\n")
	text := []rune(strings.TrimSuffix(source, "\r"))
	open := column - 1
	if open < 0 || open >= len(text) {
		return ""
	}
	for open < len(text) && text[open] != '(' {
		open++
	}
	if open == len(text) {
		return ""
	}
	start := calleeStart(text, open)
	return visible(strings.TrimLeft(string(text[start:callEnd(text, open)]), ".? \t"))
}

// visible returns text with its control characters as escapes of JavaScript.
func visible(text string) string {
	if strings.IndexFunc(text, unicode.IsControl) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) && r != '\t' {
			fmt.Fprintf(&b, "\\u%04x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// calleeStart returns the index at which the expression begins that is called at open.
func calleeStart(text []rune, open int) int {
	i := open
	for i > 0 {
		switch r := text[i-1]; {
		case r == ']' || r == ')':
			if i = opening(text, i-1); i < 0 {
				return open
			}
		case r == '.' || r == '_' || r == '$' || r == '?' && i < len(text) && text[i] == '.' || unicode.IsLetter(r) ||
			unicode.IsDigit(r):
			i--
		default:
			return i
		}
	}
	return i
}

// opening returns the index of the bracket that the one at end closes, -1 if it is not on the line.
func opening(text []rune, end int) int {
	depth := 0
	for i := end; i >= 0; i-- {
		switch text[i] {
		case ']', ')':
			depth++
		case '[', '(':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// callEnd returns the index after the call whose parenthesis is at open.
func callEnd(text []rune, open int) int {
	depth := 0
	for i := open; i < len(text); i++ {
		switch r := text[i]; r {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'', '`':
			i = quoteEnd(text, i, r)
		case '/':
			if isRegExp(text, i) {
				i = quoteEnd(text, i, r)
			}
		}
	}
	return len(text)
}

// quoteEnd returns the index of the quote that closes the literal at start.
func quoteEnd(text []rune, start int, quote rune) int {
	inClass := false // in a class of a regular expression
	for i := start + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case quote == '/' && text[i] == '[':
			inClass = true
		case quote == '/' && text[i] == ']':
			inClass = false
		case text[i] == quote && !inClass:
			return i
		}
	}
	return len(text)
}

// isRegExp reports whether the slash at i begins a regular expression: it stands where an operand
// is needed.
func isRegExp(text []rune, i int) bool {
	for i--; i >= 0; i-- {
		if !unicode.IsSpace(text[i]) {
			return strings.ContainsRune("(,=:[!&|?{};+-*%<>~^", text[i])
		}
	}
	return true
}
