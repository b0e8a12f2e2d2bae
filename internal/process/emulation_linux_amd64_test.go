package process_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// On arm64 itself the other tests run. Here the fork for arm64 is at least compiled and, where
// there is an emulator, run. The emulator of today has no clone that the fork could use.
func TestTheForkOfArm64(t *testing.T) {
	file := filepath.Join(t.TempDir(), "linked")
	build := exec.Command(goTool(t), "build", "-o", file, "./testdata/linked")
	build.Env = append(os.Environ(), "GOARCH=arm64")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, emulator := range []string{"qemu-aarch64", "qemu-aarch64-static"} {
		if path, err := exec.LookPath(emulator); err == nil {
			out, err := exec.Command(path, file).CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Equal(t, unix.ENOENT.Error()+"\n", string(out))
			return
		}
	}
	t.Skip("the program for arm64 is built, and not run: there is no qemu-aarch64")
}
