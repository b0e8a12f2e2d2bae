package childprocess_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
)

// An outcome is the arguments of the callback of Exec or ExecFile.
type outcome struct {
	c              *child
	calls          int
	err            error
	stdout, stderr string
}

func (got *outcome) done(err error, stdout, stderr []byte) {
	got.calls++
	got.err, got.stdout, got.stderr = err, string(stdout), string(stderr)
}

// exit returns the error, which must be an *ExitError.
func (got *outcome) exit(t testing.TB) *childprocess.ExitError {
	t.Helper()
	e, ok := got.err.(*childprocess.ExitError)
	require.True(t, ok, "%T: %v", got.err, got.err)
	require.Equal(t, got.stdout, string(e.Stdout))
	require.Equal(t, got.stderr, string(e.Stderr))
	return e
}

// callExec calls childprocess.Exec, which must return a child.
func callExec(t testing.TB, l *reactor.Loop, command string, o *childprocess.ExecOptions) *outcome {
	t.Helper()
	got := &outcome{}
	c, err := childprocess.Exec(l, command, o, got.done)
	require.NoError(t, err, "Exec(%q, %+v)", command, o)
	got.watch(t, c)
	return got
}

// callExecFile calls childprocess.ExecFile, which must return a child.
func callExecFile(t testing.TB, l *reactor.Loop, file string, args []string, o *childprocess.ExecOptions) *outcome {
	t.Helper()
	got := &outcome{}
	c, err := childprocess.ExecFile(l, file, args, o, got.done)
	require.NoError(t, err, "ExecFile(%q, %q, %+v)", file, args, o)
	got.watch(t, c)
	return got
}

func (got *outcome) watch(t testing.TB, c *child) {
	require.NotNil(t, c)
	require.Zero(t, got.calls, "the callback was called inside the call")
	got.c = c
	t.Cleanup(func() {
		if t.Failed() {
			_, _ = c.Kill(syscall.SIGKILL) // See newLoop.
		}
	})
}

// runToDone runs the loop to its end. The callback must then have been called once.
func runToDone(t testing.TB, l *reactor.Loop, got *outcome) *outcome {
	t.Helper()
	run(t, l)
	require.Equal(t, 1, got.calls)
	return got
}

//brood:checks N080 N081
func TestDirAndEnvAreHonoured(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Setenv("BROOD_TEST_INHERITED", "yes")
	l := newLoop(t)
	o := &childprocess.ExecOptions{Options: childprocess.Options{Dir: dir, Env: []string{"A=b"}}}
	got := runToDone(t, l, callExec(t, l, `pwd; echo "$A,$BROOD_TEST_INHERITED" >&2`, o))
	require.NoError(t, got.err)
	require.Equal(t, dir+"\n", got.stdout)
	require.Equal(t, "b,\n", got.stderr)
	require.Equal(t, &childprocess.ExecOptions{Options: childprocess.Options{Dir: dir, Env: []string{"A=b"}}}, o, "unchanged")
}

//brood:checks N003
func TestArgumentsOptionsAndCallbackMayBeMissing(t *testing.T) {
	l := newLoop(t)
	var closed []childprocess.ExitStatus
	called := 0
	done := func(err error, _, _ []byte) {
		require.NoError(t, err)
		called++
	}
	for _, args := range [][]string{nil, {}} {
		for _, o := range []*childprocess.ExecOptions{nil, {}} {
			for _, done := range []func(error, []byte, []byte){nil, done} {
				for _, start := range []func() (*child, error){
					func() (*child, error) { return childprocess.ExecFile(l, "true", args, o, done) },
					func() (*child, error) { return childprocess.Exec(l, "true", o, done) },
				} {
					c, err := start()
					require.NoError(t, err)
					c.OnClose(func(s childprocess.ExitStatus) { closed = append(closed, s) })
				}
			}
		}
	}
	run(t, l)
	require.Len(t, closed, 16)
	require.Equal(t, 8, called)
	for _, s := range closed {
		require.True(t, s.Success(), s)
	}
}

// Without a callback, a failure is not reported.
//
//brood:checks N003
func TestAFailureWithoutACallback(t *testing.T) {
	l := newLoop(t)
	for _, command := range []string{"exit 1", "kill -9 $$"} {
		_, err := childprocess.Exec(l, command, nil, nil)
		require.NoError(t, err)
	}
	_, err := childprocess.ExecFile(l, "/does/not/exist", nil, nil, nil)
	require.NoError(t, err)
	run(t, l)
}

// Go has no strings in an encoding: the capture is bytes, and a listener can get the same as text.
//
//brood:checks N082 N083 N084
func TestTheStreamsAreLive(t *testing.T) {
	l := newLoop(t)
	got := callExec(t, l, "cat; echo fünf >&2", nil)
	var text, lines string
	var chunks []byte
	got.c.Stdout.OnText(func(s string) { text += s })
	got.c.Stdout.OnData(func(chunk []byte) { chunks = append(chunks, chunk...) })
	got.c.Stderr.OnLine(func(line []byte) { lines += string(line) })
	_, err := got.c.Stdin.WriteString("€ and \xff")
	require.NoError(t, err)
	got.c.Stdin.End()
	runToDone(t, l, got)
	require.NoError(t, got.err)
	require.Equal(t, "€ and \xff", got.stdout)
	require.Equal(t, "€ and \xff", string(chunks))
	require.Equal(t, "€ and \ufffd", text)
	require.Equal(t, "fünf\n", got.stderr)
	require.Equal(t, "fünf", lines)
}

//brood:checks N100
func TestTheCallbackKeepsItsSlices(t *testing.T) {
	l := newLoop(t)
	var first []byte
	_, err := childprocess.Exec(l, "echo first", nil, func(_ error, stdout, _ []byte) {
		first = stdout
		callExec(t, l, "echo second", nil)
	})
	require.NoError(t, err)
	run(t, l)
	require.Equal(t, "first\n", string(first))
}

//brood:checks N085
func TestAMissingCommand(t *testing.T) {
	l := newLoop(t)
	got := runToDone(t, l, callExec(t, l, "does-not-exist-anywhere", nil))
	e := got.exit(t)
	require.Equal(t, "does-not-exist-anywhere", e.Cmd)
	require.Equal(t, 127, e.Status.Code)
	require.NotZero(t, got.c.Pid())
	require.NoError(t, e.Err)
	require.False(t, e.Killed)
	require.NotEmpty(t, got.stderr)

	got = callExecFile(t, l, "does-not-exist-anywhere", []string{"a"}, nil)
	ev := events(got.c)
	runToDone(t, l, got)
	failed, ok := got.err.(*childprocess.SpawnError)
	require.True(t, ok, "%T", got.err)
	require.Equal(t, "execFile", failed.Op)
	require.Equal(t, []string{"a"}, failed.Args)
	require.ErrorIs(t, got.err, syscall.ENOENT)
	require.Zero(t, got.c.Pid())
	require.Equal(t, []string{"error ENOENT", "close -2"}, ev.process())
	require.False(t, ev.status.CutOff)
}

// An error that Spawn returns is not passed to the callback.
//
//brood:checks N100
func TestAnErrorIsReturnedOrPassedToTheCallback(t *testing.T) {
	l := newLoop(t)
	c, err := childprocess.ExecFile(l, "true", []string{strings.Repeat("x", 8<<20)}, nil,
		func(error, []byte, []byte) { require.Fail(t, "the callback was called") })
	require.Nil(t, c)
	require.ErrorIs(t, err, syscall.E2BIG)
	run(t, l)
}

//brood:checks N095
func TestAFailureNamesTheCommand(t *testing.T) {
	l := newLoop(t)
	file, argv := helperproc.Command("exit", "42")
	got := runToDone(t, l, callExecFile(t, l, file, argv, nil))
	e := got.exit(t)
	require.Equal(t, file+" "+strings.Join(argv, " "), e.Cmd)
	require.Equal(t, 42, e.Status.Code)
	require.Equal(t, "command failed: "+e.Cmd+": exit status 42", e.Error())

	e = runToDone(t, l, callExec(t, l, "echo why >&2; kill -KILL $$", nil)).exit(t)
	require.Equal(t, -1, e.Status.Code)
	require.Equal(t, syscall.SIGKILL, e.Status.Signal)
	require.False(t, e.Killed, "nothing here has killed it")
	require.Equal(t, "command failed: echo why >&2; kill -KILL $$: signal: SIGKILL\nwhy", e.Error())
}

//brood:checks N095
func TestTheErrorShowsTheEndOfALongStderr(t *testing.T) {
	const kept = 1 << 10
	for stderr, want := range map[string]string{
		strings.Repeat("x", kept):         strings.Repeat("x", kept),
		strings.Repeat("x", kept) + "y\n": "…" + strings.Repeat("x", kept-1) + "y",
		// Not inside a character.
		"x" + strings.Repeat("\U0001F426", kept/4) + "z": "…" + strings.Repeat("\U0001F426", kept/4-1) + "z",
		strings.Repeat("\x80", 2*kept):                   "…" + strings.Repeat("\x80", kept-3),
	} {
		e := &childprocess.ExitError{Cmd: "cmd", Status: childprocess.ExitStatus{Code: 1}, Stderr: []byte(stderr)}
		require.Equal(t, "command failed: cmd: exit status 1\n"+want, e.Error())
	}
}

//brood:checks N097
func TestExecFileWithAShell(t *testing.T) {
	l := newLoop(t)
	shell := &childprocess.ExecOptions{Options: childprocess.Options{Shell: childprocess.DefaultShell}}
	got := callExecFile(t, l, "echo", []string{"$((6*7))", "|", "tr", "4", "9"}, shell)
	require.Equal(t, []string{"/bin/sh", "-c", "echo $((6*7)) | tr 4 9"}, got.c.SpawnArgs())
	runToDone(t, l, got)
	require.NoError(t, got.err)
	require.Equal(t, "92\n", got.stdout)

	e := runToDone(t, l, callExecFile(t, l, "exit", []string{"7"}, shell)).exit(t)
	require.Equal(t, "exit 7", e.Cmd)
	require.Equal(t, 7, e.Status.Code)
}

func TestExecTakesAnotherShellAndArgv0(t *testing.T) {
	l := newLoop(t)
	o := &childprocess.ExecOptions{Options: childprocess.Options{Shell: "/bin/echo", Argv0: "parrot", Detached: true}}
	got := callExec(t, l, "hello", o)
	require.Equal(t, "/bin/echo", got.c.SpawnFile())
	require.Equal(t, []string{"parrot", "-c", "hello"}, got.c.SpawnArgs())
	runToDone(t, l, got)
	require.NoError(t, got.err)
	require.Equal(t, "-c hello\n", got.stdout)
}
