package childprocess

import "strings"

// DefaultShell is the shell of [Exec], and what Options.Shell is usually set to.
const DefaultShell = "/bin/sh"

// shellCommand returns what to start so that a shell runs file with args. The words are joined by
// blanks and nothing is quoted: all of it is the shell's to interpret, as in Node.
//
// Behind -c a shell takes a word that begins with "-" or "+" for another option. A blank in front
// of it means nothing to any shell. ("--" would do for the POSIX shells: sh, dash, bash, busybox,
// ksh, zsh. For csh and fish it is the command.)
func shellCommand(shell, file string, args []string) (string, []string) {
	if len(args) > 0 {
		file += " " + strings.Join(args, " ")
	}
	if strings.HasPrefix(file, "-") || strings.HasPrefix(file, "+") {
		file = " " + file
	}
	return shell, []string{"-c", file}
}

// Quote returns word so that a POSIX shell takes it for one word and for nothing else: between
// single quotes, or as it is when it needs none. Several words are quoted one by one:
//
//	"tar -cf - " + childprocess.Quote(dir) + " | " + childprocess.Quote(compressor)
//
// A NUL byte, which no argument can hold, is not removed; the command will be refused.
//
// Safe to call from any goroutine. (POSIX.1-2024, Shell Command Language, section 2.2.2.)
func Quote(word string) string {
	if strings.Trim(word, digits) != "" && strings.Trim(word, unquoted) == "" && !reserved[word] {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// unquoted are the bytes that mean themselves to every shell, wherever they stand. "=" and "~" are
// not among them: at the beginning of a command they mean an assignment and a home directory.
const unquoted = digits + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-+./:,@%"

// digits alone would be a descriptor in front of "<" or ">".
const digits = "0123456789"

// reserved are the words of these letters that a shell takes for its grammar at the beginning of a
// command (the standard's section 2.4, and bash's).
var reserved = map[string]bool{
	"case": true, "coproc": true, "do": true, "done": true, "elif": true, "else": true, "esac": true, "fi": true,
	"for": true, "function": true, "if": true, "in": true, "select": true, "then": true, "time": true, "until": true,
	"while": true,
}
