//go:build amd64 || arm64

package process_test

import (
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/process"
)

// SIGCONT discards pending stop signals, so it must not follow one.
func TestATreeGetsStopSignalsOfTheTerminal(t *testing.T) {
	nothingIsLeft(t)
	stdin, endStdin, err := fd.Pipe()
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	spec := command("/bin/sh", "-c", `trap "echo stop; exit 0" TSTP; echo ready; while read x; do :; done; echo end`)
	spec.Slots[0], spec.Slots[1] = stdin, number(t, w)
	p := start(t, newStarter(t), spec)
	require.NoError(t, w.Close())
	_, err = io.ReadFull(r, make([]byte, len("ready\n")))
	require.NoError(t, err)

	tree := p.Tree(false)
	require.NotNil(t, tree)
	sent, _, err := tree.Signal(syscall.SIGTSTP, false)
	fd.Close(stdin, endStdin) // A shell that did not get the signal prints "end".
	require.NoError(t, err)
	require.Equal(t, 1, sent)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, process.Change{Kind: process.Exited}, finish(t, p))
	require.Equal(t, "stop\n", string(text))
}
