package packages_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
)

// deadline ends an installation, or a script, that hangs.
const deadline = 3 * time.Minute

// packages are the packages that the tests use, with their versions.
var packages = []string{
	"commander@14.0.2", "chalk@5.6.2", "string-width@8.1.0", "fs-extra@11.3.2", "fast-glob@3.3.3", "js-yaml@4.1.1",
	"winston@3.18.3", "koa@3.1.1", "ws@8.18.3", "tar@7.5.2", "lodash@4.17.21", "tape@5.9.0", "zx@8.8.5", "execa@10.2.1",
}

// made is a directory for the packages and for the command.
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

// install installs the packages, once.
var install = sync.OnceValue(func() error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(made, "package.json"), []byte(`{"private": true}`), 0o600); err != nil {
		return err
	}
	args := append([]string{"install", "--no-audit", "--no-fund", "--ignore-scripts"}, packages...)
	if stdout, stderr, err := runIn(context.Background(), made, npm, args...); err != nil {
		return fmt.Errorf("%w: %s%s", err, stdout, stderr)
	}
	return nil
})

// program returns the path of the command, which it builds once, because scripts start it again
// with process.execPath.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(made, "brood")
	if _, stderr, err := runIn(context.Background(), "", "go", "build", "-o", path, "../cmd/brood"); err != nil {
		return "", fmt.Errorf("%w: %s", err, stderr)
	}
	return path, nil
})

// runScript runs a file beside the packages and returns its stdout. It must exit with 0.
func runScript(t *testing.T, name string, source []byte, args ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("packages are installed from npm")
	}
	if err := install(); err != nil {
		t.Skipf("npm cannot install packages: %v", err)
	}
	brood, err := program()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(made, name), source, 0o700))
	if len(args) == 0 {
		args = []string{name}
	}
	stdout, stderr, err := runIn(t.Context(), made, brood, args...)
	require.NoError(t, err, "%s%s", stdout, stderr)
	return stdout
}

func runIn(ctx context.Context, dir, path string, args ...string) (stdout, stderr string, err error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}
