package main

import (
	"bufio"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/loopback"
	"github.com/brood-go/brood/examples/internal/program"
)

// The program that a person starts, with its address on stdout.
func TestTheProgramEndsItsSessionsAtASignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		a := openAlive(t)
		cmd := program.Command(t, "/bin/sh", "-c", a.script("sleep 1000 & echo ready; wait"))
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		program.Start(t, cmd)
		line, err := bufio.NewReader(stdout).ReadString('\n')
		require.NoError(t, err)
		_, address, ok := strings.Cut(strings.TrimSpace(line), "webterm: open ")
		require.True(t, ok, line)
		_, recorded := program.Recorded(t)
		before, _, _ := strings.Cut(recorded, "?token=")
		said, token, ok := strings.Cut(line, "?token=")
		require.True(t, ok && token != "\n", line)
		require.Equal(t, program.Shape(before), program.Shape(said))
		at, err := url.Parse(address)
		require.NoError(t, err)
		s := &site{server: &server{guard: guard{loopback.Guard{Hosts: []string{at.Host}}, at.Query().Get("token")}}}
		p := open(t, s)
		p.until("ready")
		require.NoError(t, cmd.Process.Signal(sig))
		a.gone()
		require.NoError(t, cmd.Wait())
	}
}

func TestAnAddressThatIsRefused(t *testing.T) {
	got := program.Run(t, program.Command(t, "-addr", "0.0.0.0:0"))
	require.Equal(t, 1, got.Code)
	require.Contains(t, got.Stderr, "not a loopback address")
	require.Empty(t, got.Stdout)
}
