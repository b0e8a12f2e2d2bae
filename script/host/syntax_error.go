package host

import (
	"errors"
	"regexp"
	"strings"
	"sync"

	"github.com/brood-go/brood/script/engine"
)

// inNodesWords gives the error of a source that cannot be read the words that Node has for it.
// prefix is how much of the engine's first line is not of the source: bytes. The engine's words
// stay where Node's would have to be guessed.
func inNodesWords(err error, file, source string, prefix int) error {
	x, ok := errors.AsType[*engine.Exception](err)
	if !ok {
		return err
	}
	words, ok := strings.CutPrefix(x.Message, "SyntaxError: ")
	if !ok || !x.Value.IsError() {
		return err
	}
	// The engine says this of errors that it has found while it read, and nothing like it of those
	// that a script has thrown.
	name, errName := x.Value.Get("fileName")
	line, errLine := x.Value.Get("lineNumber")
	column, errColumn := x.Value.Get("columnNumber")
	if errors.Join(errName, errLine, errColumn) != nil || name.Text() != file || line.Int() < 1 {
		return err
	}
	before, rest, isEnd := splitAt(source, int(line.Int()), int(column.Int()), prefix)
	if isEnd && words == "expecting ')'" && prefix > 0 {
		rest, isEnd = "}", false // One of the source's has ended the function around it.
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

// splitAt cuts a source at a place. isEnd says that the place is behind it.
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
	for i := range text { // Columns count characters.
		if column--; column == 0 {
			at += i
			return source[:at], source[at:], false
		}
	}
	at = min(at+len(text), len(source))
	return source[:at], source[at:], strings.TrimSpace(source[at:]) == ""
}

// fixedWords are Node's words that say nothing of the source.
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

// tokens are what is looked for in sources and in the engine's words, compiled when an error first
// needs them.
type tokens struct {
	// the engine's words for something that does not belong where it stands
	misplaced       *regexp.Regexp
	lastName        *regexp.Regexp
	importStatement *regexp.Regexp // what ends with the beginning of one
	first           *regexp.Regexp
	startsName      *regexp.Regexp
	reserved        *regexp.Regexp // words that cannot be names
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
	// The errors of regular expressions are worded alike.
	case p.misplaced.MatchString(words) && !strings.HasPrefix(rest, "/"):
		return unexpected(rest, isEnd)
	}
	return ""
}

// unexpected says what it is that a source goes on with.
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
