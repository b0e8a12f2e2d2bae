package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// goSource returns the source tree of the Go toolchain. A program does not know it by itself: GOROOT is usually not in
// the environment, and a binary may have come from another machine. So the go command is asked.
func goSource(loop *reactor.Loop, stop *interrupt) (string, error) {
	root, err := output(loop, stop, "go", []string{"env", "GOROOT"}, childprocess.Options{})
	if err != nil {
		return "", fmt.Errorf("no directory given, and where Go is could not be found: %w", err)
	}
	return filepath.Join(strings.TrimSpace(root), "src"), nil
}

// outputLimit bounds what a child may print that is asked for a small answer, in bytes.
const outputLimit = 16 << 20

// output runs a program to its end and returns what it printed. Its stderr is ours.
func output(loop *reactor.Loop, stop *interrupt, file string, args []string, o childprocess.Options) (string, error) {
	o.Stdio = []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Inherit}
	child, err := childprocess.Spawn(loop, file, args, &o)
	if err != nil {
		return "", err
	}
	var printed []byte
	var failed error
	child.OnError(func(err error) { failed = err })
	if child.Stdout != nil { // It is nil when this program is out of descriptors, which the error event tells.
		child.Stdout.Collect(outputLimit, func(data []byte, err error) { printed, failed = data, errors.Join(failed, err) })
	}
	child.OnClose(func(status childprocess.ExitStatus) {
		if failed == nil && !status.Success() {
			failed = fmt.Errorf("%s: %s", file, status)
		}
	})
	err = stop.during(loop, func() {
		_, err := child.Kill(syscall.SIGKILL)
		failed = errors.Join(failed, err)
	})
	if err != nil {
		return "", err
	}
	return string(printed), failed
}
