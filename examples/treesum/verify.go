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

// batchLimit bounds the arguments of one sha256sum, in bytes. execve(2) takes 128 KiB or more, with the environment.
const batchLimit = 64 << 10

// argumentSize is what the name of a file takes: with "./", the zero byte at its end, and a pointer.
func argumentSize(f file) int { return len("./") + len(f.path) + 1 + 8 }

// verify has sha256sum open the files of the sample by their names, and compares.
func verify(loop *reactor.Loop, dir string, sample []file, stop *interrupt) error {
	var wrong []error
	for len(sample) > 0 {
		n, size := 1, argumentSize(sample[0])
		for n < len(sample) && size+argumentSize(sample[n]) <= batchLimit {
			size += argumentSize(sample[n])
			n++
		}
		differ, err := compare(loop, dir, sample[:n], stop)
		if err != nil {
			return errors.Join(append(wrong, fmt.Errorf("verification: %w", err))...)
		}
		wrong = append(wrong, differ...)
		sample = sample[n:]
	}
	return errors.Join(wrong...)
}

// compare returns an error for each file of which sha256sum says otherwise.
func compare(loop *reactor.Loop, dir string, sample []file, stop *interrupt) (wrong []error, err error) {
	args := []string{"--"}
	for _, f := range sample {
		// With the "./" no name looks like an option, or like "-", which is the standard input.
		args = append(args, "./"+f.path)
	}
	printed, err := output(loop, stop, "sha256sum", args, childprocess.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(printed, "\n"), "\n")
	if len(lines) != len(sample) {
		return nil, fmt.Errorf("sha256sum printed %d lines for %d files", len(lines), len(sample))
	}
	for i, f := range sample {
		if sum := firstSum([]byte(lines[i])); sum != f.sum {
			wrong = append(wrong, fmt.Errorf("verification: %s: the sum is %s, by name it is %s",
				filepath.Join(dir, f.path), f.sum, sum))
		}
	}
	return wrong, nil
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
