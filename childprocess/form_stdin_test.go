package childprocess_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/streams"
)

// inputForms run a helper program with an Input, by each form, and return its stdout and the error
// of the form.
var inputForms = map[string]func(t *testing.T, r io.Reader, name string, args ...string) (stdout []byte, err error){
	"Spawn": func(t *testing.T, r io.Reader, name string, args ...string) ([]byte, error) {
		return spawnWithInput(t, stdioOptions(childprocess.Input(r)), name, args...)
	},
	"Async": func(t *testing.T, r io.Reader, name string, args ...string) ([]byte, error) {
		o := stdioOptions(childprocess.Input(r))
		o.Async = true
		return spawnWithInput(t, o, name, args...)
	},
	"ExecFile": func(t *testing.T, r io.Reader, name string, args ...string) (stdout []byte, err error) {
		l := newLoop(t)
		file, argv := helperproc.Command(name, args...)
		o := execOptions(*stdioOptions(childprocess.Input(r)))
		o.MaxBuffer = -1
		calls := 0
		c, startErr := childprocess.ExecFile(l, file, argv, o, func(e error, out, _ []byte) {
			calls++
			stdout, err = out, e
		})
		require.NoError(t, startErr)
		require.Nil(t, c.Stdin)
		run(t, l)
		require.Equal(t, 1, calls)
		return stdout, err
	},
	"SpawnSync": func(t *testing.T, r io.Reader, name string, args ...string) ([]byte, error) {
		file, argv := helperproc.Command(name, args...)
		got := childprocess.SpawnSync(file, argv, &childprocess.SyncOptions{Options: *stdioOptions(childprocess.Input(r)), MaxBuffer: -1})
		return got.Stdout, got.Err
	},
	"OutputWith": func(t *testing.T, r io.Reader, name string, args ...string) ([]byte, error) {
		file, argv := helperproc.Command(name, args...)
		return childprocess.OutputWith(context.Background(), &childprocess.RunOptions{Options: *stdioOptions(childprocess.Input(r))}, file, argv...)
	},
}

func spawnWithInput(t *testing.T, o *childprocess.Options, name string, args ...string) ([]byte, error) {
	l := newLoop(t)
	c := startWith(t, l, o, name, args...)
	require.Nil(t, c.Stdin)
	require.Nil(t, c.Stdio[0].Writable)
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, 1, ev.count("exit"))
	require.Equal(t, 1, ev.count("close"))
	if ev.status.Cause != nil {
		return ev.data[1], ev.status.Cause
	}
	return ev.data[1], ev.err
}

func TestEveryFormFeedsItsChildAnInput(t *testing.T) {
	noNewFDs(t)
	text := inputText()
	file := writeFile(t, filepath.Join(t.TempDir(), "in"), string(text), 0o600)
	for form, runs := range inputForms {
		for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, len(text)} {
			p := text[:size]
			for source, in := range map[string]io.Reader{
				"bytes.Reader":   bytes.NewReader(p),
				"bytes.Buffer":   bytes.NewBuffer(bytes.Clone(p)),
				"strings.Reader": strings.NewReader(string(p)),
				"plain":          plain{bytes.NewReader(p)},
				"halves":         iotest.HalfReader(bytes.NewReader(p)),
			} {
				out, err := runs(t, in, "cat")
				require.NoError(t, err, "%s %s %d", form, source, size)
				require.True(t, bytes.Equal(p, out), "%s %s: %d bytes of %d", form, source, len(out), size)
				rest, err := io.ReadAll(in)
				require.NoError(t, err)
				require.Empty(t, rest, "%s %s", form, source)
			}
		}
		f := check(os.Open(file))
		out, err := runs(t, f, "take", "10")
		require.NoError(t, err, form)
		require.Equal(t, string(text[:10]), string(out), form)
		rest := check(io.ReadAll(f))
		require.True(t, bytes.Equal(text[10:], rest), "%s: what the child has not read can be read", form)
		require.NoError(t, f.Close())
	}
}

func TestAnInputThatAChildDoesNotReadIsEPIPEInEveryForm(t *testing.T) {
	noNewFDs(t)
	text := inputText()
	for form, runs := range inputForms {
		_, err := runs(t, bytes.NewReader(text), "take", "10")
		require.ErrorIs(t, err, syscall.EPIPE, form)
		failed, ok := errors.AsType[*streams.OpError](err)
		require.True(t, ok, form)
		require.Equal(t, "write", failed.Op)
		require.Positive(t, failed.FD)

		_, err = runs(t, strings.NewReader("short"), "exit", "0")
		require.NoError(t, err, "%s: a pipe takes that", form)
	}
}

func TestAnInputThatFailsEndsTheChildOfEveryForm(t *testing.T) {
	noNewFDs(t)
	for form, runs := range inputForms {
		in := io.MultiReader(strings.NewReader("before"), iotest.ErrReader(errInput))
		out, err := runs(t, in, "cat")
		failed, ok := errors.AsType[*childprocess.InputError](err)
		require.True(t, ok, "%s: %v", form, err)
		require.Equal(t, errInput, failed.Err, form)
		require.LessOrEqual(t, len(out), len("before"), form)
	}
}

func TestAnInputThatNeverComesHoldsUpNoForm(t *testing.T) {
	for form, runs := range inputForms {
		r, w := io.Pipe()
		_, err := runs(t, r, "exit", "0")
		require.NoError(t, err, form)
		require.NoError(t, w.Close()) // The goroutine ends with its Read.
	}
}

func TestNothingIsReadForAChildThatIsNotStarted(t *testing.T) {
	noNewFDs(t)
	for _, async := range []bool{false, true} {
		l := newLoop(t)
		in := bytes.NewBufferString("still here")
		o := stdioOptions(childprocess.Input(in))
		o.Async = async
		ev := events(spawn(t, l, "/nonexistent", nil, o))
		run(t, l)
		require.ErrorIs(t, ev.err, syscall.ENOENT)
		require.Nil(t, ev.c.Stdin)
		require.Equal(t, "still here", in.String())
	}
	r := childprocess.SpawnSync("/nonexistent", nil, &childprocess.SyncOptions{Options: *stdioOptions(childprocess.Input(plain{neverReads{t}}))})
	require.ErrorIs(t, r.Err, syscall.ENOENT)
}

// neverReads fails the test if it is read.
type neverReads struct{ t *testing.T }

func (n neverReads) Read([]byte) (int, error) {
	n.t.Error("it was read")
	return 0, io.EOF
}

func TestInvalidInputsAreRefused(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	var none *bytes.Buffer
	in := childprocess.Input(strings.NewReader("x"))
	for what, row := range map[string]struct {
		slots []childprocess.Stdio
		bad   string
	}{
		"nil":         {[]childprocess.Stdio{childprocess.Input(nil)}, "Stdio[0]"},
		"nil pointer": {[]childprocess.Stdio{childprocess.Input(none)}, "Stdio[0]"},
		"stdout":      {[]childprocess.Stdio{1: in}, "Stdio[1]"},
		"above":       {[]childprocess.Stdio{4: in}, "Stdio[4]"},
		"all":         {childprocess.AllStdio(in), "Stdio[1]"},
	} {
		refused := func(err error, form string) {
			bad, ok := errors.AsType[*childprocess.ArgumentError](err)
			require.True(t, ok, "%s, %s: %v", what, form, err)
			require.Equal(t, row.bad, bad.Name, "%s, %s", what, form)
		}
		_, err := childprocess.Spawn(l, "true", nil, stdioOptions(row.slots...))
		refused(err, "Spawn")
		_, err = childprocess.ExecFile(l, "true", nil, execOptions(*stdioOptions(row.slots...)), nil)
		refused(err, "ExecFile")
		refused(childprocess.SpawnSync("true", nil, &childprocess.SyncOptions{Options: *stdioOptions(row.slots...)}).Err, "SpawnSync")
		refused(childprocess.RunWith(t.Context(), &childprocess.RunOptions{Options: *stdioOptions(row.slots...)}, "true"), "RunWith")
	}
	both := childprocess.SyncOptions{Options: *stdioOptions(in), Input: []byte("y")}
	require.ErrorIs(t, childprocess.SpawnSync("true", nil, &both).Err, syscall.EINVAL)
	twice := childprocess.RunOptions{Options: *stdioOptions(in), Input: strings.NewReader("y")}
	require.ErrorIs(t, childprocess.RunWith(t.Context(), &twice, "true"), syscall.EINVAL)
}

func TestALoopThatIsClosedLetsGoOfTheInput(t *testing.T) {
	l := newLoop(t)
	in := &countingReader{}
	c := startWith(t, l, stdioOptions(childprocess.Input(in), childprocess.Ignore, childprocess.Ignore), "wait")
	c.OnSpawn(func() { l.Stop() })
	run(t, l)
	require.NoError(t, l.Close())
	c.Terminate(0)
	awaitNoSurvivor(t)
}

// countingReader never ends.
type countingReader struct{ n int }

func (r *countingReader) Read(p []byte) (int, error) {
	r.n += len(p)
	return len(p), nil
}
