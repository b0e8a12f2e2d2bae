package host_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
)

// scriptCommand returns a process that runs a script.
func scriptCommand(t *testing.T, source string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	program, args := helperproc.Command("script", source)
	return exec.CommandContext(ctx, program, args...)
}

func TestNothingThatWasWrittenIsLostAtTheExit(t *testing.T) {
	const n = 8 << 20
	source := `process.stdout.write('x'.repeat(8 << 20)); process.exit(3);`
	cmd := scriptCommand(t, source)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	// The script has begun, and the pipe is too small for all output.
	_, err = io.ReadFull(out, make([]byte, 1))
	require.NoError(t, err)
	got, err := io.ReadAll(out)
	require.NoError(t, err)
	require.Error(t, cmd.Wait())
	require.Equal(t, 3, cmd.ProcessState.ExitCode())
	require.Len(t, got, n-1)

	path := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(path)
	require.NoError(t, err)
	cmd = scriptCommand(t, source)
	cmd.Stdout = file
	require.Error(t, cmd.Run())
	require.NoError(t, file.Close())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, n, info.Size())
}

func TestStdinIsReadFromPipesAndFiles(t *testing.T) {
	source := `let n = 0; process.stdin.on('data', (chunk) => { n += chunk.length; }).on('end', () => console.log('end', n));`
	path := filepath.Join(t.TempDir(), "in")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("y"), 1<<20), 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	for name, in := range map[string]io.Reader{"pipe": strings.NewReader(strings.Repeat("y", 1<<20)), "file": file} {
		cmd := scriptCommand(t, source)
		cmd.Stdin = in
		got, err := cmd.Output()
		require.NoError(t, err, name)
		require.Equal(t, "end 1048576\n", string(got), name)
	}
}

func TestAPausedStdinDoesNotHoldTheScript(t *testing.T) {
	for _, source := range []string{
		`process.stdin.resume(); process.stdin.pause();`, `process.stdin.on('data', () => {}).unref();`, `process.stdin;`,
		`process.stdin.on('data', () => {}); setImmediate(() => process.stdin.pause());`,
	} {
		cmd := scriptCommand(t, source)
		in, err := cmd.StdinPipe() // Stays open.
		require.NoError(t, err)
		require.NoError(t, cmd.Run(), source)
		_ = in.Close()
	}
}

func TestOutputWhoseReaderIsGoneIsAnError(t *testing.T) {
	cmd := scriptCommand(t, `
		process.stdout.on('error', (e) => { console.error(e.message, e.code); process.exit(4); });
		(function write() { process.stdout.write('x'); setImmediate(write); })();`)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	require.NoError(t, out.Close())
	require.Error(t, cmd.Wait())
	require.Equal(t, "write EPIPE EPIPE\n", stderr.String())
	require.Equal(t, 4, cmd.ProcessState.ExitCode())
}

func TestColorsAreTheEnvironments(t *testing.T) {
	require.Equal(t, []string{"1 4 8 24 24 1 false"}, printed(t, `
		const { getColorDepth } = require('tty').WriteStream.prototype;
		const depths = [{}, { TERM: 'xterm' }, { TERM: 'xterm-256color' }, { COLORTERM: 'truecolor' }, { FORCE_COLOR: '3' }, { TERM: 'xterm', NO_COLOR: '1' }];
		console.log(...depths.map((env) => getColorDepth(env)), require('tty').isatty(99));`))
}
