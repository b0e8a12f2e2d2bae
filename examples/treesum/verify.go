package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// verify has one sha256sum open the files of the sample by their names, and compares.
func verify(loop *reactor.Loop, dir string, sample []file, stop *interrupt) error {
	if len(sample) == 0 {
		return nil
	}
	args := []string{"--"}
	for _, f := range sample {
		// With the "./" no name looks like an option, or like "-", which is the standard input.
		args = append(args, "./"+f.path)
	}
	printed, err := output(loop, stop, "sha256sum", args, childprocess.Options{Dir: dir})
	if err != nil {
		return fmt.Errorf("verification: %w", err)
	}
	lines := strings.Split(strings.TrimSuffix(printed, "\n"), "\n")
	if len(lines) != len(sample) {
		return fmt.Errorf("verification: sha256sum printed %d lines for %d files", len(lines), len(sample))
	}
	var wrong []error
	for i, f := range sample {
		if sum := firstSum([]byte(lines[i])); sum != f.sum {
			wrong = append(wrong, fmt.Errorf("verification: %s: the sum is %s, by name it is %s",
				filepath.Join(dir, f.path), f.sum, sum))
		}
	}
	return errors.Join(wrong...)
}

// sumLine is the beginning of a line of sha256sum's output; the backslash marks a name in which characters are escaped.
var sumLine = regexp.MustCompile(`^\\?([0-9a-f]{64}) [ *]`)

// firstSum returns the sum that a line of sha256sum's output begins with, "" if it does not.
func firstSum(line []byte) string {
	if m := sumLine.FindSubmatch(line); m != nil {
		return string(m[1])
	}
	return ""
}
