package host

import (
	"errors"
	"regexp"
	"strings"
	"sync"

	"github.com/brood-go/brood/script/engine"
)

// inNodesWords replaces the message of a syntax error by Node's. prefix is the number of bytes on
// the engine's first line that do not belong to the source. Where Node's message would be a guess,
// the engine's stays.
func inNodesWords(err error, file, source string, prefix int) error {
	x, ok := errors.AsType[*engine.Exception](err)
	if !ok {
		return err
	}
	words, ok := strings.CutPrefix(x.Message, "SyntaxError: ")
	if !ok || !x.Value.IsError() {
		return err
	}
	// Only a syntax error that the engine found while it compiled has these properties, not one
	// that a script has thrown.
	name, errName := x.Value.Get("fileName")
	line, errLine := x.Value.Get("lineNumber")
	column, errColumn := x.Value.Get("columnNumber")
	if errors.Join(errName, errLine, errColumn) != nil || name.Text() != file || line.Int() < 1 {
		return err
	}
	before, rest, isEnd := splitAt(source, int(line.Int()), int(column.Int()), prefix)
	if isEnd && words == "expecting ')'" && prefix > 0 {
		rest, isEnd = "}", false // A "}" of the source has closed the function around it.
	}
	p := tokenPatterns()
	if prefix > 0 && p.misplaced.MatchString(words) && p.importStatement.MatchString(before) {
		words = "Cannot use import statement outside a module"
	} else {
		words = nodesWords(words, before, rest, isEnd)
	}
	if words == "" {
		return err
	}
	if x.Value.Hide("message", x.Value.Scope().String(words)) == nil {
		x.Message = "SyntaxError: " + words
	}
	return err
}

// splitAt splits a source at a place. isEnd says that nothing but white space follows.
func splitAt(source string, line, column, prefix int) (before, rest string, isEnd bool) {
	if line == 1 {
		column -= prefix
	}
	at := 0
	for range line - 1 {
		next := strings.IndexByte(source[at:], '\n')
		if next < 0 {
			return source, "", true
		}
		at += next + 1
	}
	rest = source[at:]
	text, _, _ := strings.Cut(rest, "\n")
	for i := range text { // Columns count code points.
		if column--; column == 0 {
			at += i
			return source[:at], source[at:], false
		}
	}
	at = min(at+len(text), len(source))
	return source[:at], source[at:], strings.TrimSpace(source[at:]) == ""
}

// fixedWords maps messages of the engine to those of Node's that do not quote the source.
var fixedWords = map[string]string{
	"missing initializer for const variable":               "Missing initializer in const declaration",
	"'super' is only valid in a method":                    "'super' keyword unexpected here",
	"break must be inside loop or switch":                  "Illegal break statement",
	"continue must be inside loop":                         "Illegal continue statement: no surrounding iteration statement",
	"invalid assignment left-hand side":                    "Invalid left-hand side in assignment",
	"unexpected line terminator in regexp":                 "Invalid regular expression: missing /",
	"invalid number literal":                               "Invalid or unexpected token",
	"duplicate argument names not allowed in this context": "Duplicate parameter name not allowed in this context",
	"invalid keyword: with":                                "Strict mode code may not include a with statement",
	"line terminator not allowed after throw":              "Illegal newline after throw",
	"expecting catch or finally":                           "Missing catch or finally after try",
	"function name expected":                               "Function statements require a function name",
	"'let' is not a valid lexical identifier":              "let is disallowed as a lexically bound name",
	"unsupported keyword: export":                          "Unexpected token 'export'",
	"return not in a function":                             "Illegal return statement",
	"new.target only allowed within functions":             "new.target expression is not allowed here",
}

// tokens are the patterns for sources and for the engine's messages, compiled when the first error
// needs them.
type tokens struct {
	// the engine's messages for a token that does not belong where it is
	misplaced       *regexp.Regexp
	lastName        *regexp.Regexp
	importStatement *regexp.Regexp // a source that ends in "import"
	first           *regexp.Regexp
	startsName      *regexp.Regexp
	reserved        *regexp.Regexp // keywords
}

var tokenPatterns = sync.OnceValue(func() *tokens {
	return &tokens{
		misplaced: regexp.MustCompile(`^(unexpected token|expecting '|invalid property name|variable name expected|` +
			`class statement requires a name|invalid switch statement)`),
		lastName:        regexp.MustCompile(`([\p{L}_$][\p{L}\p{N}_$]*)\s*(?:=[^=]*)?$`),
		first:           regexp.MustCompile(`^(?:[\p{L}_$][\p{L}\p{N}_$]*|\.\.\.|=>|[-+*/%&|^!<>=?]+=?|.)`),
		importStatement: regexp.MustCompile(`(^|[^\p{L}\p{N}_$.])import\s*$`),
		startsName:      regexp.MustCompile(`^[\p{L}_$]`),
		reserved: regexp.MustCompile(`^(?:break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|` +
			`finally|for|function|if|import|in|instanceof|new|null|return|super|switch|this|throw|true|try|typeof|var|void|while|with)$`),
	}
})

// nodesWords returns Node's message for a message of the engine, empty if it is unknown. before and
// rest are the source around the place of the error.
func nodesWords(words, before, rest string, isEnd bool) string {
	if fixed := fixedWords[words]; fixed != "" {
		return fixed
	}
	p := tokenPatterns()
	switch {
	case words == "unexpected end of string":
		if strings.HasPrefix(rest, "`") {
			return "Unterminated template literal"
		}
		return "Invalid or unexpected token"
	case words == "invalid redefinition of lexical identifier" || words == "invalid redefinition of a variable":
		if name := p.lastName.FindStringSubmatch(strings.TrimRight(before, " \t\r\n")); name != nil {
			return "Identifier '" + name[1] + "' has already been declared"
		}
	case words == "break/continue label not found":
		if name := p.first.FindString(rest); name != "" {
			return "Undefined label '" + name + "'"
		}
	case words == "variable name expected" && (strings.HasPrefix(rest, "[") || strings.HasPrefix(rest, "{")):
		return "Missing initializer in destructuring declaration"
	// Errors in regular expressions have the same messages.
	case p.misplaced.MatchString(words) && !strings.HasPrefix(rest, "/"):
		return unexpected(rest, isEnd)
	}
	return ""
}

// unexpected returns Node's message for the token at the beginning of rest.
func unexpected(rest string, isEnd bool) string {
	rest = strings.TrimLeft(rest, " \t\r\n")
	if isEnd || rest == "" {
		return "Unexpected end of input"
	}
	switch first := rest[0]; {
	case first == '"' || first == '\'':
		return "Unexpected string"
	case first == '`':
		return "Unexpected template string"
	case '0' <= first && first <= '9' || first == '.' && len(rest) > 1 && '0' <= rest[1] && rest[1] <= '9':
		return "Unexpected number"
	case first == '@' || first == '\\' || first == '#':
		return "Invalid or unexpected token"
	}
	p := tokenPatterns()
	token := p.first.FindString(rest)
	if p.startsName.MatchString(token) && !p.reserved.MatchString(token) {
		return "Unexpected identifier '" + token + "'"
	}
	return "Unexpected token '" + token + "'"
}
