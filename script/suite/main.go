// Command suite judges the host by Node's own tests: it runs files of a tree of them, each with its own flags, and says which pass
// and why others do not.
//
//	NODE_TEST_TREE=…/node/test go run ./suite 'parallel/test-child-process-*' 'sequential/test-child-process-*'
//
// The tree is the folder test of Node v25.8.1.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

func main() {
	log.SetFlags(0)
	r := runner{}
	flag.StringVar(&r.program, "program", "", "the program to judge: brood, node, or what takes the same arguments; built from ../cmd/brood if empty")
	flag.IntVar(&r.jobs, "jobs", 2, "how many tests run at once")
	flag.DurationVar(&r.limit, "timeout", time.Minute, "how long a test may take")
	flag.BoolVar(&r.quiet, "quiet", false, "print the counts alone")
	least := flag.Int("least", 0, "fail if fewer pass; 0: if one fails")
	flag.Parse()
	if r.tree = os.Getenv("NODE_TEST_TREE"); r.tree == "" {
		log.Fatal("suite: NODE_TEST_TREE is not set: it is the folder test of Node's repository")
	}
	passed, failed, err := r.run(flag.Args())
	if err != nil {
		log.Fatal("suite: ", err)
	}
	fmt.Printf("%d of %d passed\n", passed, passed+failed)
	if passed < *least || *least == 0 && failed > 0 {
		os.Exit(1)
	}
}

// runner runs tests on a loop of its own.
type runner struct {
	program string
	tree    string
	jobs    int
	limit   time.Duration
	quiet   bool

	loop           *reactor.Loop
	waiting        []string
	passed, failed int
}

func (r *runner) run(patterns []string) (passed, failed int, err error) {
	if r.tree, err = filepath.Abs(r.tree); err != nil {
		return 0, 0, err
	}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(r.tree, pattern))
		if err != nil {
			return 0, 0, err
		}
		for _, file := range files {
			if slices.Contains([]string{".js", ".mjs", ".cjs"}, filepath.Ext(file)) {
				r.waiting = append(r.waiting, file)
			}
		}
	}
	if len(r.waiting) == 0 {
		return 0, 0, fmt.Errorf("no test matches %q", patterns)
	}
	if r.program == "" {
		remove, err := r.build()
		if err != nil {
			return 0, 0, err
		}
		defer remove()
	}
	if r.program, err = filepath.Abs(r.program); err != nil {
		return 0, 0, err
	}
	if r.loop, err = reactor.New(nil); err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, r.loop.Close()) }()
	for range min(r.jobs, len(r.waiting)) {
		r.next()
	}
	err = r.loop.Run()
	return r.passed, r.failed, err
}

// build makes the program from this module.
func (r *runner) build() (remove func(), err error) {
	dir, err := os.MkdirTemp("", "suite")
	if err != nil {
		return nil, err
	}
	r.program = filepath.Join(dir, "brood")
	_, err = childprocess.Output(context.Background(), "go", "build", "-o", r.program, "github.com/brood-go/brood/script/cmd/brood")
	return func() { _ = os.RemoveAll(dir) }, err
}

var flags = regexp.MustCompile(`(?m)^// Flags: (.*)$`)

// next starts the next test that waits.
func (r *runner) next() {
	if len(r.waiting) == 0 {
		return
	}
	file := r.waiting[0]
	r.waiting = r.waiting[1:]
	text, err := os.ReadFile(file)
	if err != nil {
		r.tell(file, 0, err.Error())
		r.loop.NextTick(r.next)
		return
	}
	var args []string
	if found := flags.FindSubmatch(text); found != nil {
		args = strings.Fields(string(found[1]))
	}
	began := time.Now()
	_, err = childprocess.ExecFile(r.loop, r.program, append(args, file), &childprocess.ExecOptions{
		MaxBuffer: -1,
		Options: childprocess.Options{
			Dir: filepath.Dir(r.tree), Detached: true, Timeout: r.limit, KillGrace: time.Second, CloseGrace: time.Second,
			Env: append(os.Environ(), "NODE_TEST_DIR="+os.TempDir(), fmt.Sprintf("TEST_THREAD_ID=%d", len(r.waiting))),
		},
	}, func(err error, stdout, stderr []byte) {
		r.tell(file, time.Since(began), reason(err, stdout, stderr))
		r.next()
	})
	if err != nil {
		r.tell(file, 0, err.Error())
	}
}

// reason says why a test has failed, empty if it has not.
func reason(err error, stdout, stderr []byte) string {
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*childprocess.ExitError](err)
	if !ok {
		return err.Error()
	}
	return cmp.Or(errorLine(stderr), errorLine(stdout), e.Status.String())
}

// blame is what the line that says what went wrong looks like.
var blame = regexp.MustCompile(`(?m)^.*(?:Error\b.*:|Error$|Mismatched|is not|cannot).*$`)

func errorLine(output []byte) string {
	line := blame.Find(output)
	if line == nil {
		line, _, _ = bytes.Cut(bytes.TrimSpace(output), []byte("\n"))
	}
	const longest = 200
	return string(line[:min(len(line), longest)])
}

func (r *runner) tell(file string, took time.Duration, reason string) {
	verdict := "ok  "
	if reason == "" {
		r.passed++
	} else {
		r.failed++
		verdict = "FAIL"
	}
	if !r.quiet {
		name, _ := filepath.Rel(r.tree, file)
		fmt.Println(strings.TrimSpace(fmt.Sprintf("%s %-60s %5.1fs %s", verdict, name, took.Seconds(), reason)))
	}
}
