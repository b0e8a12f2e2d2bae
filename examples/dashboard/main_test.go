package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/loopback"
	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

func TestMain(m *testing.M) {
	if isWorker, err := workers.Run(); isWorker {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// The race detector has programs sleep for a second when they exit: workers need not.
	if err := os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	os.Exit(program.Main(m))
}

// site is a dashboard that a test has started.
type site struct {
	*server
	t *testing.T

	mu    sync.Mutex
	conns map[net.Conn]bool // that are open
}

// note is called by the server's goroutines with each connection.
func (s *site) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
	if state == http.StateClosed {
		delete(s.conns, c)
	}
}

// cut closes all connections.
func (s *site) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close() // It may have ended meanwhile.
	}
}

// serve starts one whose samples are a tenth of a second, with a loop on a goroutine of its own.
// All of it ends with the test.
func serve(t *testing.T, workers, rate int) *site {
	t.Helper()
	loop := looptest.New(t)
	ln, err := loopback.Listen("127.0.0.1:0")
	require.NoError(t, err)
	b, err := newBoard(loop, workers, rate, 100*time.Millisecond)
	require.NoError(t, err)
	s := &site{server: newServer(b, ln), t: t, conns: map[net.Conn]bool{}}
	s.http.ConnState = s.note
	ctx, cancel := context.WithCancel(context.Background())
	served, ran := make(chan error, 1), make(chan error, 1)
	release := loop.Hold()
	go func() { served <- s.serve(ctx); release() }()
	go func() { ran <- loop.Run() }()
	t.Cleanup(func() {
		cancel()
		err := loop.Post(func() { b.stop(&pool.StopOptions{DropWaiting: true}, nil) })
		require.NoError(t, errors.Join(err, <-ran, loop.Close(), <-served))
	})
	return s
}

// on runs fn on the loop.
func (s *site) on(fn func()) {
	s.t.Helper()
	require.NoError(s.t, s.board.loop.Do(s.t.Context(), fn))
}

// until waits until done says so, which the loop asks now and then.
func (s *site) until(what string, done func() bool) {
	s.t.Helper()
	held := make(chan struct{})
	var timer *reactor.Timer
	s.on(func() {
		timer = s.board.loop.SetInterval(5*time.Millisecond, func() {
			if done() {
				timer.Stop()
				close(held)
			}
		})
	})
	select {
	case <-held:
	case <-time.After(looptest.HangLimit()):
		s.on(func() { timer.Stop() })
		require.Fail(s.t, "never: "+what)
	}
}

func (s *site) ready(n int) {
	s.t.Helper()
	s.until("the workers are ready", func() bool { p := s.board.pool.Stats(); return p.Idle+p.Busy == n })
}

// The program that a person starts, with its address on stdout and a report at the end. A page is
// open all the time.
func TestTheProgramEndsAtASignalAndSaysHow(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		cmd := program.Command(t, "-addr", "127.0.0.1:0", "-workers", "2")
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		cmd.Stderr = os.Stderr
		program.Start(t, cmd)
		text := bufio.NewReader(stdout)
		line, err := text.ReadString('\n')
		require.NoError(t, err)
		address, ok := strings.CutPrefix(strings.TrimSpace(line), "dashboard: open ")
		require.True(t, ok, line)
		page := openStream(t, address, "")
		page.until(func(s snapshot) bool { return s.Done > 0 })
		require.NoError(t, cmd.Process.Signal(sig))
		line, err = text.ReadString('\n')
		require.NoError(t, err)
		require.Contains(t, line, " 0 workers ended by force")
		_, recorded := program.Recorded(t)
		require.Equal(t, program.Shape(recorded), program.Shape("dashboard: open "+address+"\n"+line))
		page.end()
		require.NoError(t, cmd.Wait())
	}
}

func TestWrongCalls(t *testing.T) {
	for _, args := range [][]string{{"-workers", "0"}, {"-workers", "33"}, {"-rate", "-1"}, {"-rate", "1001"}, {"x"}, {"-no"}} {
		got := program.Run(t, program.Command(t, args...))
		require.Equal(t, 2, got.Code, args)
		require.Contains(t, got.Stderr, "-workers", args)
	}
	got := program.Run(t, program.Command(t, "-addr", "0.0.0.0:0"))
	require.Equal(t, 1, got.Code)
	require.Contains(t, got.Stderr, "not a loopback address")
}
