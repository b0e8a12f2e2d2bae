// Package dotenv parses .env files as Node does: lines of NAME=value, values in quotes over several
// lines, and comments.
package dotenv

import "strings"

// Variable is one assignment.
type Variable struct{ Name, Value string }

// Parse returns the assignments in text in their order. A name may occur twice. Lines without an
// assignment are skipped. Safe to call from any goroutine.
func Parse(text string) (all []Variable) {
	rest := strings.TrimSpace(strings.ReplaceAll(text, "\r", ""))
	for rest != "" {
		if rest[0] == '\n' || rest[0] == '#' {
			_, rest, _ = strings.Cut(rest, "\n")
			rest = strings.TrimLeft(rest, " \t\n")
			continue
		}
		equals := strings.IndexByte(rest, '=')
		newline := strings.IndexByte(rest, '\n')
		if equals < 0 || newline >= 0 && newline < equals {
			if newline < 0 {
				break
			}
			rest = strings.TrimLeft(rest[newline+1:], " \t\n")
			continue
		}
		name := strings.TrimSpace(rest[:equals])
		rest = rest[equals+1:]
		if after, ok := strings.CutPrefix(name, "export "); ok {
			name = strings.TrimSpace(after)
		}
		var value string
		value, rest = parseValue(rest)
		if name != "" {
			all = append(all, Variable{name, value})
		}
		rest = strings.TrimLeft(rest, " \t\n")
	}
	return all
}

// parseValue returns the value at the beginning of text, and the text after its line.
func parseValue(text string) (value, rest string) {
	line, rest, _ := strings.Cut(text, "\n")
	quoted := strings.TrimLeft(text, " \t")
	if quoted != "" && strings.ContainsRune("\"'`", rune(quoted[0])) {
		quote := quoted[:1]
		if end := strings.Index(quoted[1:], quote); end >= 0 {
			value = quoted[1 : 1+end]
			_, rest, _ = strings.Cut(quoted[end+2:], "\n")
			if quote == `"` {
				value = strings.ReplaceAll(value, `\n`, "\n")
			}
			return value, rest
		}
		line = strings.TrimSpace(line) // An unclosed quote is an ordinary character.
	}
	if before, _, ok := strings.Cut(line, "#"); ok {
		line = before
	}
	return strings.TrimSpace(line), rest
}
