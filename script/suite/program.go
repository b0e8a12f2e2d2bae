package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// program is the program to judge.
type program struct {
	file string
	args []string // arguments before those of a test
	name string   // its name in tables
}

// findProgram splits a command line at its spaces and looks up the program.
func findProgram(command string) (*program, error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return nil, errors.New("-program is empty")
	}
	file, err := exec.LookPath(words[0])
	if err == nil {
		file, err = filepath.Abs(file)
	}
	return &program{file: file, args: words[1:], name: filepath.Base(file)}, err
}

// command returns the arguments and additional environment variables for a test. Deno and Bun are
// called as their own runners call them: with another command for tests that use node:test, and
// without flags that only Node has.
func (p *program) command(t *test) (args, env []string) {
	file := filepath.Join(t.tree, t.name)
	switch p.name {
	case "deno":
		args, env = denoCommand(t)
	case "bun":
		args, env = bunCommand(t)
	default:
		args = t.flags
	}
	return slices.Concat(p.args, args, []string{file}), slices.Concat(t.env, env)
}

// foreign makes the tests' common module neither look for globals that a script has made, because
// it does not know other programs' own globals, nor restart a test with its flags.
var foreign = []string{"NODE_TEST_KNOWN_GLOBALS=0", "NODE_SKIP_FLAG_CHECK=1", "NO_COLOR=1"}

var (
	v8Flags   = []string{"--expose-gc", "--expose_gc", "--expose_externalize_string", "--allow-natives-syntax"}
	denoFlags = []string{"--no-warnings", "--pending-deprecation"}
	bunFlags  = []string{"--expose-gc", "--no-deprecation", "--throw-deprecation"}
)

func denoCommand(t *test) (args, env []string) {
	args = []string{"run"}
	if t.usesNodeTest {
		args = []string{"test", "--no-check"}
	}
	args = append(args, "-A", "--quiet", "--unstable-detect-cjs", "--unstable-bare-node-builtins",
		"--unstable-unsafe-proto")
	if flags := among(t.flags, v8Flags); flags != nil {
		args = append(args, "--v8-flags="+strings.Join(flags, ","))
	}
	return args, append(slices.Clone(foreign), "NODE_OPTIONS="+strings.Join(among(t.flags, denoFlags), " "))
}

func bunCommand(t *test) (args, env []string) {
	args = []string{"run"}
	if t.usesNodeTest {
		args = []string{"test"}
	}
	return append(args, among(t.flags, bunFlags)...), foreign
}

func among(flags, known []string) (kept []string) {
	for _, flag := range flags {
		if slices.Contains(known, flag) {
			kept = append(kept, flag)
		}
	}
	return kept
}
