package childprocess_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/signals"
)

// A syncCall is one call of spawnSync, for this package and for Node.
type syncCall struct {
	Name      string            `json:"-"`
	File      string            `json:"file"`
	Args      []string          `json:"args"`
	Cwd       string            `json:"cwd,omitempty"`
	Env       map[string]string `json:"env,omitempty"`
	Shell     string            `json:"shell,omitempty"`
	Argv0     string            `json:"argv0,omitempty"`
	Input     []byte            `json:"input,omitempty"`
	Stdio     []string          `json:"stdio,omitempty"`
	Timeout   int               `json:"timeout,omitempty"` // milliseconds
	MaxBuffer int               `json:"maxBuffer,omitempty"`
	Signal    string            `json:"killSignal,omitempty"`
}

// A syncOutcome is the result of a syncCall. Output is nil where Node has null.
type syncOutcome struct {
	Status *int     `json:"status"`
	Signal string   `json:"signal"`
	Pid    bool     `json:"pid"`
	Output [][]byte `json:"output"`
	Err    string   `json:"err"` // the errno
	Path   string   `json:"path"`
	Args   []string `json:"args"`
}

// nodeSync makes each call that it reads from stdin.
const nodeSync = `
const { spawnSync } = require('child_process');
const calls = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(calls.map(({ file, args, ...o }) => {
	if (o.input) o.input = Buffer.from(o.input, 'base64');
	const r = spawnSync(file, args, o);
	const e = r.error || {};
	return {
		status: r.status, signal: r.signal || '', pid: r.pid > 0, err: e.code || '',
		output: r.output && r.output.map((b) => b && b.toString('base64')),
		path: !r.pid && e.path || '', args: !r.pid && e.spawnargs || null,
	};
})));`

// inNode lets Node make the calls, one after another, while the caller goes on. result waits for
// them.
func inNode(t *testing.T, calls ...syncCall) (result func() []syncOutcome) {
	t.Helper()
	given, err := json.Marshal(calls)
	require.NoError(t, err)
	cmd := exec.Command(looptest.NodePath(t), "-e", nodeSync)
	cmd.Stdin = bytes.NewReader(given)
	var said bytes.Buffer
	cmd.Stdout = &said
	require.NoError(t, cmd.Start())
	return func() (list []syncOutcome) {
		require.NoError(t, cmd.Wait())
		require.NoError(t, json.Unmarshal(said.Bytes(), &list), "%s", &said)
		require.Len(t, list, len(calls))
		return list
	}
}

func (c syncCall) options(t *testing.T) *childprocess.SyncOptions {
	t.Helper()
	o := &childprocess.SyncOptions{Input: c.Input, MaxBuffer: c.MaxBuffer}
	o.Dir, o.Shell, o.Argv0, o.Timeout = c.Cwd, c.Shell, c.Argv0, time.Duration(c.Timeout)*time.Millisecond
	if c.Env != nil {
		o.Env = []string{}
	}
	for k, v := range c.Env {
		o.Env = append(o.Env, k+"="+v)
	}
	for _, s := range c.Stdio {
		o.Stdio = append(o.Stdio, map[string]childprocess.Stdio{
			"pipe": childprocess.Pipe, "ignore": childprocess.Ignore, "inherit": childprocess.Inherit,
		}[s])
	}
	if c.Signal != "" {
		var err error
		o.KillSignal, err = signals.Parse(c.Signal)
		require.NoError(t, err)
	}
	return o
}

// shownByNode is r in the form in which Node shows it. Node's errors also have the errno's name,
// and for a program that was not started its path and arguments.
func shownByNode(r *childprocess.SyncResult) (out syncOutcome) {
	out.Pid, out.Output = r.Pid > 0, r.Output
	if r.Err != nil {
		out.Err = errorText(r.Err)
	}
	switch {
	case r.Pid == 0:
		e := r.Err.(*childprocess.SpawnError)
		out.Path, out.Args = e.File, e.Args
	case r.Status.Signal != 0:
		out.Signal = signals.Name(r.Status.Signal)
	default:
		out.Status = &r.Status.Code
	}
	return out
}

//brood:checks N110 N111 N112 N113 N114 N115 N116 N117
func TestSpawnSyncIsNodes(t *testing.T) {
	noNewFDs(t)
	dir := t.TempDir()
	const mebibyte = 1 << 20
	sh := func(script string) []string { return []string{"-c", script} }
	calls := []syncCall{
		{Name: "no output", File: "true"},
		{Name: "stdout and stderr", File: "sh", Args: sh("echo out; echo err >&2")},
		{Name: "an exit code", File: "sh", Args: sh("exit 200")},
		{Name: "a signal", File: "sh", Args: sh("kill -KILL $$")},
		{Name: "a missing program", File: "/no/such/program", Args: []string{"a", "b"}},
		{Name: "a directory as program", File: "/", Args: []string{}},
		{Name: "a file as directory", File: "/etc/passwd/x", Args: []string{}},
		{Name: "a missing directory", File: "true", Args: []string{}, Cwd: "/no/such/dir"},
		{Name: "too many arguments", File: "true", Args: []string{strings.Repeat("x", 8*mebibyte)}},
		{Name: "a directory", File: "pwd", Cwd: dir},
		{Name: "an environment", File: "/bin/sh", Args: sh("echo $A-$HOME"), Env: map[string]string{"A": "b c"}},
		{Name: "argv[0]", File: "sh", Args: sh("echo $0"), Argv0: "another"},
		{Name: "input", File: "cat", Input: []byte("some\x00input\n")},
		{Name: "much input", File: "cat", Input: bytes.Repeat([]byte("0123456789abcdef"), mebibyte/16)},
		{Name: "input that is not read", File: "sh", Args: sh("exec 0<&-; sleep 0.05; exit 3"), Input: make([]byte, mebibyte)},
		{Name: "input for no pipe", File: "cat", Input: []byte("x"), Stdio: []string{"ignore", "pipe", "pipe"}},
		{Name: "no input", File: "cat"},
		{Name: "nothing captured", File: "echo", Args: []string{"x"}, Stdio: []string{"pipe", "ignore", "ignore"}},
		{Name: "more pipes", File: "sh", Args: sh("echo three >&3; echo four >&4"),
			Stdio: []string{"pipe", "ignore", "pipe", "pipe", "pipe"}},
		{Name: "a shell", File: "echo $((1+1))", Args: []string{"|", "cat"}, Shell: "/bin/sh"},
		{Name: "a missing command", File: "no-such-command 2>/dev/null", Shell: "/bin/sh"},
		{Name: "a missing shell", File: "echo", Args: []string{}, Shell: "/no/such/shell"},
		{Name: "a time-out", File: "sleep", Args: []string{"1000"}, Timeout: 50},
		{Name: "a time-out with a signal", File: "sleep", Args: []string{"1000"}, Timeout: 50, Signal: "SIGKILL"},
		{Name: "a time-out that is not obeyed", File: "sh", Args: sh("trap 'exit 4' TERM; sleep 2; exit 1"), Timeout: 1000},
		{Name: "a time-out of a grandchild", File: "sh", Args: sh("sleep 10 & exit 0"), Timeout: 1000},
		{Name: "a time-out that does not come", File: "sh", Args: sh("exit 7"), Timeout: 100_000},
		{Name: "exactly the default limit", File: "head", Args: []string{"-c", "1048576", "/dev/zero"}},
		{Name: "a limit that is kept", File: "printf", Args: []string{"12345"}, MaxBuffer: 5},
		{Name: "a limit of all pipes", File: "sh", Args: sh("printf 123; sleep 0.1; printf 456 >&2; exec sleep 1000"), MaxBuffer: 5},
		{Name: "a limit with a signal", File: "sh", Args: sh("echo hello; exec sleep 1000"), MaxBuffer: 1, Signal: "SIGKILL"},
	}
	theirs := inNode(t, calls...)
	ours := make([]syncOutcome, len(calls))
	for i, c := range calls {
		ours[i] = shownByNode(childprocess.SpawnSync(c.File, c.Args, c.options(t)))
	}
	for i, want := range theirs() {
		require.Equal(t, want, ours[i], calls[i].Name)
	}
}

// The default limit is Node's; the number of bytes read beyond it depends on the size of the reads.
//
//brood:checks N115
func TestTheDefaultLimitIsNodes(t *testing.T) {
	noNewFDs(t)
	c := syncCall{File: "head", Args: []string{"-c", "1048577", "/dev/zero"}}
	want := inNode(t, c)()[0]
	require.Equal(t, "ENOBUFS", want.Err)
	got := shownByNode(childprocess.SpawnSync(c.File, c.Args, nil))
	require.Equal(t, want.Err, got.Err)
	require.Greater(t, len(got.Output[1]), 1<<20)
}

//brood:checks N114
func TestATimeoutsErrorIsETIMEDOUT(t *testing.T) {
	noNewFDs(t)
	r := childprocess.SpawnSync("sleep", []string{"1000"}, &childprocess.SyncOptions{
		Options: childprocess.Options{Timeout: time.Millisecond},
	})
	require.ErrorIs(t, r.Err, childprocess.ErrTimeout)
	require.ErrorIs(t, r.Err, syscall.ETIMEDOUT)
	require.Equal(t, r.Err, r.Status.Cause)
	require.False(t, r.Status.Forced)
}
