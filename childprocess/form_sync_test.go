package childprocess_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// inherit-sync waits for a cat that has its descriptors, and reports the result.
	helperproc.Register("inherit-sync", func([]string) {
		file, argv := helperproc.Command("cat")
		r := childprocess.SpawnSync(file, argv, syncStdio(childprocess.AllStdio(childprocess.Inherit)...))
		if r.Err != nil || r.Output[1] != nil || r.Stderr != nil {
			helperproc.Exit(1)
		}
		helperproc.Exit(r.Status.Code)
	})
}

// spawnSync is SpawnSync of a helper program.
func spawnSync(o *childprocess.SyncOptions, name string, args ...string) *childprocess.SyncResult {
	file, argv := helperproc.Command(name, args...)
	return childprocess.SpawnSync(file, argv, o)
}

func syncStdio(slots ...childprocess.Stdio) *childprocess.SyncOptions {
	return &childprocess.SyncOptions{Options: childprocess.Options{Stdio: slots}}
}

//brood:checks N110 N111
func TestTheResultHasStatusAndOutputs(t *testing.T) {
	noNewFDs(t)
	r := spawnSync(nil, "say", "1", "out")
	require.NoError(t, r.Err)
	require.Positive(t, r.Pid)
	require.Equal(t, [][]byte{nil, []byte("out"), {}}, r.Output)
	require.Equal(t, []byte("out"), r.Stdout)
	require.Equal(t, []byte{}, r.Stderr)
	require.True(t, r.Status.Success())
	require.NotNil(t, r.Status.Rusage)
	require.Positive(t, r.Status.Elapsed)
	require.False(t, r.Status.CutOff)
}

//brood:checks N110
func TestAnExitCodeIsNoError(t *testing.T) {
	noNewFDs(t)
	r := spawnSync(nil, "exit", "7")
	require.NoError(t, r.Err)
	require.Equal(t, 7, r.Status.Code)
}

//brood:checks N110
func TestAFailedStartIsAnErrorOfTheResult(t *testing.T) {
	noNewFDs(t)
	for _, c := range []struct {
		name, file, dir string
		want            childprocess.SpawnError
		errno           syscall.Errno
	}{
		// The first is an event of a child; the others are returned by Spawn.
		{"a missing program", "/no/such", "", childprocess.SpawnError{Step: childprocess.StepProgram, Path: "/no/such"}, syscall.ENOENT},
		{"no directory", "true", "/dev/null", childprocess.SpawnError{Step: childprocess.StepCwd, Path: "/dev/null"}, syscall.ENOTDIR},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Op, c.want.File, c.want.Args, c.want.Err = "spawnSync", c.file, []string{"a"}, c.errno
			o := &childprocess.SyncOptions{Options: childprocess.Options{Dir: c.dir}, Input: []byte("x")}
			r := childprocess.SpawnSync(c.file, []string{"a"}, o)
			require.Equal(t, &childprocess.SyncResult{Status: childprocess.ExitStatus{Code: -1, NotStarted: &c.want}, Err: &c.want}, r)
			out, err := childprocess.ExecFileSync(c.file, []string{"a"}, o)
			require.Empty(t, out)
			require.Equal(t, &c.want, err)
		})
	}
}

//brood:checks N119
func TestTheTextsOfErrors(t *testing.T) {
	noNewFDs(t)
	_, err := childprocess.ExecSync("exit 0", &childprocess.SyncOptions{Options: childprocess.Options{Shell: "bad_shell"}})
	require.EqualError(t, err, "spawnSync bad_shell: ENOENT: no such file or directory")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = childprocess.ExecSync("echo why >&2; exit 3", syncStdio(childprocess.AllStdio(childprocess.Pipe)...))
	require.EqualError(t, err, "command failed: echo why >&2; exit 3: exit status 3\nwhy")
	_, err = childprocess.ExecFileSync("sh", []string{"-c", "kill $$"}, nil)
	require.EqualError(t, err, "command failed: sh -c kill $$: signal: SIGTERM")
	o := &childprocess.SyncOptions{Options: childprocess.Options{Argv0: "name"}}
	_, err = childprocess.ExecFileSync("sh", []string{"-c", "exit 1"}, o)
	require.EqualError(t, err, "command failed: name -c exit 1: exit status 1")
}

//brood:checks N116 N119
func TestAMissingCommandOfAShellIs127(t *testing.T) {
	noNewFDs(t)
	_, err := childprocess.ExecSync("no-such-command", syncStdio(childprocess.AllStdio(childprocess.Pipe)...))
	failed, ok := errors.AsType[*childprocess.ExitError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 127, failed.Status.Code)
	require.NoError(t, failed.Err)
	require.False(t, failed.Killed)
}

//brood:checks N120
func TestExecSyncReturnsTheOutput(t *testing.T) {
	noNewFDs(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	o := &childprocess.SyncOptions{Options: childprocess.Options{Dir: dir}}
	out, err := childprocess.ExecSync("pwd | cat", o)
	require.NoError(t, err)
	require.Equal(t, dir+"\n", string(out))
	require.Empty(t, o.Shell, "the options are not changed")
	out, err = childprocess.ExecFileSync("pwd", nil, o)
	require.NoError(t, err)
	require.Equal(t, dir+"\n", string(out))
}

// stderrOf returns the bytes that fn makes this process write to os.Stderr.
func stderrOf(t *testing.T, fn func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	defer func(before *os.File) { os.Stderr = before }(os.Stderr)
	os.Stderr = file
	fn()
	require.NoError(t, file.Close())
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return string(text)
}

//brood:checks N120
func TestStderrIsPassedOnByDefault(t *testing.T) {
	noNewFDs(t)
	const command = "echo oh >&2; exit 1"
	for _, c := range []struct {
		name           string
		o              *childprocess.SyncOptions
		passed, caught string
	}{
		{"no options", nil, "oh\n", "oh\n"},
		{"no stdio", &childprocess.SyncOptions{}, "oh\n", "oh\n"},
		{"a pipe", syncStdio(childprocess.Pipe, childprocess.Pipe, childprocess.Pipe), "", "oh\n"},
		{"ignored", syncStdio(childprocess.AllStdio(childprocess.Ignore)...), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			require.Equal(t, c.passed, stderrOf(t, func() { _, err = childprocess.ExecSync(command, c.o) }))
			failed, ok := errors.AsType[*childprocess.ExitError](err)
			require.True(t, ok)
			require.Equal(t, c.caught, string(failed.Stderr))
		})
	}
	require.Empty(t, stderrOf(t, func() { childprocess.SpawnSync("sh", []string{"-c", command}, nil) }))
}

//brood:checks N121
func TestTheErrorHasTheValuesOfTheResult(t *testing.T) {
	noNewFDs(t)
	args := []string{"-c", "echo out; echo err >&2; exit 9"}
	o := syncStdio(childprocess.AllStdio(childprocess.Pipe)...)
	out, err := childprocess.ExecFileSync("sh", args, o)
	r := childprocess.SpawnSync("sh", args, o)
	failed, ok := errors.AsType[*childprocess.ExitError](err)
	require.True(t, ok)
	require.Equal(t, r.Stdout, out)
	failed.Status.Elapsed, failed.Status.Rusage, failed.Status.Usage = r.Status.Elapsed, r.Status.Rusage, r.Status.Usage
	want := &childprocess.ExitError{Cmd: "sh " + strings.Join(args, " "), Status: r.Status, Stdout: r.Stdout, Stderr: r.Stderr}
	require.Equal(t, want, failed)
}

//brood:checks N113
func TestInputPassesTwoLevelsThatInherit(t *testing.T) {
	noNewFDs(t)
	r := spawnSync(&childprocess.SyncOptions{Input: []byte("hello")}, "inherit-sync")
	require.NoError(t, r.Err)
	require.True(t, r.Status.Success(), r.Status)
	require.Equal(t, "hello", string(r.Stdout))
}

//brood:checks S047
func TestStdinIsEnded(t *testing.T) {
	noNewFDs(t)
	for _, input := range [][]byte{nil, {}, []byte("x")} {
		r := spawnSync(&childprocess.SyncOptions{Input: input}, "cat")
		require.NoError(t, r.Err)
		require.Equal(t, string(input), string(r.Stdout))
	}
}

//brood:checks S047
func TestPipesThatLeadBothWaysAreEndedAndCaptured(t *testing.T) {
	noNewFDs(t)
	o := syncStdio(childprocess.Ignore, childprocess.Ignore, childprocess.Ignore, childprocess.Pipe)
	r := childprocess.SpawnSync("sh", []string{"-c", "cat <&3; echo three >&3"}, o)
	require.NoError(t, r.Err)
	require.Equal(t, [][]byte{nil, nil, nil, []byte("three\n")}, r.Output)
}

// Otherwise a child that exits before its input is written would sometimes cause EPIPE.
//
//brood:checks N113
func TestAShortInputThatNobodyReadsIsNoError(t *testing.T) {
	noNewFDs(t)
	for range 100 {
		require.NoError(t, childprocess.SpawnSync("true", nil, &childprocess.SyncOptions{Input: []byte("x")}).Err)
	}
}

//brood:checks N113
func TestALongInputThatNobodyReadsIsEPIPE(t *testing.T) {
	noNewFDs(t)
	o := &childprocess.SyncOptions{Input: make([]byte, 4<<20)}
	r := spawnSync(o, "exit", "5")
	require.ErrorIs(t, r.Err, syscall.EPIPE)
	require.Equal(t, 5, r.Status.Code)
	file, argv := helperproc.Command("exit", "0")
	_, err := childprocess.ExecFileSync(file, argv, o)
	failed, ok := errors.AsType[*childprocess.ExitError](err)
	require.True(t, ok)
	require.ErrorIs(t, failed.Err, syscall.EPIPE)
	require.True(t, failed.Status.Success())
}

func TestInputIsNotChanged(t *testing.T) {
	noNewFDs(t)
	input := bytes.Repeat([]byte("0123456789"), 100_000)
	r := spawnSync(&childprocess.SyncOptions{Input: input}, "cat")
	require.NoError(t, r.Err)
	require.True(t, bytes.Equal(input, r.Stdout))
	require.True(t, bytes.Equal(bytes.Repeat([]byte("0123456789"), 100_000), input))
}

func TestAFailureToReadIsAnErrorAndNoEnd(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	p := start(t, l, "say", "1", "out")
	result := childprocess.Collect(p)
	p.Stdout.OnData(func([]byte) { p.Stdout.Destroy(syscall.EIO) }) // As a failed read does.
	run(t, l)
	r := result()
	require.Equal(t, syscall.EIO, r.Err)
	require.Equal(t, "out", string(r.Stdout))
	require.True(t, r.Status.Success())
}
