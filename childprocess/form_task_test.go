package childprocess_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/streams"
)

func TestOutputReturnsStdout(t *testing.T) {
	noNewFDs(t)
	file, argv := helperproc.Command("say", "1", "out", "2", "err", "1", "put")
	out, err := childprocess.Output(t.Context(), file, argv...)
	require.NoError(t, err)
	require.Equal(t, "output", string(out))
	require.NoError(t, childprocess.Run(t.Context(), file, argv...))
	// Stdin is empty.
	out, err = childprocess.Output(t.Context(), "cat")
	require.NoError(t, err)
	require.Empty(t, out)
}

func TestOutputOfACommandThatFails(t *testing.T) {
	noNewFDs(t)
	const script = "echo out; echo err >&2; exit 3"
	out, err := childprocess.Output(t.Context(), "sh", "-c", script)
	failed, ok := errors.AsType[*childprocess.ExitError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "out\n", string(out))
	require.Equal(t, 3, failed.Status.Code)
	failed.Status = childprocess.ExitStatus{}
	want := &childprocess.ExitError{Cmd: "sh -c " + script, Stdout: []byte("out\n"), Stderr: []byte("err\n")}
	require.Equal(t, want, failed)

	err = childprocess.Run(t.Context(), "sh", "-c", script)
	want.Stdout = nil
	failed, ok = errors.AsType[*childprocess.ExitError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 3, failed.Status.Code)
	failed.Status = childprocess.ExitStatus{}
	require.Equal(t, want, failed)
}

func TestOutputOfACommandThatCannotBeStarted(t *testing.T) {
	noNewFDs(t)
	_, err := childprocess.Output(t.Context(), "/no/such", "x")
	want := &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepProgram, File: "/no/such", Path: "/no/such", Args: []string{"x"}, Err: syscall.ENOENT,
	}
	require.Equal(t, want, err)
	require.Equal(t, want, childprocess.Run(t.Context(), "/no/such", "x"))
	for line, err := range childprocess.Lines(t.Context(), "/no/such", "x") {
		require.Empty(t, line)
		require.Equal(t, want, err)
	}
	_, err = childprocess.Output(t.Context(), "")
	_, ok := errors.AsType[*childprocess.ArgumentError](err)
	require.True(t, ok, "%v", err)
}

func TestOutputKeepsTheEndOfStderr(t *testing.T) {
	noNewFDs(t)
	_, err := childprocess.Output(t.Context(), "sh", "-c", "head -c 1000000 /dev/zero >&2; echo the end >&2; exit 1")
	failed, ok := errors.AsType[*childprocess.ExitError](err)
	require.True(t, ok, "%v", err)
	require.Len(t, failed.Stderr, childprocess.TailSize)
	require.True(t, strings.HasSuffix(string(failed.Stderr), "\x00the end\n"))
}

func TestOutputHasALimit(t *testing.T) {
	noNewFDs(t)
	out, err := childprocess.Output(t.Context(), "yes")
	require.ErrorIs(t, err, childprocess.ErrMaxBuffer)
	require.Greater(t, len(out), childprocess.MaxOutput)
}

func TestTheEndOfAContextEndsOutput(t *testing.T) {
	noNewFDs(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(200*time.Millisecond, func() { cancel(errReason) })
	begin := time.Now()
	// The grandchild would hold the pipes for longer.
	out, err := childprocess.Output(ctx, "sh", "-c", "echo out; sleep 5 & exec sleep 100")
	require.Less(t, time.Since(begin), tooLong)
	failed, ok := errors.AsType[*childprocess.ExitError](err)
	require.True(t, ok, "%v", err)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, errReason)
	require.Equal(t, syscall.SIGTERM, failed.Status.Signal)
	require.Equal(t, "out\n", string(out))

	// It is done before the call.
	err = childprocess.Run(ctx, "true")
	require.Equal(t, &childprocess.AbortError{Op: "spawn", File: "true", Err: context.Canceled, Cause: errReason}, err)
}

func TestManyGoroutinesShareTheBackgroundLoop(t *testing.T) {
	noNewFDs(t)
	const goroutines = 64
	file, argv := helperproc.Command("say", "1")
	var outs [goroutines]string
	var errs [goroutines]error
	onGoroutines(goroutines, func(i int) {
		out, err := childprocess.Output(t.Context(), file, append(slices.Clone(argv), strconv.Itoa(i))...)
		outs[i], errs[i] = string(out), err
	})
	for i := range goroutines {
		require.NoError(t, errs[i])
		require.Equal(t, strconv.Itoa(i), outs[i])
	}
}

// GOMAXPROCS calls wait on loops of their own; the others share one.
func TestTheFirstCallsAtATimeDoNotShareALoop(t *testing.T) {
	if watchesSIGCHLD() {
		t.Skip("all share the background loop, since those that watch SIGCHLD are not kept")
	}
	noNewFDs(t)
	alone := runtime.GOMAXPROCS(0)
	type call struct {
		in   *io.PipeWriter
		done chan string
	}
	begin := func(o childprocess.RunOptions) call {
		r, w := io.Pipe()
		c := call{w, make(chan string, 1)}
		o.Input = r
		go func() {
			out, err := childprocess.OutputWith(t.Context(), &o, "cat")
			if err != nil {
				out = []byte(err.Error())
			}
			c.done <- string(out)
		}()
		// It returns when the child runs; its call has its loop by then.
		_, err := w.Write([]byte("text"))
		require.NoError(t, err)
		return c
	}
	end := func(c call) {
		require.NoError(t, c.in.Close())
		require.Equal(t, "text", <-c.done)
	}
	require.Zero(t, childprocess.TasksAlone())
	shared := begin(childprocess.RunOptions{Options: childprocess.Options{StopWhen: func(int, []byte) bool { return false }}})
	require.Zero(t, childprocess.TasksAlone())
	require.Equal(t, 1, childprocess.BackgroundUsers(), "a function of its options must not be called on the caller's goroutine")
	end(shared)

	var calls []call
	for i := range alone + 2 {
		calls = append(calls, begin(childprocess.RunOptions{}))
		require.Equal(t, min(i+1, alone), childprocess.TasksAlone())
		require.Equal(t, max(0, i+1-alone), childprocess.BackgroundUsers())
	}
	for _, c := range calls {
		end(c)
	}
	require.Zero(t, childprocess.TasksAlone())
	_, err := childprocess.Output(t.Context(), "/does/not/exist")
	require.ErrorIs(t, err, syscall.ENOENT)
	require.Zero(t, childprocess.TasksAlone())
}

func TestTheBackgroundLoopEndsWhenItIsNotUsed(t *testing.T) {
	noNewFDs(t)
	noNewFDs(t)
	for range 2 {
		lines, err := linesOf(t.Context(), "echo line")
		require.NoError(t, err)
		require.Equal(t, []string{"line"}, lines)
		require.True(t, childprocess.BackgroundRuns())
		require.Eventually(t, func() bool { return !childprocess.BackgroundRuns() }, looptest.HangLimit(), time.Millisecond)
	}
}

// linesOf collects the pairs that Lines yields.
func linesOf(ctx context.Context, script string) (lines []string, err error) {
	for line, e := range childprocess.Lines(ctx, "sh", "-c", script) {
		if e != nil {
			err = e
			continue
		}
		lines = append(lines, line)
	}
	return lines, err
}

func TestLinesYieldsEveryLine(t *testing.T) {
	noNewFDs(t)
	lines, err := linesOf(t.Context(), `printf 'one\n\ntwo\r\nthree'`)
	require.NoError(t, err)
	require.Equal(t, []string{"one", "", "two", "three"}, lines)

	lines, err = linesOf(t.Context(), "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done")
	require.NoError(t, err)
	require.Len(t, lines, 20000)
	require.Equal(t, "line 19999", lines[19999])

	lines, err = linesOf(t.Context(), "echo one; echo why >&2; exit 2")
	require.Equal(t, []string{"one"}, lines)
	failed, ok := errors.AsType[*childprocess.ExitError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 2, failed.Status.Code)
	require.Equal(t, "why\n", string(failed.Stderr))
}

// pidAndYes writes its pid and then output without end.
const pidAndYes = "echo $$; exec yes"

// firstLine returns the number in the first line.
func firstLine(t *testing.T, body func()) (pid int) {
	t.Helper()
	for line, err := range childprocess.Lines(t.Context(), "sh", "-c", pidAndYes) {
		require.NoError(t, err)
		pid, err = strconv.Atoi(line)
		require.NoError(t, err)
		if body != nil {
			body()
		}
		break
	}
	return pid
}

func TestLeavingARangeOverLinesEndsTheChild(t *testing.T) {
	noNewFDs(t)
	pid := firstLine(t, nil)
	require.Equal(t, unix.ESRCH, unix.Kill(pid, 0), "it has ended and was waited for")
	// The next range statement starts another child.
	require.NotEqual(t, pid, firstLine(t, nil))
	require.PanicsWithValue(t, "in the body", func() { firstLine(t, func() { panic("in the body") }) })
}

func TestALineThatIsTooLongEndsTheChild(t *testing.T) {
	noNewFDs(t)
	lines, err := linesOf(t.Context(), "echo one; exec cat /dev/zero")
	require.Equal(t, []string{"one"}, lines)
	require.ErrorIs(t, err, streams.ErrLineTooLong)
}
