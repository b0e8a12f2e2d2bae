package childprocess_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/helperproc"
	"github.com/brood-go/brood/ipc"
)

func TestAWorkerIsForkedFromTheFileThatRuns(t *testing.T) {
	// A copy of this test binary that removes itself, as an upgrade in place does, and then forks itself.
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	copied := filepath.Join(dir, "program")
	data, err := os.ReadFile(self)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(copied, data, 0o700))
	_, argv := helperproc.Command("removed-forks", copied)
	out, err := exec.Command(copied, argv...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, "14", strings.TrimSpace(string(out)))
}

func init() {
	helperproc.Register("removed-forks", func(args []string) {
		must(os.Remove(args[0]))
		l := check(openLoop())
		c := check(childprocess.ForkSelf(l, "double", nil, nil))
		must(c.Send(7))
		c.OnMessage(func(m *ipc.Message) {
			var n int
			if m.Decode(&n) == nil {
				writeAll(1, m.Raw())
				c.Disconnect()
			}
		})
		must(l.Run())
		must(l.Close())
	})
}
