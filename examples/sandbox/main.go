// Sandbox runs a program that can read one directory and nothing else.
//
//	go -C examples/sandbox run . [-ro DIR]… [-exec DIR]… DIR [--] PROGRAM [ARGUMENT…]
//
// PROGRAM, with all that it starts, can read what lies below DIR, its working directory, and below
// each -ro. It can execute and read, but not list, what lies below each -exec, by default where a
// system has its programs and their libraries. Beside /dev/null that is all: it opens no other
// file, creates, changes and removes none, and it gets no privileges from set-user-ID programs.
// From Linux 6.7 on it cannot use TCP, from 6.12 on it can send signals only to its own, and not
// connect to abstract sockets. Descriptors that it inherits stay open: its stdin, stdout and stderr
// are those of Sandbox.
//
// The exit code is that of PROGRAM, or 128 plus the number of the signal that has ended it, 127
// when PROGRAM was not found, 126 when it could not be executed, 2 for a mistake in the arguments,
// and 125 when it cannot be restricted: PROGRAM is not started then. That needs Linux 5.13 with
// landlock(7).
//
// What it shows: a restriction as an option of one child (main.go), made by a library that knows
// the kernels (ruleset.go). That library usually restricts the program that calls it, all of it and
// for good.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/brood-go/brood/childprocess"
)

// Exit codes.
const (
	exitUsage       = 2
	exitFailed      = 125 // as env(1) and chroot(1) have it
	exitNotExecuted = 126
	exitNotFound    = 127
	exitSignal      = 128 // plus the number of the signal
)

// A job is the parsed command line.
type job struct {
	dir       string
	readable  []string // directories, beside dir
	programs  []string // where programs and libraries are
	file      string
	arguments []string
}

func main() {
	j, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		os.Exit(complain(exitUsage, err))
	}
	os.Exit(run(j))
}

func parse(args []string) (j job, err error) {
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: sandbox [-ro DIR]... [-exec DIR]... DIR [--] PROGRAM [ARGUMENT...]")
	}
	appendTo := func(list *[]string) func(string) error {
		return func(dir string) error {
			*list = append(*list, dir)
			return nil
		}
	}
	flags.Func("ro", "a directory that can be read, too", appendTo(&j.readable))
	flags.Func("exec", "a directory of programs, instead of those of the system", appendTo(&j.programs))
	if err := flags.Parse(args); err != nil {
		return job{}, err
	}
	rest := flags.Args()
	if len(rest) > 1 && rest[1] == "--" {
		rest = append(rest[:1:1], rest[2:]...)
	}
	if len(rest) < 2 {
		return job{}, errors.New("a directory and a program are needed")
	}
	j.dir, j.file, j.arguments = rest[0], rest[1], rest[2:]
	return j, nil
}

// run runs the job's program and returns the exit code.
func run(j job) int {
	ruleset, flags, err := j.ruleset()
	if err != nil {
		return complain(exitFailed, err)
	}
	defer ruleset.Close()
	err = childprocess.RunWith(context.Background(), &childprocess.RunOptions{Options: childprocess.Options{
		Dir:           j.dir,
		Stdio:         childprocess.AllStdio(childprocess.Inherit),
		Landlock:      ruleset,
		LandlockFlags: flags,
		NoNewPrivs:    true,
		Pdeathsig:     syscall.SIGKILL,
	}}, j.file, j.arguments...)
	return report(err)
}

// report says why the program could not be started, and returns the exit code for its end.
func report(err error) int {
	if err == nil {
		return 0
	}
	if ended, ok := errors.AsType[*childprocess.ExitError](err); ok && ended.Err == nil {
		if ended.Status.Signal != 0 {
			return exitSignal + int(ended.Status.Signal)
		}
		return ended.Status.Code
	}
	failed, ok := errors.AsType[*childprocess.SpawnError](err)
	switch {
	case !ok || failed.Step != childprocess.StepProgram && failed.Step != childprocess.StepInterpreter:
		return complain(exitFailed, err)
	case errors.Is(err, fs.ErrNotExist):
		return complain(exitNotFound, err)
	case errors.Is(err, fs.ErrPermission):
		return complain(exitNotExecuted, fmt.Errorf("%w (what is executed, and its libraries, must be below an -exec)", err))
	}
	return complain(exitNotExecuted, err)
}

func complain(code int, err error) int {
	fmt.Fprintln(os.Stderr, "sandbox:", err)
	return code
}
