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

// A script runtime is a program that runs JavaScript: brood, which is built from script/, and its
// peers.
type scriptRuntime struct {
	name string
	args []string // in front of a script
	find func() (file string, err error)
}

var scriptRuntimes = []*scriptRuntime{
	{name: "node", find: func() (string, error) { return lookPeer("node") }},
	{name: "brood", find: buildBrood},
	{name: "bun", find: func() (string, error) { return lookPeer("bun") }},
	{name: "deno", args: []string{"run", "-A"}, find: func() (string, error) { return lookPeer("deno") }},
}

// buildBrood builds the command once, as script/README.md says, unless BROOD_BENCH_BROOD says where
// one is. removeBrood deletes it.
//
// What runs is a copy, as the peers are that npm has unpacked: a file that the linker has just
// written through a mapping lies in the page cache in single pages, and each start then has more
// page faults than that of a program which was installed.
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

// broodDir is what buildBrood has made, empty if nothing.
var broodDir string

func removeBrood() {
	if broodDir != "" {
		check(os.RemoveAll(broodDir))
	}
}

// command is the program with its own arguments. It must be there.
func (r *scriptRuntime) command() []string {
	file, err := r.find()
	check(err)
	return append([]string{file}, r.args...)
}

// missing says why the program cannot be measured. Its version is remembered for the table.
func (r *scriptRuntime) missing() error {
	file, err := r.find()
	if err != nil {
		return err
	}
	return findVersion(r.name, file, "--version")
}

// scriptCommand is a script and its arguments, run by a program with arguments of its own.
func scriptCommand(command []string, rest ...string) *exec.Cmd {
	return exec.Command(command[0], append(command[1:len(command):len(command)], rest...)...)
}

// errorLine is the line in which a runtime says what went wrong.
var errorLine = regexp.MustCompile(`(?m)^.*[Ee]rror.*$`)

// missing says why the process cannot do its work: it is started, and ends at once as its stdin
// does.
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
