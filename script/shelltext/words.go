package shelltext

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Words returns the words of a command that is a program with its arguments and nothing else, to which a shell would only
// add the time that it takes to start. values are what the references in text mean, as Parse and its callers write them.
// ok is false for whatever a shell gives a meaning: operators, expansions, patterns, assignments, and names that it may
// have for itself.
func Words(text string, values []string) (words []string, ok bool) {
	text = strings.Trim(text, " \t\n")
	for text != "" {
		word, rest, plain := nextWord(text, values)
		if !plain || len(words) == 0 && strings.Contains(text[:len(text)-len(rest)], "=") {
			return nil, false
		}
		words = append(words, word)
		text = strings.TrimLeft(rest, " \t")
	}
	if len(words) == 0 || words[0] == "" || !strings.Contains(words[0], "/") && isShells(words[0]) {
		return nil, false
	}
	return words, true
}

// nextWord returns the first word of text, if a shell would take it as it is written.
func nextWord(text string, values []string) (word, rest string, plain bool) {
	var b strings.Builder
	for text != "" && text[0] != ' ' && text[0] != '\t' {
		var part string
		switch n := literal(text); {
		case n > 0:
			part, text = text[:n], text[n:]
		case text[0] == '\'':
			part, text, plain = strings.Cut(text[1:], "'")
			if !plain {
				return "", "", false
			}
		case text[0] == '"':
			part, text, plain = quoted(text[1:], values)
			if !plain {
				return "", "", false
			}
		default:
			return "", "", false
		}
		b.WriteString(part)
	}
	return b.String(), text, true
}

// literal returns how many bytes at the beginning of text mean themselves wherever they stand.
func literal(text string) int {
	n := 0
	for n < len(text) {
		c := text[n]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80 || strings.IndexByte("_@%+=:,./-", c) >= 0) {
			break
		}
		n++
	}
	return n
}

// quoted returns what is in double quotes, behind the first of them: text without expansions, or one value.
func quoted(text string, values []string) (inside, rest string, plain bool) {
	inside, rest, plain = strings.Cut(text, `"`)
	if number, ok := strings.CutPrefix(inside, "${brood"); ok {
		n, err := strconv.Atoi(strings.TrimSuffix(number, "}"))
		if err != nil || n < 1 || n > len(values) || !strings.HasSuffix(number, "}") {
			return "", "", false
		}
		return values[n-1], rest, plain
	}
	return inside, rest, plain && !strings.ContainsAny(inside, "$`\\")
}

// ofShells are the words that POSIX's shell, dash, bash, ksh, zsh or BusyBox keeps for itself, or has a command of its own for.
var ofShells = sync.OnceValue(func() []string {
	return strings.Fields(`
		! . : [ [[ { } alias autoload bg bind break builtin caller case cd chdir command compgen complete compopt continue coproc declare
		dirs disown do done echo elif else emulate enable end esac eval exec exit export false fc fg fi float for foreach function functions
		getln getopts hash help hist history if in integer jobs kill let limit local log logout mapfile nameref newgrp noglob nohup nocorrect
		popd print printf pushd pushln pwd read readarray readonly rehash repeat return sched select set setopt shift shopt sleep source
		stop suspend test then time times trap true ttyctl type typeset ulimit umask unalias unfunction unhash unlimit unset unsetopt until
		vared wait whence where which while zcompile zformat zle zmodload zparseopts zstyle`)
})

func isShells(name string) bool { return slices.Contains(ofShells(), name) }
