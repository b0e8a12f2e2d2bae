package childprocess_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/sandbox"
)

// This file has programs that people use at terminals.

// lookPath returns the path of a program that a test needs. Where newer system calls are refused,
// the program may fail.
func lookPath(t *testing.T, name string, probe ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil && len(probe) > 0 {
		err = childprocess.Run(t.Context(), path, probe...)
	}
	if err != nil {
		t.Skip(err)
	}
	return path
}

// plainTerminal returns the options of a child on a terminal of 24×80, of a kind that every system
// knows.
func plainTerminal(env ...string) *childprocess.Options {
	o := ownTerminal(nil)
	o.Env = append(os.Environ(), append([]string{"TERM=vt100", "LC_ALL=C", "HOME=/nonexistent"}, env...)...)
	return o
}

// Bash has its own line editor, and puts each job into a group of its own.
func TestBashControlsItsJobs(t *testing.T) {
	bash := lookPath(t, "bash")
	l := newLoop(t)
	o := plainTerminal("PS1=ready> ")
	s := screenOf(spawn(t, l, bash, []string{"--norc", "--noprofile", "--noediting", "-i"}, o))
	s.types("ready> ", "sleep 1000 & cat\n").types("cat\r\n", "one\n").when("one\r\n", func() {}).types("one\r\n", "\x1a")
	s.when("Stopped", func() {}).types("ready> ", "jobs\n").when("Running", func() {}).when("Stopped", func() {})
	s.types("ready> ", "fg %2\n").types("cat\r\n", "two\n").when("two\r\n", func() {}).types("two\r\n", "\x03")
	s.types("ready> ", "echo code $?\n").when("code 130\r\n", func() {})
	s.types("ready> ", "stty -echo; stty size; kill %1; exit 5\n").when("24 80\r\n", func() {})
	run(t, l)
	s.done(t)
	require.Equal(t, terminalEnds("5"), s.log)
}

func TestLessShowsOnePageAfterTheOther(t *testing.T) {
	less := lookPath(t, "less")
	file := filepath.Join(t.TempDir(), "lines")
	var lines strings.Builder
	for n := range 100 {
		lines.WriteString("line " + strconv.Itoa(n) + "\n")
	}
	require.NoError(t, os.WriteFile(file, []byte(lines.String()), 0o600))
	l := newLoop(t)
	s := screenOf(spawn(t, l, less, []string{file}, plainTerminal("LESS=", "LESSHISTFILE=-")))
	s.types("line 22", " ").types("line 45", "G").types("line 99", "q")
	run(t, l)
	s.done(t)
	require.NotContains(t, s.text, "line 60", "the pages between were shown")
	require.Equal(t, terminalEnds("0"), s.log)
}

// Vi asks the terminal for its size, sets its modes, and writes a file.
func TestViWritesAFile(t *testing.T) {
	vi := lookPath(t, "vi")
	file := filepath.Join(t.TempDir(), "text")
	l := newLoop(t)
	c := spawn(t, l, vi, []string{file}, plainTerminal())
	s := screenOf(c).types("text", "ihello\x1b:wq\r")
	run(t, l)
	s.done(t)
	text, err := os.ReadFile(file)
	require.NoError(t, err, "%q", s.text)
	require.Equal(t, "hello\n", string(text))
	require.Equal(t, terminalEnds("0"), s.log)
}

func TestTopRunsInABatchAndInteractively(t *testing.T) {
	top := lookPath(t, "top")
	l := newLoop(t)
	batch := screenOf(spawn(t, l, top, []string{"-b", "-n", "1"}, plainTerminal()))
	keys := screenOf(spawn(t, l, top, nil, plainTerminal())).types("PID", "q")
	run(t, l)
	keys.done(t)
	require.Contains(t, batch.text, "PID")
	require.Equal(t, terminalEnds("0"), batch.log)
	require.Equal(t, terminalEnds("0"), keys.log)
}

// script(1) runs a terminal of its own in ours.
func TestScriptHasATerminalInATerminal(t *testing.T) {
	sandbox.Need(t, "signalfd4") // script(1) uses it.
	script := lookPath(t, "script")
	l := newLoop(t)
	o := plainTerminal("SHELL=/bin/sh")
	s := screenOf(spawn(t, l, script, []string{"-q", "-e", "-c", "stty size; read line; echo got $line; exit 4", os.DevNull}, o))
	s.types("24 80\r\n", "typed\r").when("got typed\r\n", func() {})
	run(t, l)
	s.done(t)
	require.Equal(t, terminalEnds("4"), s.log)
}

func TestInterpretersReadTheirLinesAtATerminal(t *testing.T) {
	for name, c := range map[string]struct{ args, keys, shown, end string }{
		"node":    {"-i", "6*7+'!'\r", "'42!'", ".exit\r"},
		"python3": {"-i", "str(6*7)+'!'\r", "'42!'", "exit()\r"},
	} {
		t.Run(name, func(t *testing.T) {
			path := lookPath(t, name, "--version")
			l := newLoop(t)
			s := screenOf(spawn(t, l, path, []string{c.args}, plainTerminal("NODE_REPL_HISTORY=", "PYTHON_BASIC_REPL=1")))
			s.types("> ", c.keys).when(c.shown, func() {}).types("> ", c.end)
			run(t, l)
			s.done(t)
			require.Equal(t, terminalEnds("0"), s.log)
		})
	}
}

// A password is read at /dev/tty without echo, as sudo(8) does, and ^C ends the program and
// restores the echo. The process that asks has no trap: a shell with a trap that is about to block
// in a read runs it only after that read.
func TestAReadOfTheTerminalIsInterrupted(t *testing.T) {
	const script = `old=$(stty -g </dev/tty); trap 'stty "$old" </dev/tty; echo; echo restored; exit 1' INT
stty -echo </dev/tty; sh -c 'printf "Password: " >/dev/tty; read p </dev/tty'; echo never`
	l := newLoop(t)
	s := screenOf(spawn(t, l, shell, []string{"-c", script}, ownTerminal(nil))).types("Password: ", "secret\x03")
	run(t, l)
	s.done(t)
	require.Equal(t, "Password: \r\nrestored\r\n", strings.ReplaceAll(s.text, "^C", ""))
	require.Equal(t, terminalEnds("1"), s.log)
}
