package ipc_test

import (
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// forkNode starts a Node child that runs script, and returns the channel to it. The channel must
// have no errors, and the child must exit with 0 by itself.
func forkNode(t *testing.T, l *reactor.Loop, script string) *ipc.Channel {
	t.Helper()
	return forkNodeWith(t, l, nil, script)
}

func forkNodeWith(t *testing.T, l *reactor.Loop, o *ipc.Options, script string) *ipc.Channel {
	t.Helper()
	n := startNode(t, l, o, script)
	n.channel.OnError(func(err error) { t.Errorf("the channel to Node: %v", err) })
	t.Cleanup(func() {
		n.channel.Destroy()
		if !t.Failed() {
			n.wait()
		}
	})
	return n.channel
}

// runNodeParent runs script in Node, where forkGo() forks the helper called name, and returns its
// output. It must exit with 0 and write nothing to stderr.
func runNodeParent(t testing.TB, script, name string) string {
	t.Helper()
	file, argv := helperproc.Command(name)
	const prelude = `
		const assert = require('assert'), net = require('net'), dgram = require('dgram');
		const { fork } = require('child_process');
		const [file, ...argv] = process.argv.slice(1);
		const forkGo = () => fork(argv[0], argv.slice(1), { execPath: file, execArgv: [] });
	`
	cmd := exec.Command(looptest.NodePath(t), append([]string{"-e", prelude + script, "--", file}, argv...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s%s", out, &stderr)
	require.Empty(t, stderr.String())
	return strings.TrimSpace(string(out))
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

// dial connects to addr. When the other side has ended the connection it closes it, and sends the
// bytes that came on the channel.
func dial(t testing.TB, addr net.Addr) (net.Conn, <-chan string) {
	t.Helper()
	conn, err := net.Dial(addr.Network(), addr.String())
	require.NoError(t, err)
	said := make(chan string, 1)
	// Started here, ends with the connection, which the Cleanup waits for.
	done := make(chan struct{})
	go func() {
		defer close(done)
		all, _ := io.ReadAll(conn) // An error ends the text too.
		_ = conn.Close()           // The server waits for that.
		said <- string(all)
	}()
	t.Cleanup(func() {
		_ = conn.Close() // The test may have done so.
		<-done
	})
	return conn, said
}

// acceptOn accepts n connections on a goroutine, and calls fn with each on the loop.
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
