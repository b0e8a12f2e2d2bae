package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed testdata/tree
var ownTree embed.FS

// canFail runs tests of our own that must fail, and some that must pass. A program whose wrong
// tests pass, for example because it does not emit 'exit', cannot be judged.
func canFail(p *program, dir string) error {
	tree := filepath.Join(dir, "own")
	if err := writeOwnTree(tree); err != nil {
		return err
	}
	tests, err := findTests(tree, []string{"parallel/test-right-count.js", "parallel/test-wrong-count.js",
		"parallel/test-wrong-early.js", "parallel/test-wrong-code.js"})
	if err != nil {
		return err
	}
	r := runner{program: p, dir: dir, jobs: 1, limit: time.Minute, tell: func(result) {}}
	results, err := r.run(tests)
	if err != nil {
		return err
	}
	for _, one := range results {
		if right := strings.Contains(one.file, "-right-"); right != (one.verdict == passed) {
			return fmt.Errorf("%s cannot be judged: of our own tests %s ends with %s %s", p.file, one.file, one.verdict,
				one.reason)
		}
	}
	return nil
}

func writeOwnTree(dir string) error {
	own, err := fs.Sub(ownTree, "testdata/tree")
	if err != nil {
		return err
	}
	return os.CopyFS(dir, own)
}
