package childprocess_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// An execCall is a call of exec, or of execFile if File is set, for Node and for this package.
type execCall struct {
	Command    string   `json:"command,omitempty"`
	File       string   `json:"file,omitempty"`
	Args       []string `json:"args,omitempty"`
	Dir        string   `json:"cwd,omitempty"`
	Shell      string   `json:"shell,omitempty"`
	Timeout    int      `json:"timeout,omitempty"`    // milliseconds
	MaxBuffer  int      `json:"maxBuffer,omitempty"`  // -1: Infinity
	KillSignal string   `json:"killSignal,omitempty"` // "": SIGTERM
	// "before" the call, or with the first "output"
	Abort string `json:"abort,omitempty"`
}

// An execResult is the result that the callback gets, as far as Node and this package can both tell
// it.
type execResult struct {
	Kind   string `json:"kind"`   // "success", "exit", "spawn", "maxBuffer", "abort"
	Code   int    `json:"code"`   // of "exit"; -1 with a signal
	Signal string `json:"signal"` // of "exit"
	Errno  string `json:"errno"`  // of "spawn"
	Stream string `json:"stream"` // of "maxBuffer"
	Reason string `json:"reason"` // of "abort"
	Killed bool   `json:"killed"` // of "exit"
	Cmd    string `json:"cmd"`    // of "spawn": the program to start, for exec a shell
	Stdout string `json:"stdout"` // see digest
	Stderr string `json:"stderr"`
	Pid    bool   `json:"pid"` // there is a process id
}

// askNode makes all calls at once and prints the results.
const askNode = `
const { exec, execFile } = require('child_process');
const digest = (b) => b.length + ':' + b.subarray(0, 40).toString('hex');
const call = (c) => new Promise((resolve) => {
	const o = { encoding: 'buffer' };
	for (const k of ['cwd', 'shell', 'timeout', 'killSignal', 'maxBuffer']) if (c[k] !== undefined) o[k] = c[k];
	if (o.maxBuffer < 0) o.maxBuffer = Infinity;
	const abort = new AbortController();
	if (c.abort) o.signal = abort.signal;
	if (c.abort === 'before') abort.abort('the reason');
	let child;
	const done = (e, stdout, stderr) => {
		const r = { kind: 'success', code: 0, signal: '', errno: '', stream: '', reason: '', killed: false, cmd: '' };
		if (e) {
			r.cmd = e.cmd;
			if (e.name === 'AbortError') {
				r.kind = 'abort';
				r.reason = e.cause;
			} else if (e.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
				r.kind = 'maxBuffer';
				r.stream = e.message.split(' ')[0];
			} else if (e.syscall) {
				r.kind = 'spawn';
				r.errno = e.code;
				r.cmd = [e.path, ...e.spawnargs].join(' ');
			} else {
				r.kind = 'exit';
				r.code = e.code === null ? -1 : e.code;
				r.signal = e.signal || '';
				r.killed = e.killed;
			}
		}
		resolve({ ...r, stdout: digest(stdout), stderr: digest(stderr), pid: child.pid !== undefined });
	};
	child = c.file ? execFile(c.file, c.args, o, done) : exec(c.command, o, done);
	if (c.abort === 'output') child.stdout.once('data', () => abort.abort('the reason'));
});
Promise.all(JSON.parse(process.argv[1]).map(call)).then((all) => console.log(JSON.stringify(all)));
`

func digest(s string) string { return fmt.Sprintf("%d:%x", len(s), s[:min(len(s), 40)]) }

// ask makes the call and returns its result, which is valid when the loop has run.
func (call execCall) ask(t testing.TB, l *reactor.Loop) *execResult {
	o := &childprocess.ExecOptions{MaxBuffer: call.MaxBuffer, Options: childprocess.Options{
		Dir: call.Dir, Shell: call.Shell, Timeout: time.Duration(call.Timeout) * time.Millisecond,
	}}
	if call.KillSignal != "" {
		s, err := signals.Parse(call.KillSignal)
		require.NoError(t, err)
		o.KillSignal = s
	}
	cancel := func() {}
	if call.Abort != "" {
		o.Context, cancel = contextWithCancel(t)
	}
	if call.Abort == "before" {
		cancel()
	}
	r := &execResult{}
	var c *child
	done := func(err error, stdout, stderr []byte) {
		*r = resultOf(err)
		r.Stdout, r.Stderr, r.Pid = digest(string(stdout)), digest(string(stderr)), c.Pid() != 0
	}
	var err error
	if call.File != "" {
		c, err = childprocess.ExecFile(l, call.File, call.Args, o, done)
	} else {
		c, err = childprocess.Exec(l, call.Command, o, done)
	}
	require.NoError(t, err)
	if call.Abort == "output" {
		whenReady(c, cancel)
	}
	return r
}

// resultOf returns the result that Node reports for err.
func resultOf(err error) execResult {
	if err == nil {
		return execResult{Kind: "success"}
	}
	if failed, ok := errors.AsType[*childprocess.SpawnError](err); ok {
		return execResult{Kind: "spawn", Errno: errorText(err), Cmd: strings.Join(append([]string{failed.File}, failed.Args...), " ")}
	}
	exit, ok := errors.AsType[*childprocess.ExitError](err)
	if !ok {
		return execResult{Kind: err.Error()}
	}
	r := execResult{Kind: "exit", Cmd: exit.Cmd}
	if aborted, ok := errors.AsType[*childprocess.AbortError](err); ok {
		r.Kind, r.Reason = "abort", aborted.Cause.Error()
		return r
	}
	if over, ok := errors.AsType[*childprocess.MaxBufferError](err); ok {
		r.Kind, r.Stream = "maxBuffer", over.Stream
		return r
	}
	r.Code, r.Killed = exit.Status.Code, exit.Killed
	if exit.Status.Signal != 0 {
		r.Signal = signals.Name(exit.Status.Signal)
	}
	return r
}

// Node gives execFile a negative status, the errno whose name is in the error.
//
//brood:checks N096
func TestAProgramThatCannotBeStartedIsAnErrnoAndNotACode(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o644))
	for file, want := range map[string]struct {
		errno syscall.Errno
		text  string
	}{
		"does-not-exist-anywhere": {syscall.ENOENT, "ENOENT: no such file or directory"},
		plain:                     {syscall.EACCES, "EACCES: permission denied"},
	} {
		for _, args := range [][]string{nil, {"a", "b"}} {
			l := newLoop(t)
			got := callExecFile(t, l, file, args, nil)
			ev := events(got.c)
			runToDone(t, l, got)
			_, isExit := errors.AsType[*childprocess.ExitError](got.err)
			require.False(t, isExit, "there is no status")
			require.ErrorIs(t, got.err, want.errno)
			require.Equal(t, "execFile "+file+": "+want.text, got.err.Error(), "without arguments")
			require.Equal(t, childprocess.ExitStatus{Code: -1, NotStarted: got.err}, ev.status)
			require.Equal(t, []string{"", ""}, []string{got.stdout, got.stderr})
		}
	}
}

//brood:checks N098
func TestExecFileAndExecFileSyncGiveTheSame(t *testing.T) {
	noNewFDs(t)
	for _, shell := range []string{"", childprocess.DefaultShell} {
		for name, call := range map[string]struct {
			file string
			args []string
		}{
			"a program":      {"echo", []string{"a  b", "'c'", "$((1+1))", "*"}},
			"much output":    {"head", []string{"-c", "1000000", "/dev/zero"}},
			"another code":   {"ls", []string{"/does/not/exist", "/"}},
			"no arguments":   {"pwd", nil},
			"an environment": {"env", nil},
		} {
			t.Run(name+" "+shell, func(t *testing.T) {
				o := childprocess.Options{Shell: shell, Dir: "/", Env: []string{"A=b", "PATH=/bin:/usr/bin"}}
				l := newLoop(t)
				async := runToDone(t, l, callExecFile(t, l, call.file, call.args, execOptions(o)))
				var stdout []byte
				var err error
				passed := stderrOf(t, func() {
					stdout, err = childprocess.ExecFileSync(call.file, call.args, &childprocess.SyncOptions{Options: o})
				})
				require.NotEmpty(t, stdout)
				require.Equal(t, async.stdout, string(stdout))
				require.Equal(t, async.stderr, passed)
				require.Equal(t, fmt.Sprint(async.err), fmt.Sprint(err))
			})
		}
	}
}

//brood:checks N062 N085 N086 N087 N088 N089 N090 N092 N093 N094 N095 N097
func TestExecAgreesWithNode(t *testing.T) {
	node := looptest.NodePath(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	plain := filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o644))
	const mib = 1 << 20
	// Commands that must outlive a time-out or wait for a signal are sleep itself: of a shell, Node
	// would leave the child behind.
	const forever = "exec sleep 1000"
	const chinese = `printf '中文测试\n'` // 13 bytes
	var calls []execCall
	add := func(more ...execCall) { calls = append(calls, more...) }
	add(
		execCall{Command: "echo out; echo err >&2"},
		execCall{Command: "pwd", Dir: dir},
		execCall{Command: "pwd", Dir: "/does/not/exist"},
		execCall{Command: "does-not-exist-anywhere"},
		execCall{Command: "hello", Shell: "/bin/echo"},
		execCall{Command: "hello", Shell: "/does/not/exist"},
		execCall{File: "does-not-exist-anywhere"},
		execCall{File: "does-not-exist-anywhere", Args: []string{"a", "b c"}},
		execCall{File: plain},
		execCall{File: "sh", Args: []string{"-c", "exit 42"}},
		execCall{File: "echo", Args: []string{"a  b", "$HOME", ";"}},
		execCall{File: "echo", Args: []string{"a  b", ";", "exit", "9"}, Shell: "/bin/sh"},
	)
	for _, code := range []int{0, 1, 3, 126, 127, 128, 143, 255} {
		add(execCall{Command: fmt.Sprintf("echo text; exit %d", code)})
	}
	for _, s := range []string{"TERM", "KILL", "HUP", "USR1"} {
		add(execCall{Command: "echo text; kill -" + s + " $$"})
	}
	for _, to := range []string{"", " >&2"} {
		for _, size := range []int{mib, mib + 1, 3 * mib} {
			command := fmt.Sprintf("head -c %d /dev/zero%s", size, to)
			add(execCall{Command: command}, execCall{Command: command, MaxBuffer: -1}, execCall{Command: command, MaxBuffer: 100000})
		}
		for _, most := range []int{1, 2, 3, 5, 10, 12, 13} {
			add(execCall{Command: chinese + to, MaxBuffer: most})
			add(execCall{File: "/bin/sh", Args: []string{"-c", chinese + to}, MaxBuffer: most})
		}
		for _, most := range []int{1, 5, 10, 11, 12} {
			add(execCall{Command: "printf 'hello world'" + to, MaxBuffer: most})
		}
		add(execCall{Command: "printf 'hello world'" + to + "; " + forever, MaxBuffer: 5})
		add(execCall{Command: "printf 'hello world'" + to + "; exit 3", MaxBuffer: 11})
	}
	add(
		execCall{Command: "printf 12345; printf 1234567 >&2", MaxBuffer: 7}, // Each has its own limit.
		execCall{Command: forever, Timeout: 50},
		execCall{Command: forever, Timeout: 50, KillSignal: "SIGKILL"},
		execCall{Command: forever, Timeout: 50, KillSignal: "SIGINT"},
		execCall{File: "sleep", Args: []string{"1000"}, Timeout: 50},
		execCall{Command: "echo text", Timeout: 1 << 30},
		execCall{Command: "exit 3", Timeout: 1 << 30},
		execCall{Command: "echo text; " + forever, Timeout: 2000},
		// The time-out comes after the exit.
		execCall{Command: "echo text; sleep 5 & exit 3", Timeout: 2000},
		// Not Command: the group would end, too, and a shell that reports the end of its sleep
		// would get SIGPIPE.
		execCall{File: "/bin/sh", Args: []string{"-c", "trap 'exit 4' TERM; while :; do sleep 0.01; done"}, Timeout: 2000},
		execCall{Command: forever, Abort: "before"},
		execCall{File: "does-not-exist-anywhere", Abort: "before"},
		execCall{Command: "echo text; " + forever, Abort: "output"},
		execCall{File: "/bin/sh", Args: []string{"-c", "echo text; " + forever}, Abort: "output"},
	)

	given, err := json.Marshal(calls)
	require.NoError(t, err)
	cmd := exec.Command(node, "-e", askNode, string(given))
	var said, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complaint
	require.NoError(t, cmd.Start())

	l := newLoop(t)
	ours := make([]*execResult, len(calls))
	for i, call := range calls {
		ours[i] = call.ask(t, l)
	}
	runErr := l.Run()
	require.NoError(t, cmd.Wait(), "%s", &complaint)
	require.NoError(t, runErr)

	var theirs []execResult
	require.NoError(t, json.Unmarshal(said.Bytes(), &theirs), "%s", &said)
	require.Len(t, theirs, len(calls))
	for i, call := range calls {
		require.Equal(t, theirs[i], *ours[i], "%+v", call)
	}
}
