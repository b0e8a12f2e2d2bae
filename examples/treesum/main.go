// Treesum hashes every regular file of a directory tree with a pool of workers, which are this program, forked by
// itself. They are told the names of the files and answer with the sums over IPC; then a sample of the sums is checked
// against sha256sum(1), run as a child.
//
//	go run ./examples/treesum [-j N] [-sample K] [-l] [-q] [-every D] [DIR]
//
// DIR is by default the source tree of the Go toolchain. On a terminal it shows a progress bar, otherwise a line now
// and then, both on stderr. The summary goes to stdout; with -l the list of all sums goes there, in the form that
// sha256sum -c reads, and the summary to stderr. "tree" in the summary is the SHA-256 of that list, so two trees with
// the same files have the same.
//
// The exit code is 0 when every file was hashed and the sample agrees, 1 when not, 2 for a wrong call or a bad DIR, and
// 128 plus the signal number after SIGINT (130) or SIGTERM (143); then all children are gone.
// A worker that dies is replaced and reported; that alone is no failure.
//
// What it shows: a pool of workers that is fed as it takes jobs and replaces who dies (hashing.go), the inside of such a
// worker (hash.go), a program that is stopped by a signal and leaves nothing behind (interrupt.go), work on another
// goroutine that reports to the loop (walk.go), output collected with a limit (goroot.go).
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/brood-go/brood/reactor"
)

// Exit codes.
const (
	exitFailed = 1   // a file could not be hashed, or the sample does not agree
	exitUsage  = 2   // flags or DIR are wrong
	exitSignal = 128 // plus the number of the signal
)

// options are what the command line says.
type options struct {
	jobs   int
	sample int
	list   bool
	quiet  bool
	every  time.Duration
	dir    string
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("treesum", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: treesum [flags] [DIR]")
		flags.PrintDefaults()
	}
	flags.IntVar(&o.jobs, "j", 2*runtime.NumCPU(), "most `workers` at once")
	flags.IntVar(&o.sample, "sample", 64, "number of `files` to check by name; 0: none")
	flags.BoolVar(&o.list, "l", false, "list all sums on stdout, the summary on stderr")
	flags.BoolVar(&o.quiet, "q", false, "show no progress")
	flags.DurationVar(&o.every, "every", 2*time.Second, "`time` between two lines of progress")
	if err := flags.Parse(args); err != nil {
		return o, err // The flag set has printed it.
	}
	var err error
	switch {
	case flags.NArg() > 1:
		err = errors.New("more than one directory")
	case o.jobs < 1:
		err = errors.New("-j must be at least 1")
	case o.sample < 0:
		err = errors.New("-sample must not be negative")
	case o.every <= 0:
		err = errors.New("-every must be positive")
	}
	if err != nil {
		complain(err)
		flags.Usage()
	}
	o.dir = flags.Arg(0)
	return o, err
}

func main() {
	if isWorker, err := workers.Run(); isWorker {
		if err != nil {
			complain(err)
			os.Exit(exitFailed)
		}
		return
	}
	o, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		os.Exit(exitUsage)
	}
	os.Exit(run(o))
}

// run does the job, one phase after the other. Each phase runs the loop until that has nothing left to do.
func run(o options) int {
	loop, err := reactor.New(nil)
	if err != nil {
		complain(err)
		return exitFailed
	}
	defer func() {
		if err := loop.Close(); err != nil {
			complain(err)
		}
	}()
	stop, err := watchInterrupt(loop)
	if err != nil {
		complain(err)
		return exitFailed
	}
	if o.dir == "" {
		if o.dir, err = goSource(loop, stop); err != nil {
			return stop.code(exitUsage, err)
		}
	}
	tree, err := walk(loop, o.dir, stop)
	if err != nil {
		return stop.code(exitUsage, err)
	}
	h := &hashing{loop: loop, tree: tree, limit: o.jobs}
	if err := h.run(newProgress(o, tree), stop); err != nil {
		return stop.code(exitFailed, err)
	}
	sample := tree.sample(o.sample)
	if err := verify(loop, tree.dir, sample, stop); err != nil {
		return stop.code(exitFailed, err)
	}
	return conclude(o, h, len(sample))
}

// conclude reports what could not be hashed and what was done.
func conclude(o options, h *hashing, verified int) int {
	code := 0
	for _, err := range h.lost {
		complain(err) // The work was done all the same, or the tree has the errors.
	}
	for _, err := range h.tree.errors() {
		complain(err)
		code = exitFailed
	}
	var summary io.Writer = os.Stdout
	if o.list {
		if err := h.tree.list(os.Stdout); err != nil {
			complain(err)
			code = exitFailed
		}
		summary = os.Stderr
	}
	if err := printSummary(summary, h, verified); err != nil {
		complain(err)
		code = exitFailed
	}
	return code
}

// complain prints each of the errors that err joins on a line of its own.
func complain(err error) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range many.Unwrap() {
			complain(err)
		}
		return
	}
	fmt.Fprintln(os.Stderr, "treesum:", err)
}
