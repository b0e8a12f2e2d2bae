// Package program builds and runs the example whose test imports it: the real program, in a process
// of its own.
package program

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/looptest"
)

// built is the program of this test binary's package. A test binary has one, so it is built once
// and not for every test.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// Path returns the path of the program, which is built by the first call. A TestMain calls [Main].
//
// Safe to call from any goroutine.
func Path(t testing.TB) string {
	t.Helper()
	built.once.Do(func() { built.dir, built.err = build() })
	require.NoError(t, built.err)
	return filepath.Join(built.dir, "program")
}

// build compiles the package in the current directory, which for a test is its own.
func build() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "brood-example-"); err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // A test may run the program as another user.
		return dir, err
	}
	args := []string{"build", "-o", filepath.Join(dir, "program")}
	if raceEnabled() {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, ".")...).CombinedOutput()
	if err != nil {
		return dir, errors.New("go build: " + err.Error() + "\n" + string(out))
	}
	return dir, nil
}

// raceEnabled reports whether the tests were built with the race detector; the program is then
// built with it too.
func raceEnabled() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

// Main returns the exit code of [leakcheck.Main], for TestMain. It deletes the program, if a test
// has built it.
func Main(m *testing.M) (code int) {
	code = leakcheck.Main(m)
	if built.dir != "" {
		_ = os.RemoveAll(built.dir) // Best effort: it is a directory for temporary files.
	}
	return code
}

// stopsHeard catches the signals that stop programs. Under nohup(1), or in the background of a
// script, the tests ignore these, and so would their children; execve(2) resets caught signals. The
// channel has no reader, so once it is full the signals are dropped as before.
var stopsHeard = sync.OnceFunc(func() {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
})

// Command returns the program with args, not started. It is killed when the test ends or hangs.
func Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	stopsHeard()
	ctx, cancel := context.WithTimeout(t.Context(), looptest.HangLimit())
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, Path(t), args...)
	// The detector's default is to sleep a second at exit.
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	// Its children may hold the output open after it was killed.
	cmd.WaitDelay = time.Second
	return cmd
}

// A Result has the output and the exit code of a program.
type Result struct {
	Stdout, Stderr string
	Code           int // -1 when a signal ended it
}

// Run runs cmd to its end. Stdout and Stderr that cmd has already are left alone.
func Run(t testing.TB, cmd *exec.Cmd) Result {
	t.Helper()
	var stdout, stderr strings.Builder
	if cmd.Stdout == nil {
		cmd.Stdout = &stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	if err := cmd.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError), "%v", cmd)
	}
	return Result{Stdout: stdout.String(), Stderr: stderr.String(), Code: cmd.ProcessState.ExitCode()}
}

// Start starts cmd. If the test ends before it has waited for cmd, the program is killed and waited
// for.
func Start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill() // It may have ended by itself.
			_ = cmd.Wait()         // The test that did not wait for it has failed already.
		}
	})
}
