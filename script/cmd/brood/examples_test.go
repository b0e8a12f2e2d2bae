package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
)

// made is a directory for files that the tests make once.
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

// program returns the path of this command, which it builds once, because scripts start it again
// with process.execPath.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(made, "brood")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// brood runs the command in a directory and returns its stdout. It must exit with 0.
func brood(t *testing.T, dir string, args ...string) string {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	require.NoError(t, cmd.Run(), "%s", errs.String())
	return out.String()
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
