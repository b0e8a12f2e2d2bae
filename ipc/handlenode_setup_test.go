package ipc_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// findNode returns the path of node. Without one the test is skipped, in the CI it fails.
func findNode(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("no node to test against: %v", err)
	}
	require.NoError(t, err, "CI is set, and there is no node to test against")
	return path
}

// forkNode starts a Node child that runs script, and returns the channel to it. The child must exit with 0 by itself.
func forkNode(t testing.TB, l *reactor.Loop, script string) *ipc.Channel {
	t.Helper()
	return forkWorker(t, l, exec.Command(findNode(t), "-e", script))
}

// forkHelper starts a helper program as a child, and returns the channel to it. The child must exit with 0 by itself.
func forkHelper(t testing.TB, l *reactor.Loop, name string) *ipc.Channel {
	t.Helper()
	file, argv := helperproc.Command(name)
	return forkWorker(t, l, exec.Command(file, argv...))
}

func forkWorker(t testing.TB, l *reactor.Loop, cmd *exec.Cmd) *ipc.Channel {
	t.Helper()
	ours, theirs := socketPair(t)
	f := os.NewFile(uintptr(theirs), "channel")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE=json")
	cmd.ExtraFiles = []*os.File{f}
	err := cmd.Start()
	require.NoError(t, f.Close())
	require.NoError(t, err)
	c, err := ipc.New(l, ours, nil)
	require.NoError(t, err)
	c.OnError(func(err error) { t.Errorf("channel to %s: %v", cmd.Path, err) })
	t.Cleanup(func() {
		c.Destroy()
		if t.Failed() {
			_ = cmd.Process.Kill() // It may be gone already.
		}
		err := cmd.Wait()
		if !t.Failed() {
			require.NoError(t, err, "%s", &out)
		} else if out.Len() > 0 {
			t.Logf("%s says: %s", cmd.Path, &out)
		}
	})
	return c
}

// runNodeParent runs script in Node, where `forkGo()` forks the helper called name. It must exit with 0; what it has
// printed is returned.
func runNodeParent(t testing.TB, script, name string) string {
	t.Helper()
	file, argv := helperproc.Command(name)
	const prelude = `
		const assert = require('assert'), net = require('net'), dgram = require('dgram');
		const { fork } = require('child_process');
		const [file, ...argv] = process.argv.slice(1);
		const forkGo = () => fork(argv[0], argv.slice(1), { execPath: file, execArgv: [] });
	`
	cmd := exec.Command(findNode(t), append([]string{"-e", prelude + script, "--", file}, argv...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s%s", out, &stderr)
	require.Empty(t, stderr.String())
	return strings.TrimSpace(string(out))
}

// helper runs fn with the channel to the parent on a loop, in a helper program.
func helper(fn func(l *reactor.Loop, c *ipc.Channel)) func([]string) {
	return func([]string) {
		l, err := reactor.New(nil)
		must(err)
		c, err := ipc.Parent(l)
		must(err)
		c.OnError(must)
		fn(l, c)
		must(l.Run())
		must(l.Close())
	}
}

// must ends a helper that has met err.
func must(err error) {
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		helperproc.Exit(3)
	}
}

// text returns the message as a string.
func text(t testing.TB, m *ipc.Message) string {
	t.Helper()
	var s string
	require.NoError(t, m.Decode(&s), "%s", m.Raw())
	return s
}

// sendHandle sends v with handle h.
func sendHandle(t testing.TB, c *ipc.Channel, v, h any) {
	t.Helper()
	require.NoError(t, c.SendWith(v, &ipc.SendOptions{Handle: h}))
}

// dial connects to addr. When the other side has ended the connection it closes its own and tells what the other had to say.
func dial(t testing.TB, addr net.Addr) (net.Conn, <-chan string) {
	t.Helper()
	conn, err := net.Dial(addr.Network(), addr.String())
	require.NoError(t, err)
	said := make(chan string, 1)
	// Started here, ends with the connection, which the Cleanup waits for.
	done := make(chan struct{})
	go func() {
		defer close(done)
		all, _ := io.ReadAll(conn) // An error is the end as well.
		_ = conn.Close()           // The server waits for that.
		said <- string(all)
	}()
	t.Cleanup(func() {
		_ = conn.Close() // The test may have done so.
		<-done
	})
	return conn, said
}

// acceptOn accepts n connections on a goroutine and has fn called with each on the loop.
func acceptOn(t testing.TB, l *reactor.Loop, ln net.Listener, n int, fn func(i int, conn net.Conn)) {
	t.Helper()
	release := l.Hold()
	// Started here, ends after n connections; the loop's Hold, and so Run, waits for it.
	go func() {
		defer release()
		for i := range n {
			conn, err := ln.Accept()
			if err != nil {
				t.Errorf("accept: %v", err)
				return
			}
			_ = l.Post(func() { fn(i, conn) }) // The loop is held.
		}
	}()
}
