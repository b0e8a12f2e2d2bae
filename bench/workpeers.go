package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/brood-go/brood/bench/samples"
)

// workPeer is a program that obeys the orders of work.go.
type workPeer struct {
	name  string
	find  func() (command []string, err error) // program, arguments; or why it is missing
	lacks map[string]string                    // orders that make no sense for it, with the reason
}

func workPeers() []workPeer {
	noLoop := map[string]string{"gap": "it has no loop whose timer could be late"}
	return []workPeer{
		{name: samples.Floor, find: workGo(samples.Floor), lacks: noLoop},
		{name: "brood", find: workGo("brood")},
		{name: "os/exec", find: workGo("os/exec")},
		{name: "node", find: workScript("node", "node:child_process", "node")},
		{name: "bun", find: workScript("bun", "node:child_process", "bun")},
		{name: "deno", find: workScript("deno", "node:child_process", "deno", "run", "-A")},
		{name: "libuv", find: libuvProgram},
		{name: "Rust std", find: rustProgram, lacks: noLoop},
		{name: "tokio", find: tokioProgram},
		{name: "asyncio", find: pythonScript},
		{name: "execa", find: execaScript},
	}
}

// missing returns why the program cannot be measured.
func (p workPeer) missing() error {
	_, err := p.find()
	return err
}

// server returns a process of the program, which is not started yet.
func (p workPeer) server() *server {
	return &server{command: func(string) *exec.Cmd {
		command, err := p.find()
		check(err)
		return scriptCommand(command, nop(), self(), sleeper())
	}}
}

func workGo(way string) func() ([]string, error) {
	return func() ([]string, error) { return []string{self(), "-child-work", way}, nil }
}

// peerSource returns the path of a file of peers/. The working directory must be that of this
// source, as under `make bench`.
func peerSource(name string) string {
	file, err := filepath.Abs(filepath.Join("peers", name))
	check(err)
	return file
}

// workScript runs peers/work.mjs by a program with arguments of its own. module is the module that
// starts the children.
func workScript(name, module, program string, args ...string) func() ([]string, error) {
	return func() ([]string, error) {
		file, err := lookPeer(program)
		if err != nil {
			return nil, err
		}
		if err := findVersion(name, file, "--version"); err != nil {
			return nil, err
		}
		return slices.Concat([]string{file}, args, []string{peerSource("work.mjs"), module}), nil
	}
}

func execaScript() ([]string, error) {
	if err := lookNPM("execa"); err != nil {
		return nil, err
	}
	return workScript("node", filepath.Join(npmModules(), "execa", "index.js"), "node")()
}

func pythonScript() ([]string, error) {
	file, err := lookPeer("python3")
	if err != nil {
		return nil, err
	}
	if err := findVersion("python3", file, "--version"); err != nil {
		return nil, err
	}
	return []string{file, peerSource("work.py")}, nil
}

// versionNumber matches the version in the output of a program.
var versionNumber = regexp.MustCompile(`\d+\.\d+(\.\d+)?`)

// findVersion asks a program for its version, once, and remembers it for the table. A program that
// does not answer counts as missing.
func findVersion(name, file string, args ...string) error {
	if _, ok := foundVersions[name]; ok {
		return nil
	}
	out, err := exec.Command(file, args...).Output()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	version := versionNumber.FindString(string(out))
	if version == "" {
		return errors.New(file + " does not tell its version")
	}
	foundVersions[name] = version
	return nil
}

// npmVersion returns the version of a package from npm, empty if it has none.
func npmVersion(name string) string {
	data, err := os.ReadFile(filepath.Join(npmModules(), name, "package.json"))
	if err != nil {
		return ""
	}
	found := regexp.MustCompile(`"version":\s*"([^"]+)"`).FindSubmatch(data)
	if found == nil {
		return ""
	}
	return string(found[1])
}
