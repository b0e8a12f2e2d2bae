package childprocess_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
)

func TestAWorkerIsForkedFromTheFileThatRuns(t *testing.T) {
	// A copy of this test binary that removes itself, as an upgrade in place does, and then forks
	// itself.
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

func TestAWorkerHasTheNameOfItsProgram(t *testing.T) {
	l := newLoop(t)
	c, err := childprocess.ForkSelf(l, "double", nil, &childprocess.ForkOptions{Options: childprocess.Options{Argv0: "/x/brood-test"}})
	require.NoError(t, err)
	require.NoError(t, c.Send(7))
	var comm []byte
	c.OnMessage(func(*ipc.Message) {
		comm, err = os.ReadFile(fmt.Sprintf("/proc/%d/comm", c.Pid()))
		c.Disconnect()
	})
	run(t, l)
	require.NoError(t, err)
	require.Equal(t, "brood-test\n", string(comm))
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
