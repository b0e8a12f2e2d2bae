// Term runs a program on a terminal of its own and passes keys and output through, as ssh(1),
// script(1) and the multiplexers do at their heart.
//
//	go run ./examples/term [PROGRAM [ARGUMENT…]]
//
// PROGRAM is by default the shell in $SHELL, or /bin/sh. Term itself needs a terminal as stdin. It
// puts that into raw mode, so that every key, ^C and ^Z among them, is the program's, and back into
// its mode on every way out: when the program has ended, after SIGTERM, SIGHUP, SIGINT or SIGQUIT
// from elsewhere, while it is stopped by SIGTSTP, and when it panics.
//
// The exit code is that of PROGRAM, or 128 plus the number of the signal that has ended it or Term,
// 127 when PROGRAM could not be started, and 2 when stdin is no terminal.
//
// What it shows: a child on a terminal, as one duplex stream between two pipes (session.go),
// signals on the loop (signals.go), and a mode of a shared terminal that must not stay
// (rawmode.go).
package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/brood-go/brood/childprocess"
)

// Exit codes.
const (
	exitFailed     = 1   // a system call failed
	exitUsage      = 2   // stdin is no terminal
	exitNotStarted = 127 // as a shell has it
	exitSignal     = 128 // plus the number of the signal
)

func main() { os.Exit(run(os.Args[1:])) }

func run(command []string) (code int) {
	if len(command) == 0 {
		command = []string{cmp.Or(os.Getenv("SHELL"), "/bin/sh")}
	}
	if !term.IsTerminal(stdin) {
		return complain(exitUsage, errors.New("stdin is not a terminal"))
	}
	s, err := open(command[0], command[1:])
	if err != nil {
		return complain(exitFailed, err)
	}
	code, err = s.run()
	if err == nil {
		return code
	}
	if _, ok := errors.AsType[*childprocess.SpawnError](err); ok {
		return complain(exitNotStarted, err)
	}
	return complain(exitFailed, err)
}

func complain(code int, err error) int {
	fmt.Fprintln(os.Stderr, "term:", err)
	return code
}
