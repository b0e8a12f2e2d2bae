package ipc_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// nodeChild runs script in a node that has a channel to this process. The test fails when it writes
// to stderr.
type nodeChild struct {
	t       *testing.T
	cmd     *exec.Cmd
	channel *ipc.Channel
	stdout  bytes.Buffer
	stderr  bytes.Buffer
}

func startNode(t *testing.T, l *reactor.Loop, o *ipc.Options, script string) *nodeChild {
	t.Helper()
	n := &nodeChild{t: t, cmd: exec.Command(looptest.NodePath(t), "-e", script)}
	ours, theirs := socketPair(t)
	file := os.NewFile(uintptr(theirs), "channel")
	defer file.Close()
	var mode ipc.Serialization
	if o != nil {
		mode = o.Serialization
	}
	n.cmd.ExtraFiles = []*os.File{file}
	n.cmd.Env = append(os.Environ(), "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE="+mode.String())
	n.cmd.Stdout, n.cmd.Stderr = &n.stdout, &n.stderr
	var err error
	n.channel, err = ipc.New(l, ours, o)
	require.NoError(t, err)
	require.NoError(t, n.cmd.Start())
	t.Cleanup(func() {
		if n.cmd.ProcessState == nil { // The test failed.
			_ = n.cmd.Process.Kill()
			_ = n.cmd.Wait()
		}
	})
	return n
}

// wait waits for the exit of the process, after the end of the channel, and returns its stdout.
func (n *nodeChild) wait() string {
	n.t.Helper()
	require.NoError(n.t, n.cmd.Wait(), "%s", n.stderr.String())
	require.Empty(n.t, n.stderr.String())
	return n.stdout.String()
}

// underNode runs script in a node whose child(…arguments of spawn's options) starts the helper with
// a channel, and returns its stdout.
func underNode(t *testing.T, helper, script string, args ...string) string {
	t.Helper()
	file, argv := helperproc.Command(helper, args...)
	quoted := []string{}
	for _, arg := range argv {
		quoted = append(quoted, strconv.Quote(arg))
	}
	prelude := `const child = o => require('child_process').spawn(` + strconv.Quote(file) + `, [` + strings.Join(quoted, ",") +
		`], {stdio: [0, 1, 2, 'ipc'], ...o});`
	cmd := exec.Command(looptest.NodePath(t), "-e", prelude+script)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s", stderr.String())
	require.Empty(t, stderr.String())
	return stdout.String()
}

// inHelper runs fn with the channel to the parent and then the loop, in a helper program.
func inHelper(fn func(l *reactor.Loop, c *ipc.Channel)) {
	l, err := reactor.New(looptest.Options())
	check(err)
	c, err := ipc.Parent(l)
	check(err)
	fn(l, c)
	check(l.Run())
	check(l.Close())
}

// check ends a helper program if err is not nil.
func check(err error) {
	if err != nil {
		_, _ = io.WriteString(os.Stderr, err.Error()+"\n")
		helperproc.Exit(1)
	}
}
