package childprocess_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// tooLong is the sleep of the children, much longer than any of these tests takes.
const tooLong = 100 * time.Second

//brood:checks N117
func TestATimeoutEndsTheCall(t *testing.T) {
	noNewFDs(t)
	for _, c := range []struct{ name, script string }{
		{"of a program", "echo before; exec sleep 100"},
		{"of one whose grandchild holds the pipes", "echo before; sleep 5 & exec sleep 100"},
		{"of one that writes without end", "echo before; exec yes >&2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := time.Now()
			o := &childprocess.SyncOptions{MaxBuffer: -1, Options: childprocess.Options{Timeout: 600 * time.Millisecond}}
			r := childprocess.SpawnSync("sh", []string{"-c", c.script}, o)
			require.Less(t, time.Since(begin), tooLong)
			require.Equal(t, childprocess.ErrTimeout, r.Err)
			require.Equal(t, syscall.SIGTERM, r.Status.Signal)
			require.True(t, r.Status.CutOff)
			require.Equal(t, "before\n", string(r.Stdout), "what came before is kept")
		})
	}
}

//brood:checks N117
func TestATimeoutAfterTheExitLeavesTheStatus(t *testing.T) {
	noNewFDs(t)
	begin := time.Now()
	o := &childprocess.SyncOptions{Options: childprocess.Options{Timeout: 300 * time.Millisecond}}
	r := childprocess.SpawnSync("sh", []string{"-c", "sleep 5 & echo out; exit 0"}, o)
	require.Less(t, time.Since(begin), 5*time.Second)
	require.Equal(t, childprocess.ErrTimeout, r.Err)
	require.True(t, r.Status.Success())
	require.True(t, r.Status.CutOff)
	require.Equal(t, "out\n", string(r.Stdout))
	require.Equal(t, childprocess.ErrTimeout, r.Status.Cause)
}

//brood:checks N119
func TestATimeoutOfAShellEndsItsGroup(t *testing.T) {
	noNewFDs(t)
	begin := time.Now()
	o := &childprocess.SyncOptions{Options: childprocess.Options{Timeout: 50 * time.Millisecond}}
	_, err := childprocess.ExecSync("sleep 100; true", o)
	require.Less(t, time.Since(begin), tooLong)
	failed, ok := errors.AsType[*childprocess.ExitError](err)
	require.True(t, ok)
	require.Equal(t, childprocess.ErrTimeout, failed.Err)
	require.True(t, failed.Killed)
	require.Equal(t, syscall.SIGTERM, failed.Status.Signal)
}

//brood:checks S053 S054
func TestTheGraceOfACallThatWaits(t *testing.T) {
	noNewFDs(t)
	o := &childprocess.SyncOptions{Options: childprocess.Options{
		Timeout: 200 * time.Millisecond, KillGrace: 50 * time.Millisecond,
	}}
	r := childprocess.SpawnSync("sh", []string{"-c", "trap '' TERM; while :; do sleep 0.05; done"}, o)
	require.Equal(t, childprocess.ErrTimeout, r.Err)
	require.Equal(t, syscall.SIGKILL, r.Status.Signal)
	require.True(t, r.Status.Forced)
}

//brood:checks S054
func TestATimeoutThatDoesNotFireLeavesNothingBehind(t *testing.T) {
	noNewFDs(t)
	o := &childprocess.SyncOptions{Options: childprocess.Options{Timeout: time.Hour, KillGrace: time.Hour, CloseGrace: time.Hour}}
	r := spawnSync(o, "exit", "3") // It returns, so no timer holds the loop.
	require.NoError(t, r.Err)
	require.Equal(t, 3, r.Status.Code)
	require.NoError(t, r.Status.Cause)
}

func TestACloseGraceCutsOffWithoutAnError(t *testing.T) {
	noNewFDs(t)
	o := &childprocess.SyncOptions{Options: childprocess.Options{CloseGrace: time.Millisecond}}
	r := childprocess.SpawnSync("sh", []string{"-c", "sleep 3 & exit 0"}, o)
	require.NoError(t, r.Err)
	require.True(t, r.Status.Success())
	require.True(t, r.Status.CutOff)
}

func TestTheEndOfAContextEndsTheCall(t *testing.T) {
	noNewFDs(t)
	for _, before := range []bool{true, false} {
		ctx, cancel := context.WithCancelCause(t.Context())
		if before {
			cancel(errReason)
		} else {
			time.AfterFunc(100*time.Millisecond, func() { cancel(errReason) })
		}
		r := childprocess.SpawnSync("sleep", []string{"100"}, &childprocess.SyncOptions{Options: childprocess.Options{Context: ctx}})
		aborted, ok := r.Err.(*childprocess.AbortError)
		require.True(t, ok, "%v", r.Err)
		require.Equal(t, "spawnSync", aborted.Op)
		require.ErrorIs(t, r.Err, context.Canceled)
		require.ErrorIs(t, r.Err, errReason)
		require.Equal(t, syscall.SIGTERM, r.Status.Signal)
	}
}

//brood:checks N115 N122
func TestTooMuchOutput(t *testing.T) {
	noNewFDs(t)
	for _, c := range []struct {
		name, script string
		max          int
	}{
		{"on stdout", "exec yes", 1000},
		{"on stderr", "exec yes >&2", 1000},
		{"by default", "exec yes", 0},
		{"on all pipes together", "yes & exec yes >&2", 1 << 18},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := syncStdio(childprocess.AllStdio(childprocess.Pipe)...)
			o.MaxBuffer = c.max
			_, err := childprocess.ExecFileSync("sh", []string{"-c", c.script}, o)
			failed, ok := errors.AsType[*childprocess.ExitError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, childprocess.ErrMaxBuffer, failed.Err)
			require.ErrorIs(t, err, syscall.ENOBUFS)
			require.True(t, failed.Killed)
			require.True(t, failed.Status.CutOff)
			require.Equal(t, syscall.SIGTERM, failed.Status.Signal)
			limit, got := c.max, len(failed.Stdout)+len(failed.Stderr)
			if limit == 0 {
				limit = 1 << 20
			}
			require.Greater(t, got, limit, "everything that was read is kept")
			const oneRead = 64 << 10
			require.LessOrEqual(t, got, limit+oneRead, "and nothing is read after that")
		})
	}
}

//brood:checks N115 N122
func TestOutputOfTheLimitIsNotTooMuch(t *testing.T) {
	noNewFDs(t)
	for _, c := range []struct {
		count string
		max   int
	}{{"1000", 1000}, {"1048576", 0}, {"3000000", -1}} {
		out, err := childprocess.ExecFileSync("head", []string{"-c", c.count, "/dev/zero"}, &childprocess.SyncOptions{MaxBuffer: c.max})
		require.NoError(t, err)
		require.Len(t, out, map[string]int{"1000": 1000, "1048576": 1 << 20, "3000000": 3_000_000}[c.count])
	}
}

func TestTheFirstErrorStays(t *testing.T) {
	noNewFDs(t)
	o := &childprocess.SyncOptions{MaxBuffer: 1, Input: make([]byte, 1<<20)}
	o.Timeout = time.Second
	r := childprocess.SpawnSync("sh", []string{"-c", "trap '' TERM; exec 0<&-; echo much; sleep 1.5"}, o)
	require.Equal(t, childprocess.ErrMaxBuffer, r.Err, "not the EPIPE of stdin, and not the time-out")
	require.Equal(t, 0, r.Status.Code)
}
