package host_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/host"
)

// deadline ends a script that hangs.
const deadline = time.Minute

// result has the output of a script, and how it ended.
type result struct {
	stdout, stderr string
	code           int
}

// runProgram runs a script in a process of its own, with flags of the command. BROOD_TEST_PROGRAM
// names another program to run it: with node the tests check themselves.
func runProgram(t *testing.T, source string, flags ...string) result {
	t.Helper()
	program, args := helperproc.Command("script", append(flags, source)...)
	if other := os.Getenv("BROOD_TEST_PROGRAM"); other != "" {
		program, args = other, append(flags, "-e", source)
	}
	return execute(t, program, args...)
}

// execute runs a program and waits for it.
func execute(t *testing.T, program string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		require.NoError(t, err)
	}
	return result{strings.TrimSpace(stdout.String()), stderr.String(), cmd.ProcessState.ExitCode()}
}

// printed runs a script that must exit with 0, and returns its lines.
func printed(t *testing.T, source string) []string {
	t.Helper()
	r := runProgram(t, source)
	require.Equal(t, 0, r.code, "%s", r.stderr)
	return strings.Split(r.stdout, "\n")
}

func init() { helperproc.Register("script", scriptProcess) }

// scriptProcess is the helper: it runs its last argument.
func scriptProcess(args []string) {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	last := len(args) - 1
	h, err := host.New(loop, &host.Options{ExecArgv: args[:last], EndOnSignals: true,
		ExposeInternals: slices.Contains(args, "--expose-internals")})
	if err != nil {
		panic(err)
	}
	_ = h.MainText(args[last], nil) // The script has got the error, and has ended with a code.
	code, err := h.Run()
	if err != nil {
		panic(err)
	}
	helperproc.Exit(code)
}

// requireGroupExited waits until no process of a group exists. number is the group's id as text.
func requireGroupExited(t *testing.T, number string) {
	t.Helper()
	pgid, err := strconv.Atoi(number)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return errors.Is(syscall.Kill(-pgid, 0), syscall.ESRCH)
	}, deadline, time.Millisecond)
}
