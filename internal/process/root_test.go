//go:build unix

package process_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/process"
)

func TestInRootLeadsBelowTheRoot(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(root+"/usr/bin/deep", 0o755))
	for name, target := range map[string]string{
		"/bin": "/usr/bin", "/usr/bin/sh": "/bin/deep/sh", "/usr/bin/up": "../../../../usr/./bin//deep", "/usr/loop": "loop",
	} {
		require.NoError(t, os.Symlink(target, root+name))
	}
	for path, want := range map[string]string{
		"/":                 "",
		"/usr/bin/deep":     "/usr/bin/deep",
		"/bin":              "/usr/bin",
		"/bin/sh":           "/usr/bin/deep/sh",
		"/bin/up/./x":       "/usr/bin/deep/x",
		"/../../bin/../bin": "/usr/bin",
		"/bin/nowhere/sh":   "/usr/bin/nowhere/sh",
		"/usr/loop":         "/usr/loop",
	} {
		require.Equal(t, root+want, process.InRoot(root, path), path)
	}
	require.Equal(t, "/bin/../x", process.InRoot("", "/bin/../x"), "the root of this process")
}
