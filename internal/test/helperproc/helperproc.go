// Package helperproc lets a test start helper programs that are written in the test itself: the
// test binary starts itself again, told by its first argument which registered function to run in
// place of the tests.
//
// The choice travels in an argument and not in the environment, because tests also start children
// with an empty one.
package helperproc

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// selector is the beginning of the first argument of a process that is a helper; the helper's name
// follows.
const selector = "-brood-helper="

// raceExitCode is the race detector's default exit code.
const raceExitCode = 66

// unknownExitCode is the exit code of a process that was started as a helper that is not
// registered. Helpers and shells do not use it. So a test that expects a failing child does not
// take a misspelt name for one.
const unknownExitCode = 98

var registry = struct {
	mu   sync.Mutex // tests may start helpers from any goroutine
	fns  map[string]func(args []string)
	used map[string]bool
}{
	fns:  map[string]func(args []string){},
	used: map[string]bool{},
}

// Register names a helper program. It is called from the init function of the test file that uses
// the helper, so that the name is known when [Main] looks for it. In the helper process fn runs in
// place of the tests, with the arguments that [Command] was given; when it returns the process
// exits with 0. To exit otherwise fn calls [Exit]. An empty or duplicate name and a nil fn panic.
//
// Safe to call from any goroutine.
func Register(name string, fn func(args []string)) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	switch {
	case name == "":
		panic("helperproc: Register without a name")
	case fn == nil:
		panic("helperproc: Register of " + name + " without a function")
	case registry.fns[name] != nil:
		panic("helperproc: Register of " + name + " twice")
	}
	registry.fns[name] = fn
}

// Main runs the helper that this process was started as, and then exits; in any other process it
// does nothing. It is the first thing a TestMain does, before the testing package parses the
// arguments. It leaves signal mask, signal dispositions and descriptors as the process got them,
// because many helpers report these. (The Go runtime does not: before main it has
// installed handlers, also for ignored signals other than SIGHUP and SIGINT. To see which signals a
// child is started with ignored, start a program that is not written in Go.)
func Main() {
	if len(os.Args) < 2 {
		return
	}
	name, ok := strings.CutPrefix(os.Args[1], selector)
	if !ok {
		return
	}
	registry.mu.Lock()
	fn := registry.fns[name]
	registry.mu.Unlock()
	if fn == nil {
		fmt.Fprintf(os.Stderr, "helperproc: no helper %q is registered in this test binary\n", name)
		os.Exit(unknownExitCode)
	}
	fn(os.Args[2:])
	Exit(0)
}

// Exit ends a helper with the given exit code at once. Unlike os.Exit it does not wait a second in
// a binary built with the race detector, and does not print a warning about GOCOVERDIR in a binary
// built for coverage. A helper in which the detector saw a race exits with 66, as it does by
// os.Exit.
//
// Safe to call from any goroutine.
func Exit(code int) {
	if raceErrors() > 0 {
		code = raceExitCode
	}
	syscall.Exit(code)
}

// Command returns the program and the arguments that start the helper called name with args: file
// is the absolute path of the test binary and argv has no argv[0]. It also marks the helper as
// used, so a test that may yet skip calls it before it decides. A helper that another helper starts
// is marked only when the test itself calls Command and hands the result on. A name that was not
// registered panics.
//
// Safe to call from any goroutine.
func Command(name string, args ...string) (file string, argv []string) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if registry.fns[name] == nil {
		panic("helperproc: Command for " + name + ", which is not registered")
	}
	registry.used[name] = true
	return executable(), append([]string{selector + name}, args...)
}

// Unused returns the names of the registered helpers that Command was never asked for, sorted.
//
// Safe to call from any goroutine.
func Unused() []string {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	var names []string
	for name := range registry.fns {
		if !registry.used[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func executable() string {
	file, err := os.Executable()
	if err != nil {
		panic("helperproc: the test binary does not know its own path: " + err.Error())
	}
	return file
}
