package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/brood-go/brood/childprocess"
)

// sampleSize is how many files are checked. Their names are arguments, of which no system takes
// less than 256 KiB.
const sampleSize = 64

// verify has sha256sum hash some of the files, evenly spread, and returns how many agree with it.
func (t *tree) verify() (n int, err error) {
	files := t.hashed()
	n = min(sampleSize, len(files))
	if n == 0 {
		return 0, nil
	}
	sample, args := make([]*file, n), []string{"--"}
	for i := range sample {
		sample[i] = files[i*len(files)/n]
		// With the "./" no name looks like "-", which is the standard input.
		args = append(args, "./"+sample[i].path)
	}
	o := &childprocess.RunOptions{Options: childprocess.Options{Dir: t.dir}}
	output, err := childprocess.OutputWith(context.Background(), o, "sha256sum", args...)
	if err != nil {
		return 0, err
	}
	lines := strings.Split(strings.TrimSuffix(string(output), "\n"), "\n")
	if len(lines) != n {
		return 0, fmt.Errorf("sha256sum printed %d lines for %d files", len(lines), n)
	}
	var wrong []error
	for i, f := range sample {
		// A line is the sum, a blank and the name; before that a backslash if the name has
		// characters that are escaped.
		sum, _, _ := strings.Cut(strings.TrimPrefix(lines[i], `\`), " ")
		if sum != f.sum {
			wrong = append(wrong, fmt.Errorf("%s: the sum is %s, by name it is %s", filepath.Join(t.dir, f.path), f.sum, sum))
		}
	}
	return n, errors.Join(wrong...)
}
