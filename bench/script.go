package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
)

// scriptRuntime is a program that runs JavaScript: brood, which is built from script/, or a peer.
type scriptRuntime struct {
	name string
	args []string // arguments in front of a script
	find func() (file string, err error)
}

var scriptRuntimes = []*scriptRuntime{
	{name: "node", find: func() (string, error) { return lookPeer("node") }},
	{name: "brood", find: buildBrood},
	{name: "bun", find: func() (string, error) { return lookPeer("bun") }},
	{name: "deno", args: []string{"run", "-A"}, find: func() (string, error) { return lookPeer("deno") }},
}

// buildBrood builds the command once, as script/README.md says, unless BROOD_BENCH_BROOD names one.
// removeBrood deletes it.
//
// The program that runs is a copy, like the peers that npm has unpacked. The linker writes its file
// through a mapping, so that file lies in the page cache in single pages, and each start has more
// page faults than the start of an installed program.
var buildBrood = sync.OnceValues(func() (file string, err error) {
	if other := os.Getenv("BROOD_BENCH_BROOD"); other != "" {
		return exec.LookPath(other)
	}
	if broodDir, err = os.MkdirTemp("", "brood-bench"); err != nil {
		return "", err
	}
	file = filepath.Join(broodDir, "brood")
	linked := file + ".linked"
	build := exec.Command("go", "build", "-o", linked, "./cmd/brood")
	build.Dir = "../script"
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return file, copyProgram(file, linked)
})

func copyProgram(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // It was only read.
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// broodDir is the folder that buildBrood has made, empty if there is none.
var broodDir string

func removeBrood() {
	if broodDir != "" {
		check(os.RemoveAll(broodDir))
	}
}

// command returns the program with its own arguments. The program must be installed.
func (r *scriptRuntime) command() []string {
	file, err := r.find()
	check(err)
	return append([]string{file}, r.args...)
}

// missing returns why the program cannot be measured. It remembers its version for the table.
func (r *scriptRuntime) missing() error {
	file, err := r.find()
	if err != nil {
		return err
	}
	return findVersion(r.name, file, "--version")
}

// scriptCommand returns a script with its arguments, run by a program with arguments of its own.
func scriptCommand(command []string, rest ...string) *exec.Cmd {
	return exec.Command(command[0], append(command[1:len(command):len(command)], rest...)...)
}

// errorLine matches the line in which a runtime reports an error.
var errorLine = regexp.MustCompile(`(?m)^.*[Ee]rror.*$`)

// missing returns why the process cannot do its work. It starts the process, which ends at once
// with its stdin.
func (s *server) missing() error {
	dir, err := os.MkdirTemp("", "brood-bench")
	check(err)
	defer func() { check(os.RemoveAll(dir)) }()
	cmd := s.command(dir)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, cmp.Or(errorLine.FindString(said.String()), "it says nothing"))
	}
	return nil
}
