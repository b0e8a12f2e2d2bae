package main

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/loopback"
	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/looptest"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// site is a server that a test has started.
type site struct {
	*server
	stop func() // ends the server, and waits for its sessions
}

// serve starts a server for that program, with a loop on a goroutine of its own. Both end with the
// test.
func serve(t *testing.T, command ...string) *site {
	t.Helper()
	loop := looptest.New(t)
	ln, err := loopback.Listen("127.0.0.1:0")
	require.NoError(t, err)
	s := newServer(loop, ln, command)
	s.children.grace = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	served, ran := make(chan error, 1), make(chan error, 1)
	release := loop.Hold()
	go func() { served <- s.serve(ctx); release() }()
	go func() { ran <- loop.Run() }()
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			cancel()
			err := <-ran
			require.NoError(t, errors.Join(err, loop.Close(), <-served))
		}
	}
	t.Cleanup(stop)
	return &site{s, stop}
}
