package cjsnames

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is the kind of a token.
type kind byte

const (
	kindNone   kind = iota
	kindName        // identifiers and keywords
	kindString      // text is its value
	kindSign        // one character, or "..."
	kindOther       // numbers, regular expressions, templates
)

type token struct {
	kind kind
	text string
}

// scanner splits a source into tokens. It goes on after invalid JavaScript, because the engine
// reports that.
type scanner struct {
	rest   string
	tokens []token
}

func scan(source string) []token {
	s := &scanner{rest: source}
	for s.rest != "" {
		s.next()
	}
	return s.tokens
}

func (s *scanner) add(kind kind, text string) { s.tokens = append(s.tokens, token{kind, text}) }

func (s *scanner) last() token {
	if len(s.tokens) == 0 {
		return token{}
	}
	return s.tokens[len(s.tokens)-1]
}

// next adds the next token, or skips blanks and comments.
func (s *scanner) next() {
	r, size := utf8.DecodeRuneInString(s.rest)
	switch {
	case isSpace(r):
		s.rest = s.rest[size:]
	case strings.HasPrefix(s.rest, "//"):
		_, s.rest, _ = strings.Cut(s.rest, "\n")
	case strings.HasPrefix(s.rest, "/*"):
		_, s.rest, _ = strings.Cut(s.rest[2:], "*/")
	case r == '/' && startsRegExp(s.last()):
		s.regExp()
	case r == '"' || r == '\'':
		s.text(byte(r))
	case r == '`':
		s.template()
	case isNameStart(r):
		end := strings.IndexFunc(s.rest, func(r rune) bool { return !isNamePart(r) })
		if end < 0 {
			end = len(s.rest)
		}
		s.add(kindName, s.rest[:end])
		s.rest = s.rest[end:]
	case r >= '0' && r <= '9':
		end := strings.IndexFunc(s.rest, func(r rune) bool { return !isNamePart(r) && r != '.' })
		if end < 0 {
			end = len(s.rest)
		}
		s.add(kindOther, "")
		s.rest = s.rest[end:]
	case strings.HasPrefix(s.rest, "..."):
		s.add(kindSign, "...")
		s.rest = s.rest[3:]
	case strings.HasPrefix(s.rest, "=="), strings.HasPrefix(s.rest, "=>"):
		s.add(kindSign, s.rest[:2])
		s.rest = strings.TrimLeft(s.rest[2:], "=")
	default:
		s.add(kindSign, s.rest[:size])
		s.rest = s.rest[size:]
	}
}

// regExp skips a regular expression. If none ends on the line, the slash is a division.
func (s *scanner) regExp() {
	inClass := false
	for i := 1; i < len(s.rest) && s.rest[i] != '\n'; i++ {
		switch b := s.rest[i]; {
		case b == '\\':
			i++
		case b == '[':
			inClass = true
		case b == ']':
			inClass = false
		case b == '/' && !inClass:
			s.add(kindOther, "")
			s.rest = s.rest[i+1:]
			return
		}
	}
	s.add(kindSign, "/")
	s.rest = s.rest[1:]
}

// text adds a string literal. One without an end on its line is dropped.
func (s *scanner) text(quote byte) {
	for i := 1; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '\\':
			i++
		case '\n':
			s.rest = s.rest[i:]
			return
		case quote:
			s.add(kindString, unquote(s.rest[1:i]))
			s.rest = s.rest[i+1:]
			return
		}
	}
	s.rest = ""
}

// unquote decodes the escapes of a string. Unknown ones stand for themselves.
func unquote(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var units []rune
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if r == '\\' && len(text) > 1 {
			r, size = escape(text)
		}
		if n := len(units); n > 0 && utf16.IsSurrogate(r) && utf16.IsSurrogate(units[n-1]) {
			units[n-1] = utf16.DecodeRune(units[n-1], r)
		} else {
			units = append(units, r)
		}
		text = text[size:]
	}
	if slices.ContainsFunc(units, utf16.IsSurrogate) {
		return "\xff" // Invalid: a lone half of a surrogate pair cannot be imported.
	}
	return string(units)
}

const (
	simpleEscapes = "ntrbfv0"
	simpleEscaped = "\n\t\r\b\f\v\x00" // what these stand for
)

// escape returns the character of an escape, and the escape's length.
func escape(text string) (r rune, size int) {
	digits, size := "", 2
	switch {
	case text[1] == 'x' && len(text) >= 4:
		digits, size = text[2:4], 4
	case strings.HasPrefix(text[1:], "u{") && strings.Contains(text, "}"):
		end := strings.Index(text, "}")
		digits, size = text[3:end], end+1
	case text[1] == 'u' && len(text) >= 6:
		digits, size = text[2:6], 6
	}
	if n, err := strconv.ParseUint(digits, 16, 32); digits != "" && err == nil && n <= utf8.MaxRune {
		return rune(n), size
	}
	if i := strings.IndexByte(simpleEscapes, text[1]); i >= 0 {
		return rune(simpleEscaped[i]), 2
	}
	r, size = utf8.DecodeRuneInString(text[1:])
	return r, size + 1
}

// template skips a template. Code in its ${} exports nothing.
func (s *scanner) template() {
	depth := []int{} // open braces in each ${}; -1: a template in it
	for i := 1; i < len(s.rest); i++ {
		b := s.rest[i]
		if n := len(depth); n > 0 && depth[n-1] >= 0 {
			switch b {
			case '{':
				depth[n-1]++
			case '}':
				if depth[n-1]--; depth[n-1] < 0 {
					depth = depth[:n-1]
				}
			case '`':
				depth = append(depth, -1)
			}
			continue
		}
		switch {
		case b == '\\':
			i++
		case b == '$' && i+1 < len(s.rest) && s.rest[i+1] == '{':
			depth = append(depth, 0)
			i++
		case b == '`':
			if len(depth) == 0 {
				s.add(kindOther, "")
				s.rest = s.rest[i+1:]
				return
			}
			depth = depth[:len(depth)-1]
		}
	}
	s.rest = ""
}
