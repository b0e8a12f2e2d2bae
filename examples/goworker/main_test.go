package main

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/looptest"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// node returns a node with args, in place of the program, which it is to start.
func node(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path := looptest.NodePath(t)
	cmd := program.Command(t)
	cmd.Path, cmd.Args = path, append([]string{path}, args...)
	return cmd
}

// parent returns a node that starts the worker, with options for spawn, and runs script.
func parent(t *testing.T, options, script string) *exec.Cmd {
	t.Helper()
	return node(t, "-e", `const worker = require('node:child_process').spawn(`+strconv.Quote(program.Path(t))+`, {
		stdio: ['ignore', 'inherit', 'inherit', 'ipc'], `+options+`});`+script)
}

func TestTheParentThatIsDocumented(t *testing.T) {
	_, want := program.Recorded(t)
	require.Equal(t, program.Result{Stdout: want}, program.Run(t, node(t, "parent.js", program.Path(t))))
}

func TestBadQuestionsAreAnsweredInBothSerializations(t *testing.T) {
	const script = `
		const questions = [{ number: '1' + '0'.repeat(1000) }, { number: 7 }, 'seven', null, { number: '7' }];
		let left = questions.length;
		worker.on('message', (m) => {
			console.log(m.prime, 'error' in m);
			if (--left === 0) worker.disconnect();
		});
		worker.on('exit', (code) => console.log('exit', code));
		for (const q of questions) worker.send(q);`
	for _, serialization := range []string{"json", "advanced"} {
		t.Run(serialization, func(t *testing.T) {
			r := program.Run(t, parent(t, "serialization: '"+serialization+"'", script))
			want := strings.Repeat("false true\n", 4) + "true false\nexit 0\n"
			require.Equal(t, program.Result{Stdout: want}, r)
		})
	}
}

// The worker has the stdout of its parent, which ends when both are gone.
func TestTheWorkerEndsWithAParentThatIsKilled(t *testing.T) {
	cmd := parent(t, "", `
		worker.on('message', () => process.kill(process.pid, 'SIGKILL'));
		worker.send({ number: '7' });`)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	program.Start(t, cmd)
	require.NoError(t, stdout.(*os.File).SetReadDeadline(time.Now().Add(looptest.HangLimit())))
	rest, err := io.ReadAll(stdout)
	require.NoError(t, err)
	require.Empty(t, rest)
	require.ErrorAs(t, cmd.Wait(), new(*exec.ExitError))
	require.Equal(t, -1, cmd.ProcessState.ExitCode())
}

func TestWithoutAParent(t *testing.T) {
	require.Equal(t,
		program.Result{Stderr: "goworker: ipc: no channel from a parent\n", Code: 1},
		program.Run(t, program.Command(t)))
}
