// Package cjsnames finds the names that a CommonJS module exports without running it, so that an ES
// module can import them. It recognises what people and compilers write: exports.name = …,
// module.exports = { … } and Object.defineProperty(exports, 'name', …). For modules that are
// re-exported as a whole it recognises module.exports = require('…'), __exportStar(require('…')),
// and loops over the keys of one. A name that it does not find is still a member of the default
// export.
package cjsnames

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names are the names found in a module, each once.
type Names struct {
	Exports   []string
	Reexports []string // arguments of require for modules that are re-exported as a whole
}

// Find returns the names in the source of a module.
//
// Safe to call from any goroutine.
func Find(source string) Names {
	f := &finder{tokens: scan(source), seen: map[string]bool{}, required: map[string]string{}}
	for f.at = 0; f.at < len(f.tokens); f.at++ {
		f.look()
	}
	return Names{f.exports, f.reexports}
}

// finder is the state of one Find. at is the index of the current token.
type finder struct {
	tokens []token
	at     int
	seen   map[string]bool
	// argument of require that was assigned to a variable, by the variable's name
	required           map[string]string
	exports, reexports []string
}

func (f *finder) export(name string) {
	if !f.seen[name] && utf8.ValidString(name) {
		f.seen[name] = true
		f.exports = append(f.exports, name)
	}
}

// token returns the token n after the current one, an empty one after the end.
func (f *finder) token(n int) token {
	if f.at+n < len(f.tokens) {
		return f.tokens[f.at+n]
	}
	return token{}
}

// follows reports whether the tokens from n after the current one have these texts. "" stands for
// any string literal.
func (f *finder) follows(n int, texts ...string) bool {
	for i, text := range texts {
		t := f.token(n + i)
		if text == "" && t.kind != kindString || text != "" && (t.kind == kindString || t.text != text) {
			return false
		}
	}
	return true
}

// exportsAt returns the number of tokens of "exports" or "module.exports" at n after the current
// one, 0 if neither is there.
func (f *finder) exportsAt(n int) int {
	switch {
	case f.follows(n, "exports"):
		return 1
	case f.follows(n, "module", ".", "exports"):
		return 3
	}
	return 0
}

// look examines the code that begins at the current token.
func (f *finder) look() {
	if f.at > 0 && f.tokens[f.at-1].text == "." && f.tokens[f.at-1].kind == kindSign {
		return // A property of something else.
	}
	switch {
	case f.follows(0, "Object", ".", "defineProperty", "("):
		if n := f.exportsAt(4); n > 0 && f.follows(4+n, ",", "", ",") {
			f.defined(4+n+1, 4+n+3)
		}
	case f.follows(0, "Object", ".", "keys", "("):
		f.copied()
	case f.token(0).kind == kindName && f.follows(1, "=", "require", "(", "", ")"):
		f.required[f.token(0).text] = f.token(4).text
	case f.token(0).kind == kindName && f.follows(1, "=", "_interopRequireWildcard", "(", "require", "(", "", ")"):
		f.required[f.token(0).text] = f.token(6).text
	case f.follows(0, "__exportStar", "(", "require", "(", ""):
		f.reexports = append(f.reexports, f.token(4).text)
	case f.follows(0, "__export", "(", "require", "(", ""):
		f.reexports = append(f.reexports, f.token(4).text)
	case f.follows(0, "tslib", ".", "__exportStar", "(", "require", "(", ""):
		f.reexports = append(f.reexports, f.token(6).text)
	default:
		if n := f.exportsAt(0); n > 0 {
			f.assigned(n, n == 3)
		}
	}
}

// defined examines a property descriptor. A getter or value in an unknown form is not counted.
func (f *finder) defined(name, descriptor int) {
	if f.follows(descriptor, "{", "enumerable", ":", "true", ",", "get") || f.follows(descriptor, "{", "value", ":") ||
		f.follows(descriptor, "{", "enumerable", ":", "true", ",", "value", ":") || f.follows(descriptor, "{", "get") {
		f.export(f.token(name).text)
	}
}

// copied examines a loop over the keys of a module, with which compilers re-export all of them.
func (f *finder) copied() {
	from, key := f.token(4).text, f.token(11).text
	request, ok := f.required[from]
	if !ok || !f.follows(5, ")", ".", "forEach", "(", "function", "(") || !f.follows(12, ")", "{", "if", "(", key) {
		return
	}
	const longest = 100 // tokens, so that many loops do not take quadratic time
	for n, depth := 14, 1; depth > 0 && n < longest; n++ {
		switch {
		case f.follows(n, "{"):
			depth++
		case f.follows(n, "}"):
			depth--
		case f.follows(n, "Object", ".", "defineProperty", "(", "exports", ",", key, ","),
			f.follows(n, "exports", "[", key, "]", "=", from, "[", key, "]"):
			f.reexports = append(f.reexports, request)
			return
		}
	}
}

// assigned examines the tokens after exports.
func (f *finder) assigned(n int, whole bool) {
	switch next := f.token(n + 1); {
	case f.follows(n, ".") && next.kind == kindName && f.follows(n+2, "=") && f.token(n+2).kind == kindSign:
		f.export(next.text)
	case f.follows(n, "[", "", "]", "="):
		f.export(next.text)
	case whole && f.follows(n, "="):
		f.value(n + 1)
	}
}

// value examines the value that module.exports is set to.
func (f *finder) value(n int) {
	if k := f.exportsAt(n); k > 0 && f.follows(n+k, "=") {
		n += k + 1
	}
	switch {
	case f.follows(n, "require", "(", "", ")"):
		f.reexports = append(f.reexports, f.token(n+2).text)
	case f.follows(n, "{"):
		f.members(n + 1)
	}
}

// members examines an object literal: names alone, names with a value of one word, and …require(…).
// It stops at the first other member, whose name counts.
func (f *finder) members(n int) {
	for {
		t := f.token(n)
		switch {
		case f.follows(n, "...", "require", "(", "", ")"):
			f.reexports = append(f.reexports, f.token(n+3).text)
			n += 5
		case t.kind == kindName && (f.follows(n+1, ",") || f.follows(n+1, "}")):
			f.export(t.text)
			n++
		case (t.kind == kindName || t.kind == kindString) && f.follows(n+1, ":"):
			f.export(t.text)
			if value := f.token(n + 2); value.kind == kindSign || !f.follows(n+3, ",") && !f.follows(n+3, "}") {
				return
			}
			n += 3
		case t.kind == kindName && (f.follows(n+1, "(") || t.text == "get" || t.text == "async"):
			return
		default:
			return
		}
		if !f.follows(n, ",") {
			return
		}
		n++
	}
}

func isNameStart(r rune) bool { return r == '$' || r == '_' || unicode.IsLetter(r) }
func isNamePart(r rune) bool {
	return isNameStart(r) || unicode.IsDigit(r) || r == '\u200c' || r == '\u200d'
}

func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }

// startsRegExp reports whether a slash after the token last begins a regular expression.
func startsRegExp(last token) bool {
	switch last.kind {
	case kindNone:
		return true
	case kindName:
		switch last.text {
		case "return", "typeof", "instanceof", "in", "of", "new", "delete", "void", "throw", "case", "do", "else", "yield", "await":
			return true
		}
	case kindSign:
		return !strings.Contains(")]}", last.text)
	}
	return false
}
