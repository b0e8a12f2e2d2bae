package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
)

// asCommand is the variable that makes this test binary the command.
const asCommand = "BROOD_TEST_FLEET_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(leakcheck.Main(m))
}

// command returns the command with the arguments.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	file, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(file, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.Stderr = os.Stderr
	return cmd
}

// run runs the command until it exits.
func run(t testing.TB, in string, args ...string) (out string, code int) {
	t.Helper()
	cmd := command(t, args...)
	cmd.Stdin = strings.NewReader(in)
	text, _ := cmd.Output() // The code tells.
	return string(text), cmd.ProcessState.ExitCode()
}

// A daemon is a command that runs until it gets a signal.
type daemon struct {
	t   testing.TB
	cmd *exec.Cmd
	out io.Reader
}

// start starts a command and returns the last word of its first line.
func start(t testing.TB, args ...string) (d *daemon, last string) {
	t.Helper()
	d = &daemon{t: t, cmd: command(t, args...)}
	out, err := d.cmd.StdoutPipe()
	require.NoError(t, err)
	d.out = out
	require.NoError(t, d.cmd.Start())
	t.Cleanup(func() {
		if d.cmd.ProcessState == nil {
			_ = d.cmd.Process.Kill() // It may have exited.
			_ = d.cmd.Wait()         // It was killed, so the error says nothing.
		}
	})
	var line []byte
	for !bytes.HasSuffix(line, []byte("\n")) {
		b := make([]byte, 1)
		_, err := d.out.Read(b)
		require.NoError(t, err, "%v: %s", args, line)
		line = append(line, b...)
	}
	words := strings.Fields(string(line))
	return d, words[len(words)-1]
}

// stop sends SIGTERM and returns the output since then.
func (d *daemon) stop() string {
	d.t.Helper()
	require.NoError(d.t, d.cmd.Process.Signal(syscall.SIGTERM))
	text, err := io.ReadAll(d.out)
	require.NoError(d.t, err)
	require.NoError(d.t, d.cmd.Wait())
	return string(text)
}

func TestAShellScriptIsTheWorker(t *testing.T) {
	server, url := start(t, "serve", "-dir", t.TempDir(), "-listen", "127.0.0.1:0", "-queue", "sums", "-ack-wait", "2s")
	t.Setenv("FLEET_URL", url)
	t.Setenv("FLEET_PASSWORD", "secret of nobody")
	script := filepath.Join(t.TempDir(), "worker")
	require.NoError(t, os.WriteFile(script, []byte(`#!/bin/sh
read -r job
case $job in
'"fail"') echo "cannot do $FLEET_JOB" >&2; exit 3 ;;
'"env"') env | grep -c 'FLEET_\(URL\|PASSWORD\)'; exit 0 ;;
'"hang"') exec sleep 1000 ;;
*) printf '{"got": %s, "queue": "%s", "attempt": %s}' "$job" "$FLEET_QUEUE" "$FLEET_ATTEMPT" ;;
esac
`), 0o700))
	agent, name := start(t, "agent", "-queue", "sums", "-n", "2", "-attempts", "2", "-agent", "one", "--", script)
	require.Equal(t, "one", name)

	out, code := run(t, "", "submit", "-queue", "sums", "-wait", "-id", "a", `{"x": 1}`)
	require.Zero(t, code, out)
	require.Equal(t, "a\t"+`{"got":{"x":1},"queue":"sums","attempt":1}`+"\n", strings.ReplaceAll(out, " ", ""))
	out, code = run(t, "1\n2\n3\n", "submit", "-queue", "sums", "-wait", "-")
	require.Zero(t, code, out)
	require.Equal(t, 3, strings.Count(out, `"got"`), out)
	out, code = run(t, "", "submit", "-queue", "sums", "-wait", "env")
	require.Zero(t, code, out)
	require.True(t, strings.HasSuffix(out, "\t0\n"), "grep finds none of them: %s", out)

	out, code = run(t, "", "submit", "-queue", "sums", "-wait", "-id", "f", "fail")
	require.Equal(t, exitJob, code, out)
	require.Contains(t, out, "exit status 3: cannot do default.f")
	out, code = run(t, "", "dead")
	require.Zero(t, code)
	require.Contains(t, out, "default.f\tsums\tfailed\tattempt 2\t")
	out, code = run(t, "", "dead", "-requeue", "f")
	require.Zero(t, code)
	require.Equal(t, "f\n", out)

	_, code = run(t, "", "submit", "-queue", "sums", "-id", "h", "hang")
	require.Zero(t, code)
	_, code = run(t, "", "cancel", "h", "enough")
	require.Zero(t, code)
	out, code = run(t, "", "status")
	require.Zero(t, code)
	require.Contains(t, out, "sums")
	require.Contains(t, out, "one")
	require.Contains(t, out, "healthy")

	_, code = run(t, "", "drain", "one")
	require.Zero(t, code)
	_, err := io.Copy(io.Discard, agent.out)
	require.NoError(t, err)
	require.NoError(t, agent.cmd.Wait())
	require.Empty(t, server.stop())
}

func TestAnAgentThatGetsASignalFinishesItsJobs(t *testing.T) {
	server, url := start(t, "serve", "-dir", t.TempDir(), "-listen", "127.0.0.1:0", "-queue", "q")
	t.Setenv("FLEET_URL", url)
	agent, _ := start(t, "agent", "-queue", "q", "-n", "1", "--", "cat")
	out, code := run(t, "", "submit", "-queue", "q", "-wait", "1")
	require.Zero(t, code, out)
	require.True(t, strings.HasSuffix(agent.stop(), ", given back: 0\n"))
	server.stop()
}

func TestLinesOfAProgramThatIsStartedOnce(t *testing.T) {
	_, url := start(t, "serve", "-dir", t.TempDir(), "-listen", "127.0.0.1:0", "-queue", "q")
	t.Setenv("FLEET_URL", url)
	script := `echo '{"ready":true}' >&3
n=0
while read -r line <&3; do
	id=${line#*'"id":'}
	n=$((n + 1))
	echo "{\"id\":${id%%,*},\"result\":$n}" >&3
done`
	agent, _ := start(t, "agent", "-queue", "q", "-n", "1", "-lines", "--", "sh", "-c", script)
	for _, want := range []string{"1", "2"} {
		out, code := run(t, "", "submit", "-queue", "q", "-wait", "-id", "j"+want, "x")
		require.Zero(t, code, out)
		require.Equal(t, "j"+want+"\t"+want+"\n", out)
	}
	agent.stop()
}

func TestWrongArgumentsAreReported(t *testing.T) {
	for _, args := range [][]string{
		{}, {"nosuch"}, {"serve"}, {"serve", "-dir", "x", "-listen", "x"}, {"serve", "-dir", "x", "-listen", "127.0.0.1:70000"}, {"agent"},
		{"agent", "-queue", "q"}, {"agent", "-queue", "q:0", "--", "cat"}, {"agent", "--", "cat"}, {"submit"}, {"submit", "-queue", "q"}, {"submit", "x"},
		{"submit", "-queue", "q", "-id", "a", "x", "y"}, {"cancel"}, {"dead", "x"}, {"dead", "-requeue"}, {"drain"}, {"status", "-nosuch"},
	} {
		p := &program{strings.NewReader(""), io.Discard, io.Discard, nil}
		var said bytes.Buffer
		p.err = &said
		require.Equal(t, exitUsage, p.run(args), "%q", args)
		if len(args) > 0 && args[0] != "nosuch" {
			require.Contains(t, said.String(), "usage: fleet "+args[0]+" ")
		}
		require.Contains(t, said.String(), "fleet ")
	}
	p := &program{strings.NewReader(""), io.Discard, io.Discard, nil}
	require.Equal(t, exitFailed, p.run([]string{"serve", "-dir", t.TempDir(), "-listen", "0.0.0.0:0"}), "without TLS")
	require.Equal(t, exitFailed, p.run([]string{"status", "-url", "nats://127.0.0.1:1"}))
}

func TestAWorkerThatCannotStartEndsItsAgent(t *testing.T) {
	_, url := start(t, "serve", "-dir", t.TempDir(), "-listen", "127.0.0.1:0", "-queue", "q")
	t.Setenv("FLEET_URL", url)
	for _, args := range [][]string{{"--", "/nosuch"}, {"-lines", "--", "/nosuch"}, {"-lines", "--", "false"}} {
		cmd := command(t, append([]string{"agent", "-queue", "q", "-n", "1"}, args...)...)
		var said bytes.Buffer
		cmd.Stderr = &said
		began := time.Now()
		require.Error(t, cmd.Run())
		require.Equal(t, exitFailed, cmd.ProcessState.ExitCode(), "%s: %s", args, said.String())
		require.Less(t, time.Since(began), 8*time.Second, args)
		require.NotContains(t, said.String(), "no answer")
	}
}
