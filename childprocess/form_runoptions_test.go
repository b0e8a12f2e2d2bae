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
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/streams"
)

// runForms are the forms for goroutines. Each returns the child's stdout, if it has it.
var runForms = map[string]func(context.Context, *childprocess.RunOptions, string, ...string) (string, error){
	"OutputWith": func(ctx context.Context, o *childprocess.RunOptions, file string, args ...string) (string, error) {
		out, err := childprocess.OutputWith(ctx, o, file, args...)
		return string(out), err
	},
	"RunWith": func(ctx context.Context, o *childprocess.RunOptions, file string, args ...string) (string, error) {
		return "", childprocess.RunWith(ctx, o, file, args...)
	},
	"LinesWith": func(ctx context.Context, o *childprocess.RunOptions, file string, args ...string) (string, error) {
		got := collectLines(childprocess.LinesWith(ctx, o, file, args...))
		return strings.Join(got.lines, "\n"), got.err
	},
}

func TestTheFormsForGoroutinesHonourTheOptionsOfAChild(t *testing.T) {
	noNewFDs(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	file := filepath.Join(dir, "out")
	for name, call := range runForms {
		t.Run(name, func(t *testing.T) {
			// RunWith returns no output, so the child writes it to a file.
			require.NoError(t, os.WriteFile(file, nil, 0o600))
			o := &childprocess.RunOptions{Options: childprocess.Options{
				Dir: dir, Env: []string{"A=b", "PATH=/bin:/usr/bin"}, Shell: shell, Argv0: "name",
			}}
			_, err := call(t.Context(), o, `{ pwd; echo "$A"; echo "$0"; } >out; echo text; [ ! -t 0 ] &&`, "cat")
			require.NoError(t, err)
			got, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, dir+"\nb\nname\n", string(got))
			require.Nil(t, o.Stdio, "the options are not changed")
			require.Nil(t, o.Context)

			o = &childprocess.RunOptions{Options: childprocess.Options{
				Timeout: 100 * time.Millisecond, KillSignal: syscall.SIGINT,
			}}
			_, err = call(t.Context(), o, "sleep", "1000")
			failed, ok := errors.AsType[*childprocess.ExitError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, childprocess.ErrTimeout, failed.Err)
			require.Equal(t, syscall.SIGINT, failed.Status.Signal)
			require.True(t, failed.Killed)

			o = &childprocess.RunOptions{Options: childprocess.Options{Timeout: 100 * time.Millisecond, KillGrace: time.Millisecond}}
			_, err = call(t.Context(), o, shell, "-c", "trap '' TERM; while :; do sleep 0.01; done")
			failed, ok = errors.AsType[*childprocess.ExitError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, syscall.SIGKILL, failed.Status.Signal)
			require.True(t, failed.Status.Forced)

			// A time-out and a grace that have not passed leave nothing behind.
			o = &childprocess.RunOptions{Options: childprocess.Options{Timeout: time.Hour, KillGrace: time.Hour, CloseGrace: time.Hour}}
			_, err = call(t.Context(), o, "true")
			require.NoError(t, err)
		})
	}
}

func TestTheSlotsOfTheFormsForGoroutines(t *testing.T) {
	noNewFDs(t)
	for name, call := range runForms {
		t.Run(name, func(t *testing.T) {
			out, err := os.Create(filepath.Join(t.TempDir(), "out"))
			require.NoError(t, err)
			in, err := os.Open(writeFile(t, filepath.Join(t.TempDir(), "in"), "a line\n", 0o600))
			require.NoError(t, err)
			r, w, err := os.Pipe()
			require.NoError(t, err)
			defer r.Close()
			stdio := []childprocess.Stdio{
				childprocess.File(in).Owned(), {}, childprocess.File(out), childprocess.File(w).Owned(), childprocess.Ignore,
			}
			if name == "RunWith" {
				stdio[1] = childprocess.File(out)
			}
			o := &childprocess.RunOptions{Options: childprocess.Options{Stdio: stdio}}
			_, err = call(t.Context(), o, shell, "-c", "read line; echo \"$line\" >&3; echo stdout; echo stderr >&2; exit 5")
			failed, ok := errors.AsType[*childprocess.ExitError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, 5, failed.Status.Code)
			require.Empty(t, failed.Stderr, "it went elsewhere")
			require.ErrorIs(t, in.Close(), os.ErrClosed)
			got, err := io.ReadAll(r) // To the end: our copy is closed.
			require.NoError(t, err)
			require.Equal(t, "a line\n", string(got))
			written, err := os.ReadFile(out.Name())
			require.NoError(t, err)
			if name == "RunWith" {
				require.Equal(t, "stdout\nstderr\n", string(written))
			} else {
				require.Equal(t, "stderr\n", string(written))
			}
			require.NoError(t, out.Close())
		})
	}
}

func TestLinesWithHasTheStreamOptions(t *testing.T) {
	noNewFDs(t)
	o := &childprocess.RunOptions{Options: childprocess.Options{LineEnd: streams.NUL, MaxLine: 8, HighWaterMark: 3}}
	got := collectLines(childprocess.LinesWith(t.Context(), o, shell, "-c", `printf 'a\nb\0c\0last'`))
	require.Equal(t, ranged{lines: []string{"a\nb", "c", "last"}}, got)
	got = collectLines(childprocess.LinesWith(t.Context(), o, shell, "-c", `printf 'a\0far too long'; exec cat /dev/zero`))
	require.Equal(t, []string{"a"}, got.lines)
	require.ErrorIs(t, got.err, streams.ErrLineTooLong)
	o = &childprocess.RunOptions{Options: childprocess.Options{LineEnd: streams.CarriageReturn}}
	got = collectLines(childprocess.LinesWith(t.Context(), o, shell, "-c", `printf '1%%\r2%%\rdone\n'`))
	require.Equal(t, ranged{lines: []string{"1%", "2%", "done"}}, got)
}

func TestOutputWithHasALimit(t *testing.T) {
	noNewFDs(t)
	for _, row := range []struct {
		max, count int
		err        error
	}{{1000, 1000, nil}, {1000, 1001, childprocess.ErrMaxBuffer}, {-1, 3_000_000, nil}, {0, 3_000_000, nil}} {
		script := `exec head -c "$0" /dev/zero`
		out, err := childprocess.OutputWith(t.Context(), &childprocess.RunOptions{MaxBuffer: row.max}, shell, "-c", script, number(syscall.Errno(row.count)))
		require.Len(t, out, row.count, "all that was read is returned")
		if row.err == nil {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, row.err)
	}
}

func TestTheFormsForGoroutinesRefuseWhatTheyCannotHonour(t *testing.T) {
	noNewFDs(t)
	type mistake struct {
		o    childprocess.RunOptions
		name string
	}
	always := []mistake{
		{childprocess.RunOptions{Options: childprocess.Options{Context: t.Context()}}, "Context"},
		{childprocess.RunOptions{Options: childprocess.Options{Async: true}}, "Async"},
		{childprocess.RunOptions{Options: childprocess.Options{StopEvents: true}}, "StopEvents"},
		{childprocess.RunOptions{Options: childprocess.Options{Encoding: streams.Latin1}}, "Encoding"},
		{childprocess.RunOptions{Options: childprocess.Options{Serialization: ipc.Advanced}}, "Serialization"},
		{childprocess.RunOptions{Options: childprocess.Options{MaxMessage: 1}}, "MaxMessage"},
		{childprocess.RunOptions{Options: childprocess.Options{MaxQueue: 1}}, "MaxQueue"},
		{childprocess.RunOptions{Options: childprocess.Options{Timeout: -1}}, "Timeout"},
		{childprocess.RunOptions{Options: childprocess.Options{KillGrace: -1}}, "KillGrace"},
		{childprocess.RunOptions{Options: childprocess.Options{Env: []string{"\x00"}}}, "Env[0]"},
		{childprocess.RunOptions{Input: (*os.File)(nil)}, "Input"},
		{childprocess.RunOptions{Input: (*bytes.Buffer)(nil)}, "Input"},
		{childprocess.RunOptions{Input: strings.NewReader(""), Options: stdioOf(childprocess.Ignore)}, "Stdio[0]"},
		{childprocess.RunOptions{Input: strings.NewReader(""), Options: stdioOf(childprocess.Inherit)}, "Stdio[0]"},
		{childprocess.RunOptions{Options: stdioOf(childprocess.IPC)}, "Stdio[0]"},
		{childprocess.RunOptions{Options: stdioOf(childprocess.Pipe, childprocess.Stdio{}, childprocess.FD(-1))}, "Stdio[2]"},
		{childprocess.RunOptions{Options: stdioOf(childprocess.Stdio{}, childprocess.Stdio{}, childprocess.Stdio{}, childprocess.Pipe)}, "Stdio[3]"},
		{childprocess.RunOptions{Options: stdioOf(childprocess.Stdio{}, childprocess.Stdio{}, childprocess.Stdio{}, childprocess.IPC)}, "Stdio[3]"},
		{childprocess.RunOptions{Options: stdioOf(childprocess.Stdio{}, childprocess.Stdio{}, childprocess.Stream(neverAsked{}))}, "Stdio[2]"},
	}
	special := map[string][]mistake{
		"OutputWith": {
			{childprocess.RunOptions{Options: childprocess.Options{LineEnd: streams.NUL}}, "LineEnd"},
			{childprocess.RunOptions{Options: childprocess.Options{MaxLine: 1}}, "MaxLine"},
			{childprocess.RunOptions{Options: childprocess.Options{HighWaterMark: 1}}, "HighWaterMark"},
			{childprocess.RunOptions{Options: stdioOf(childprocess.Stdio{}, childprocess.Inherit)}, "Stdio[1]"},
		},
		"RunWith": {
			{childprocess.RunOptions{Options: childprocess.Options{LineEnd: streams.NUL}}, "LineEnd"},
			{childprocess.RunOptions{Options: stdioOf(childprocess.Stdio{}, childprocess.Pipe)}, "Stdio[1]"},
			{childprocess.RunOptions{MaxBuffer: 1}, "MaxBuffer"},
			{childprocess.RunOptions{MaxBuffer: -1}, "MaxBuffer"},
		},
		"LinesWith": {
			{childprocess.RunOptions{MaxBuffer: 1}, "MaxBuffer"},
			{childprocess.RunOptions{Options: stdioOf(childprocess.Stdio{}, childprocess.Ignore)}, "Stdio[1]"},
			{childprocess.RunOptions{Options: childprocess.Options{LineEnd: 77}}, "LineEnd"},
			{childprocess.RunOptions{Options: childprocess.Options{HighWaterMark: -1}}, "HighWaterMark"},
		},
	}
	for form, call := range runForms {
		for _, m := range append(always, special[form]...) {
			_, err := call(t.Context(), &m.o, "true")
			wrong, ok := err.(*childprocess.ArgumentError)
			require.True(t, ok, "%s with %s: %v", form, m.name, err)
			require.Equal(t, m.name, wrong.Name, form)
		}
		var none context.Context
		_, err := call(none, nil, "true")
		require.Equal(t, &childprocess.ArgumentError{Op: "spawn", Name: "ctx", Reason: "is nil"}, err)
	}
}

func stdioOf(slots ...childprocess.Stdio) childprocess.Options {
	return childprocess.Options{Stdio: slots}
}

// neverAsked is a stream that must not be used on this goroutine.
type neverAsked struct{}

func (neverAsked) FD() int { panic("asked") }

// After every call, a descriptor that was Owned is closed.
func TestTheFormsForGoroutinesCloseWhatIsOwned(t *testing.T) {
	noNewFDs(t)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for form, call := range runForms {
		for name, row := range map[string]struct {
			ctx  context.Context
			file string
			o    childprocess.Options
		}{
			"a mistake":          {t.Context(), "true", childprocess.Options{Async: true}},
			"another mistake":    {t.Context(), "", childprocess.Options{}},
			"a context":          {done, "true", childprocess.Options{}},
			"no such program":    {t.Context(), "/no/such", childprocess.Options{}},
			"no such descriptor": {t.Context(), "true", stdioOf(childprocess.Stdio{}, childprocess.Stdio{}, childprocess.FD(1<<14))},
			"success":            {t.Context(), "true", childprocess.Options{}},
		} {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			row.o.Stdio = append(append([]childprocess.Stdio{}, row.o.Stdio...), make([]childprocess.Stdio, 3-len(row.o.Stdio))...)
			row.o.Stdio = append(row.o.Stdio, childprocess.File(w).Owned())
			_, err = call(row.ctx, &childprocess.RunOptions{Options: row.o}, row.file)
			require.Equal(t, name == "success", err == nil, "%s, %s: %v", form, name, err)
			require.ErrorIs(t, w.Close(), os.ErrClosed, "%s, %s", form, name)
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Empty(t, got)
			require.NoError(t, r.Close())
		}
	}
}

// A mistake is reported before the context's error, and a call that starts nothing reads nothing.
func TestAContextThatIsDoneStartsNothingAndReadsNothing(t *testing.T) {
	noNewFDs(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errReason)
	for form, call := range runForms {
		in := strings.NewReader("text")
		_, err := call(ctx, &childprocess.RunOptions{Input: in}, "cat")
		require.Equal(t, &childprocess.AbortError{Op: "spawn", File: "cat", Err: context.Canceled, Cause: errReason}, err, form)
		require.Equal(t, 4, in.Len())
		_, err = call(ctx, nil, "")
		require.IsType(t, (*childprocess.ArgumentError)(nil), err, form)
		_, err = call(t.Context(), &childprocess.RunOptions{Input: in}, "/no/such")
		require.IsType(t, (*childprocess.SpawnError)(nil), err, form)
		require.Equal(t, 4, in.Len())
	}
}

// The context of the call kills the child like every limit, with the group that a shell gets for
// it.
func TestTheContextOfACallEndsWhatAShellHasStarted(t *testing.T) {
	noNewFDs(t)
	file, argv := helperproc.Command("wait")
	for form, call := range runForms {
		ctx, cancel := context.WithCancelCause(t.Context())
		r, w, err := os.Pipe()
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() { // It ends with the child.
			o := childprocess.Options{Shell: shell, Stdio: []childprocess.Stdio{3: childprocess.File(w).Owned()}}
			o.Stdio[0] = childprocess.Inherit
			_, err := call(ctx, &childprocess.RunOptions{Options: o}, "echo ready >&3; "+childprocess.Quote(file)+" "+childprocess.Quote(argv[0])+" </dev/zero; true")
			ended <- err
		}()
		ready := make([]byte, len("ready\n"))
		_, err = io.ReadFull(r, ready)
		require.NoError(t, err)
		cancel(errReason)
		require.ErrorIs(t, <-ended, errReason, form)
		_, err = r.Read(ready)
		require.Equal(t, io.EOF, err, "nobody has it any more")
		require.NoError(t, r.Close())
	}
}
