//go:build amd64 || arm64

package process_test

import (
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
)

// startSome starts children that run and children that do not, and returns those that run.
func startSome(t *testing.T, n int) (running []process.Process) {
	t.Helper()
	s := newStarter(t)
	program, pause := exitProgram(7).newProgram(t), pauseProgram.newProgram(t)
	text := pause + ".text"
	for i := range n {
		spec := command(program)
		spec.Pidfd = i%2 == 0
		p := start(t, s, spec)
		p.Close()
		spec.Dir = "/none"
		_, failure := s.Start(spec)
		require.Equal(t, &process.Failure{Step: process.StepDirectory, Path: "/none", Err: unix.ENOENT}, failure)
		spec.Dir, spec.Files = "", []string{text, text}
		_, failure = s.Start(spec)
		require.Equal(t, &process.Failure{Step: process.StepExec, Path: text, Err: unix.ENOENT}, failure)
		if i%10 == 0 {
			running = append(running, start(t, s, command(pause)))
		}
	}
	return running
}

func TestStartsWhileSIGCHLDIsIgnored(t *testing.T) {
	if !alone(t) {
		return
	}
	nothingIsLeft(t)
	signal.Ignore(syscall.SIGCHLD)
	defer signal.Reset(syscall.SIGCHLD)
	for _, p := range startSome(t, 50) {
		require.NoError(t, p.Signal(unix.SIGKILL))
		for {
			// Only the end of all of them can be waited for.
			if err := unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED, nil); err != unix.EINTR {
				require.Equal(t, unix.ECHILD, err)
				break
			}
		}
	}
}

func TestStartsWhileOthersWaitForEveryChild(t *testing.T) {
	if !(solitude{through: []string{"/bin/sh", "-c", `ulimit -Sn 500; exec "$0" "$@"`}}).is(t) {
		return
	}
	nothingIsLeft(t)
	var stolen atomic.Int64
	done, over := make(chan struct{}), make(chan struct{})
	// It ends with the last child after done was closed. The test waits for that.
	go func() {
		defer close(over)
		for {
			switch _, err := unix.Wait4(-1, nil, 0, nil); err {
			case nil:
				stolen.Add(1)
			case unix.ECHILD:
				select {
				case <-done:
					return
				default:
				}
			}
		}
	}()
	for _, p := range startSome(t, 100) {
		require.NoError(t, unix.Kill(p.Pid, unix.SIGKILL))
	}
	close(done)
	<-over
	require.Greater(t, stolen.Load(), int64(100))
}
