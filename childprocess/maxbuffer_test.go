package childprocess_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// TestExecAgreesWithNode compares with Node how much, and where, the limits cut.

//brood:checks N086
func TestTooMuchOutputIsAnErrorThatNamesTheStream(t *testing.T) {
	for name, to := range map[string]string{"stdout": "", "stderr": " >&2"} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			got := callExec(t, l, "head -c 1048577 /dev/zero"+to, nil)
			ev := events(got.c)
			e := runToDone(t, l, got).exit(t)
			require.Equal(t, &childprocess.MaxBufferError{Stream: name, Max: 1 << 20}, e.Err)
			require.ErrorIs(t, e, childprocess.ErrMaxBuffer)
			require.ErrorIs(t, e, syscall.ENOBUFS)
			require.NotErrorIs(t, e, syscall.ETIMEDOUT)
			require.Equal(t, e.Err, e.Status.Cause)
			require.True(t, e.Status.CutOff)
			require.Equal(t, 1<<20, len(got.stdout)+len(got.stderr))
			require.Equal(t, name+": more than 1048576 bytes: more output than MaxBuffer", e.Err.Error())
			require.Zero(t, ev.count(name+" end"), "it was destroyed")
		})
	}
}

//brood:checks N086 N087
func TestNoLimitAndExactlyTheLimit(t *testing.T) {
	const most = 3<<20 + 1
	for _, max := range []int{most, -1, -1000} {
		l := newLoop(t)
		got := runToDone(t, l, callExec(t, l, "head -c 3145729 /dev/zero", &childprocess.ExecOptions{MaxBuffer: max}))
		require.NoError(t, got.err)
		require.Equal(t, strings.Repeat("\x00", most), got.stdout)
	}
}

// The caller's listener gets the whole chunk that crossed the limit.
//
//brood:checks N087
func TestTheCaptureIsCutAndTheStreamIsNot(t *testing.T) {
	l := newLoop(t)
	got := callExec(t, l, "printf 'hello world'; exec sleep 1000", &childprocess.ExecOptions{MaxBuffer: 5})
	var seen []byte
	got.c.Stdout.OnData(func(chunk []byte) { seen = append(seen, chunk...) })
	runToDone(t, l, got)
	require.ErrorIs(t, got.err, childprocess.ErrMaxBuffer)
	require.Equal(t, "hello", got.stdout)
	require.Equal(t, "hello world", string(seen))
}

//brood:checks N086 N093 S053
func TestAChildThatDoesNotObeyIsForced(t *testing.T) {
	l := newLoop(t)
	o := &childprocess.ExecOptions{MaxBuffer: 1, Options: childprocess.Options{KillGrace: 20 * time.Millisecond}}
	got := callExec(t, l, "trap '' TERM; echo ready; exec sleep 1000", o)
	e := runToDone(t, l, got).exit(t)
	require.ErrorIs(t, e, childprocess.ErrMaxBuffer)
	require.Equal(t, syscall.SIGKILL, e.Status.Signal)
	require.True(t, e.Status.Forced)
	require.True(t, e.Killed)
	require.Equal(t, "r", got.stdout)
}

//brood:checks N086 S052
func TestAChildThatEndsWithSuccessHasStillWrittenTooMuch(t *testing.T) {
	l := newLoop(t)
	o := &childprocess.ExecOptions{MaxBuffer: 2, Options: childprocess.Options{KillSignal: syscall.SIGUSR1}}
	got := callExec(t, l, "trap 'exit 0' USR1; echo ready; while :; do :; done", o)
	e := runToDone(t, l, got).exit(t)
	require.ErrorIs(t, e, childprocess.ErrMaxBuffer)
	require.True(t, e.Status.Success(), "%v", e.Status)
	require.False(t, e.Status.Forced)
}

// The first limit that is reached is the cause, whatever happens while the child ends.
//
//brood:checks N086
func TestACancellationAfterTooMuchOutputChangesNothing(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := contextWithCancel(t)
	o := &childprocess.ExecOptions{MaxBuffer: 1, Options: childprocess.Options{Context: ctx, KillGrace: 50 * time.Millisecond}}
	got := callExec(t, l, "trap '' TERM; echo ready; exec sleep 1000", o)
	ev := events(got.c)
	whenReady(got.c, cancel) // This listener comes after the capture.
	e := runToDone(t, l, got).exit(t)
	require.ErrorIs(t, e, childprocess.ErrMaxBuffer)
	require.NotErrorIs(t, e, errReason)
	require.Equal(t, []string{"spawn", "exit SIGKILL", "close SIGKILL"}, ev.process())
}
