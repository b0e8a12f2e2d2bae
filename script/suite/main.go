// Command suite judges the host, or any other program that runs JavaScript, by Node's own tests. It
// runs files of a tree of tests, each in a process of its own and with its own flags, and reports
// which pass and why others do not.
//
//	NODE_TEST_TREE=…/node/test go run ./suite 'parallel/test-child-process-*' 'sequential/test-child-process-*'
//	NODE_TEST_TREE=…/node/test go run ./suite -program deno -results deno.csv child_process net
//	go run ./suite -table brood.csv node.csv deno.csv
//
// The tree is the folder test of Node v25.8.1. Arguments are patterns of files and names of
// families (families.go). Without arguments all families run.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("suite: ")
	if len(os.Args) > 1 && os.Args[1] == attendWord {
		if err := attend(os.Args[2:]); err != nil {
			log.Fatal(err)
		}
		return
	}
	o := options{}
	flag.StringVar(&o.program, "program", "", "the program to judge, with arguments of its own: node, deno, bun, or one that takes Node's options; built from ../cmd/brood if empty")
	flag.IntVar(&o.jobs, "jobs", 2, "how many tests run at once; those of sequential/ run alone")
	flag.DurationVar(&o.limit, "timeout", time.Minute, "how long a test may take")
	quiet := flag.Bool("quiet", false, "print the counts alone")
	least := flag.Int("least", 0, "fail if fewer pass; 0: if one fails")
	results := flag.String("results", "", "file to write each verdict to, as CSV")
	merge := flag.Bool("table", false, "run nothing: print files of results as one table in Markdown")
	flag.Parse()
	if *merge {
		check(printTable(os.Stdout, flag.Args()))
		return
	}
	all, err := judge(o, flag.Args(), func(r result) {
		if !*quiet {
			fmt.Println(r)
		}
	})
	check(err)
	if *results != "" {
		check(writeResults(*results, all))
	}
	count := countOf(all)
	fmt.Println(count)
	if count.passed < *least || *least == 0 && count.failed > 0 {
		os.Exit(1)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

type options struct {
	program string // empty: brood
	jobs    int
	limit   time.Duration
}

// judge runs tests of the tree with a program, after the program has shown that it can fail, and
// calls tell with each result.
func judge(o options, patterns []string, tell func(result)) ([]result, error) {
	tree := os.Getenv("NODE_TEST_TREE")
	if tree == "" {
		return nil, errors.New("NODE_TEST_TREE is not set: it is the folder test of Node's repository")
	}
	tests, err := findTests(tree, patterns)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "suite")
	if err != nil {
		return nil, err
	}
	// Best effort: a test may have made files that cannot be removed.
	defer func() { _ = os.RemoveAll(dir) }()
	if o.program == "" {
		o.program = filepath.Join(dir, "brood")
		if err := buildBrood(o.program); err != nil {
			return nil, err
		}
	}
	p, err := findProgram(o.program)
	if err != nil {
		return nil, err
	}
	if err := canFail(p, dir); err != nil {
		return nil, err
	}
	r := runner{program: p, dir: dir, jobs: o.jobs, limit: o.limit, tell: tell}
	return r.run(tests)
}

// buildBrood builds cmd/brood of this module.
func buildBrood(file string) error {
	out, err := exec.Command("go", "build", "-o", file, "github.com/brood-go/brood/script/cmd/brood").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
