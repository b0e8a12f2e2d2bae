package looptest

import (
	"os"
	"os/exec"
	"testing"
)

// NodePath returns the path of the node that is found on PATH. Where there is none it skips t; in
// the CI, which sets CI, it fails t: there the tests that talk to Node.js are not optional.
func NodePath(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("node")
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("CI is set, and there is no node to test against: %v", err)
	default:
		t.Skipf("no node to test against: %v", err)
	}
	return path
}
