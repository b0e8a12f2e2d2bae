package v8_test

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc/v8"
)

// nodeScript answers {js} with the value of the expression, {js, args} with the result of the
// function for them, and anything else with itself.
const nodeScript = `
	process.on('message', (m) => {
		if (m === null || typeof m !== 'object' || typeof m.js !== 'string') return process.send(m);
		const v = (0, eval)('(' + m.js + ')');
		process.send(m.args ? v(...m.args) : v);
	});`

// node is a Node process with an IPC channel.
type node struct {
	t    testing.TB
	conn net.Conn
}

// startNode starts a node that exits with the test. Without Node the test is skipped, except in the
// CI.
func startNode(t testing.TB) *node {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no node on PATH")
	}
	require.NoError(t, err)
	syscall.ForkLock.RLock() // Not every system can make a socket close-on-exec from the start.
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	require.NoError(t, err)
	ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	conn, err := net.FileConn(ours)
	require.NoError(t, err)
	require.NoError(t, ours.Close())

	cmd := exec.Command(path, "-e", nodeScript)
	cmd.Env = append(os.Environ(), "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE=advanced")
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	require.NoError(t, theirs.Close())
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		require.NoError(t, cmd.Wait())
	})
	return &node{t, conn}
}

// send sends v in a frame.
func (n *node) send(v any) {
	n.t.Helper()
	frame, err := v8.Append(make([]byte, 4), v)
	require.NoError(n.t, err)
	n.write(frame)
}

// write sends a frame, after it has put in the length.
func (n *node) write(frame []byte) {
	n.t.Helper()
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	_, err := n.conn.Write(frame)
	require.NoError(n.t, err)
}

// payload receives a frame.
func (n *node) payload() []byte {
	n.t.Helper()
	var length [4]byte
	_, err := io.ReadFull(n.conn, length[:])
	require.NoError(n.t, err, "node has ended")
	p := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err = io.ReadFull(n.conn, p)
	require.NoError(n.t, err)
	return p
}

func (n *node) receive() any {
	n.t.Helper()
	v, err := v8.Value(n.payload())
	require.NoError(n.t, err)
	return v
}

// call returns the result of the JavaScript function for the arguments.
func (n *node) call(js string, args ...any) any {
	n.t.Helper()
	n.send(map[string]any{"js": js, "args": args})
	return n.receive()
}
