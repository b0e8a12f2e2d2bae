package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
)

// made is a folder for what the tests make once.
var made string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	var err error
	if made, err = os.MkdirTemp("", "brood-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(made)
	return leakcheck.Main(m)
}

// deadline ends a program that hangs.
const deadline = 3 * time.Minute

// program builds this command once, since scripts start it again by process.execPath, and returns its path.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(made, "brood")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// brood runs the command in a directory and returns what it has printed. It must end well.
func brood(t *testing.T, dir string, args ...string) string {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	stdout, stderr, err := runIn(t, dir, path, args...)
	require.NoError(t, err, "%s", stderr)
	return stdout
}

func runIn(t *testing.T, dir, path string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// packages is a folder with zx and execa, made once.
var packages = sync.OnceValues(func() (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(made, "packages")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private": true}`), 0o644); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "zx@8.8.5", "execa@10.2.1")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return dir, nil
})

// installed returns a folder with the packages of npm.
func installed(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("packages are installed from npm")
	}
	dir, err := packages()
	if err != nil {
		t.Skipf("zx and execa cannot be installed: %v", err)
	}
	return dir
}

func TestScriptsOfPackagesRun(t *testing.T) {
	for _, name := range []string{"zx", "execa"} {
		t.Run(name, func(t *testing.T) {
			dir := installed(t)
			requireModules(t, dir, name)
			script := name + ".mjs"
			source, err := os.ReadFile(filepath.Join("testdata", script))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, script), source, 0o644))
			want, err := os.ReadFile(filepath.Join("testdata", name+".want"))
			require.NoError(t, err)
			require.Equal(t, strings.Split(string(want), "\n"), strings.Split(brood(t, dir, script), "\n"))
		})
	}
}

func TestTheCommandOfZxRuns(t *testing.T) {
	dir := installed(t)
	requireModules(t, dir, "zx")
	source, err := os.ReadFile(filepath.Join("testdata", "bin.mjs"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bin.mjs"), source, 0o755))
	require.Equal(t, "a b function function function\n", brood(t, dir, "node_modules/zx/build/cli.js", "bin.mjs", "a", "b"))
}

// requireModules skips a test of zx where modules of Node are not there which it asks for at its beginning.
func requireModules(t *testing.T, dir, name string) {
	t.Helper()
	if name != "zx" {
		return
	}
	path, err := program()
	require.NoError(t, err)
	if _, stderr, err := runIn(t, dir, path, "-e", "for (const name of ['https', 'zlib', 'repl']) require(name)"); err != nil {
		t.Skipf("zx asks for modules that are not there: %s", stderr)
	}
}

func TestExamplesRun(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	require.NoError(t, err)
	require.Contains(t, brood(t, t.TempDir(), filepath.Join(examples, "build.js")), "ONE\nTWO\nTHREE\none\nthree\ntwo\n")
	require.Equal(t, "0 1 1 2 3 5 8\n", brood(t, t.TempDir(), filepath.Join(examples, "pool.js"), "7"))
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a file; id"), []byte("the cat\nThe dog, the end\n"), 0o644))
	require.Equal(t, "the                  3\ncat                  1\n25 bytes\n", brood(t, dir, filepath.Join(examples, "words.mjs"), "2", "a file; id"))
}
