// Treesum hashes every regular file of a directory tree with a pool of workers, which are this
// program again, and checks a sample of the sums against sha256sum(1).
//
//	go run ./examples/treesum [-j N] [-l] [-every D] [DIR]
//
// DIR is by default the source tree of the Go toolchain. On a terminal a progress bar is shown,
// otherwise a line now and then, both on stderr. The summary goes to stdout; with -l the list of
// all sums goes there, as sha256sum -c reads it, and the summary to stderr. "tree" in the summary
// is the SHA-256 of that list, so two trees with the same files have the same.
//
// The exit code is 0 when every file was hashed and the sample agrees, 1 when not, and 2 for a
// wrong call. SIGINT or SIGTERM ends the workers and then the program, with 128 plus the number of
// the signal.
//
// What it shows: a pool that is fed as it takes jobs (hashing.go), its worker (worker.go), and a
// program that is run for its output by a goroutine that has no loop (verify.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/brood-go/brood/childprocess"
)

// Exit codes.
const (
	exitFailed = 1   // a file could not be hashed, or the sample does not agree
	exitUsage  = 2   // flags or DIR are wrong
	exitSignal = 128 // plus the number of the signal
)

func main() {
	// Before anything else: this process may be a worker.
	if isWorker, err := workers.Run(); isWorker {
		exit(0, err)
	}
	jobs := flag.Int("j", 2*runtime.NumCPU(), "most `workers` at once")
	list := flag.Bool("l", false, "list all sums on stdout, the summary on stderr")
	every := flag.Duration("every", 2*time.Second, "`time` between two lines of progress")
	flag.Parse()
	if flag.NArg() > 1 || *jobs < 1 || *every <= 0 {
		flag.Usage()
		os.Exit(exitUsage)
	}
	dir := flag.Arg(0)
	if dir == "" {
		var err error
		if dir, err = goSource(); err != nil {
			exit(exitUsage, err)
		}
	}
	tree, err := walk(dir)
	if err != nil {
		exit(exitUsage, err)
	}
	h := &hashing{tree: tree, progress: newProgress(tree, *every)}
	if err := h.run(*jobs); err != nil {
		exit(exitFailed, err)
	}
	if h.stop.Signal() != 0 {
		exit(exitSignal+int(h.stop.Signal()), fmt.Errorf("stopped by %s", h.name()))
	}
	exit(0, conclude(h, *list))
}

// exit ends the program, with at least exitFailed if there is an error.
func exit(code int, err error) {
	if err != nil {
		// Joined errors are lines.
		fmt.Fprintln(os.Stderr, "treesum:", strings.ReplaceAll(err.Error(), "\n", "\ntreesum: "))
		code = max(code, exitFailed)
	}
	os.Exit(code)
}

// goSource returns the source tree of the Go toolchain. A binary may have come from another
// machine, so the go command is asked.
func goSource() (string, error) {
	root, err := childprocess.OutputWith(context.Background(), nil, "go", "env", "GOROOT")
	if err != nil {
		return "", fmt.Errorf("no directory given, and where Go is could not be found: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(root)), "src"), nil
}

// conclude checks the sums and prints the summary. The errors of single files are among those it
// returns.
func conclude(h *hashing, list bool) error {
	verified, err := h.tree.verify()
	if err != nil {
		return fmt.Errorf("verification: %w", err)
	}
	var summary io.Writer = os.Stdout
	if list {
		summary, err = os.Stderr, h.tree.list(os.Stdout)
	}
	return errors.Join(h.tree.errors(), err, h.printSummary(summary, verified))
}
