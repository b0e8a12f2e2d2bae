package childprocess

import "strings"

// DefaultShell is the shell of [Exec], and the usual value of Options.Shell.
const DefaultShell = "/bin/sh"

// shellCommand returns the program and arguments with which shell runs file and args. They are
// joined by blanks and not quoted: the shell interprets them, as in Node.
//
// After -c, shells take a word that begins with "-" or "+" for another option. A blank in front has
// no meaning to any shell. ("--" would work for POSIX shells: sh, dash, bash, busybox, ksh, zsh.
// csh and fish would take it for the command.)
func shellCommand(shell, file string, args []string) (string, []string) {
	if len(args) > 0 {
		file += " " + strings.Join(args, " ")
	}
	if strings.HasPrefix(file, "-") || strings.HasPrefix(file, "+") {
		file = " " + file
	}
	return shell, []string{"-c", file}
}

// Quote returns word in a form that a POSIX shell takes for exactly this word: in single quotes, or
// unchanged if it needs none. Quote several words one by one:
//
//	"tar -cf - " + childprocess.Quote(dir) + " | " + childprocess.Quote(compressor)
//
// A NUL byte, which no argument can hold, stays, and the command will be refused.
//
// Safe to call from any goroutine.
//
// Source: POSIX.1-2024, Shell Command Language, section 2.2.2.
func Quote(word string) string {
	if strings.Trim(word, digits) != "" && strings.Trim(word, unquoted) == "" && !reserved[word] {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// unquoted are the bytes that have no special meaning to any shell, at any place. "=" and "~" are
// missing, because a command may begin with an assignment or a home directory.
const unquoted = digits + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-+./:,@%"

// A word of digits alone would be a descriptor in front of "<" or ">".
const digits = "0123456789"

// reserved are the words of unquoted bytes that are grammar at the beginning of a command (section
// 2.4 of the standard, and bash's).
var reserved = map[string]bool{
	"case": true, "coproc": true, "do": true, "done": true, "elif": true, "else": true, "esac": true, "fi": true,
	"for": true, "function": true, "if": true, "in": true, "select": true, "then": true, "time": true, "until": true,
	"while": true,
}
