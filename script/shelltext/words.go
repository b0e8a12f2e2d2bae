package shelltext

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Program is a command that is a program with its arguments and nothing else, so a shell would only
// add the time that it takes to start.
type Program struct{ words [][]part }

// part is a part of a word: text, or the value with that number, from 1.
type part struct {
	text  string
	value int
}

// ReadProgram parses the text of a command with references to n values, written as Parse and its
// callers write them. ok is false if a shell gives any part a meaning: operators, expansions,
// patterns and assignments.
func ReadProgram(text string, n int) (p Program, ok bool) {
	text = strings.Trim(text, " \t\n")
	for text != "" {
		word, rest, plain := nextWord(text, n)
		if !plain || len(p.words) == 0 && strings.Contains(text[:len(text)-len(rest)], "=") {
			return Program{}, false
		}
		p.words = append(p.words, word)
		text = strings.TrimLeft(rest, " \t")
	}
	return p, len(p.words) > 0
}

// Words returns the program's name and its arguments. ok is false if a shell treats the name
// specially: an empty one, and reserved words and built-in commands.
func (p Program) Words(values []string) (words []string, ok bool) {
	words = make([]string, len(p.words))
	for i, parts := range p.words {
		words[i] = joined(parts, values)
	}
	if words[0] == "" || !strings.Contains(words[0], "/") && isShellWord(words[0]) {
		return nil, false
	}
	return words, true
}

func joined(parts []part, values []string) string {
	if len(parts) == 1 {
		return parts[0].resolve(values)
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.resolve(values))
	}
	return b.String()
}

func (p part) resolve(values []string) string {
	if p.value > 0 {
		return values[p.value-1]
	}
	return p.text
}

// nextWord returns the first word of text. plain is false if a shell gives it a meaning.
func nextWord(text string, n int) (word []part, rest string, plain bool) {
	for text != "" && text[0] != ' ' && text[0] != '\t' {
		var next part
		switch length := literal(text); {
		case length > 0:
			next.text, text = text[:length], text[length:]
		case text[0] == '\'':
			next.text, text, plain = strings.Cut(text[1:], "'")
			if !plain {
				return nil, "", false
			}
		case text[0] == '"':
			next, text, plain = quoted(text[1:], n)
			if !plain {
				return nil, "", false
			}
		default:
			return nil, "", false
		}
		word = append(word, next)
	}
	return word, text, true
}

// literal returns the length of the prefix of text whose bytes stand for themselves everywhere.
func literal(text string) int {
	n := 0
	for n < len(text) {
		c := text[n]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80 ||
			strings.IndexByte("_@%+=:,./-", c) >= 0) {
			break
		}
		n++
	}
	return n
}

// quoted returns the text in double quotes, after the first of them: text without expansions, or
// one of n values.
func quoted(text string, n int) (inside part, rest string, plain bool) {
	between, rest, plain := strings.Cut(text, `"`)
	if number, ok := strings.CutPrefix(between, "${brood"); ok {
		value, err := strconv.Atoi(strings.TrimSuffix(number, "}"))
		if err != nil || value < 1 || value > n || !strings.HasSuffix(number, "}") {
			return part{}, "", false
		}
		return part{value: value}, rest, plain
	}
	return part{text: between}, rest, plain && !strings.ContainsAny(between, "$`\\")
}

// shellWords are the reserved words and built-in commands of POSIX's shell, dash, bash, ksh, zsh
// and BusyBox.
var shellWords = sync.OnceValue(func() []string {
	return strings.Fields(`
		! . : [ [[ { } alias autoload bg bind break builtin caller case cd chdir command compgen complete compopt continue coproc declare
		dirs disown do done echo elif else emulate enable end esac eval exec exit export false fc fg fi float for foreach function functions
		getln getopts hash help hist history if in integer jobs kill let limit local log logout mapfile nameref newgrp noglob nohup nocorrect
		popd print printf pushd pushln pwd read readarray readonly rehash repeat return sched select set setopt shift shopt sleep source
		stop suspend test then time times trap true ttyctl type typeset ulimit umask unalias unfunction unhash unlimit unset unsetopt until
		vared wait whence where which while zcompile zformat zle zmodload zparseopts zstyle`)
})

func isShellWord(name string) bool { return slices.Contains(shellWords(), name) }
