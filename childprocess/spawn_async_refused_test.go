package childprocess_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// For every reason, an Async child emits the error that Spawn returns or emits for the same call.
func TestEveryRefusalOfAnAsyncChildIsItsErrorEvent(t *testing.T) {
	dir := t.TempDir()
	denied := writeFile(t, filepath.Join(dir, "denied"), "#!/bin/sh\n", 0o644)
	noFormat := writeFile(t, filepath.Join(dir, "format"), "\x00\x01", 0o755)
	noInterpreter := writeFile(t, filepath.Join(dir, "interpreter"), "#!/no/such\n", 0o755)
	for name, c := range map[string]struct {
		file  string
		args  []string
		o     childprocess.Options
		errno syscall.Errno
	}{
		"no such program":      {"/no/such", nil, childprocess.Options{}, syscall.ENOENT},
		"not on PATH":          {"brood-no-such-program", nil, childprocess.Options{}, syscall.ENOENT},
		"not executable":       {denied, nil, childprocess.Options{}, syscall.EACCES},
		"a directory":          {dir, nil, childprocess.Options{}, syscall.EACCES},
		"no format":            {noFormat, nil, childprocess.Options{}, syscall.ENOEXEC},
		"no interpreter":       {noInterpreter, nil, childprocess.Options{}, syscall.ENOENT},
		"no such directory":    {"true", nil, childprocess.Options{Dir: "/no/such"}, syscall.ENOENT},
		"a file for directory": {"true", nil, childprocess.Options{Dir: denied}, syscall.ENOTDIR},
		"a long argument":      {"true", []string{strings.Repeat("x", 3<<20)}, childprocess.Options{}, syscall.E2BIG},
		"a closed descriptor":  {"true", nil, childprocess.Options{Stdio: []childprocess.Stdio{4: childprocess.FD(1 << 29)}}, syscall.EBADF},
		"no group":             {"true", nil, childprocess.Options{Setpgid: true, Pgid: 1}, syscall.EPERM},
	} {
		t.Run(name, func(t *testing.T) {
			noNewFDs(t)
			l := newLoop(t)
			p, want := childprocess.Spawn(l, c.file, c.args, &c.o)
			if want == nil {
				ev := events(p)
				run(t, l)
				want = ev.err
			}
			c.o.Async = true
			p = spawn(t, l, c.file, c.args, &c.o)
			ev := events(p)
			_, ended := p.Status()
			require.False(t, ended, "it is told by the event")
			run(t, l)
			require.Equal(t, want, ev.err)
			require.ErrorIs(t, ev.err, c.errno)
			require.IsType(t, (*childprocess.SpawnError)(nil), ev.err)
			require.Equal(t, []string{"error " + unix.ErrnoName(c.errno), "close -" + number(c.errno)}, ev.process())
			require.Zero(t, p.Pid())
			for i, s := range p.Stdio {
				switch {
				case s.Readable == nil:
				case c.errno == syscall.EBADF: // The streams were closed from the start.
					require.Less(t, ev.index("error"), ev.index(slotName(i)+" close"), "%q", ev.Entries)
				default:
					require.Less(t, ev.index("error"), ev.index(slotName(i)+" end"), "%q", ev.Entries)
					require.Less(t, ev.index(slotName(i)+" end"), ev.index("close"), "%q", ev.Entries)
				}
			}
			_, err := p.Wait(t.Context())
			require.Equal(t, want, err)
			requireNoChildren(t)
		})
	}
}

func number(errno syscall.Errno) string { return statusText(childprocess.ExitStatus{Code: int(errno)}) }

func TestRefusedInputOfAnAsyncChildHoldsNothingUp(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "/no/such", nil, async())
	ev := events(c)
	_, err := c.Stdin.Write(make([]byte, 1<<20)) // More than the pipe takes.
	require.NoError(t, err)
	c.Stdin.End()
	run(t, l)
	require.Equal(t, []string{"error ENOENT", "close -2"}, ev.process())
	require.Equal(t, 1, ev.count("stdin close"))
}

func TestTheMistakesInAnAsyncCallAreReturned(t *testing.T) {
	l := newLoop(t)
	for _, o := range []childprocess.Options{{Async: true, Timeout: -1}, {Async: true, Dir: "\x00"}, {Async: true, Pgid: 1}} {
		_, err := childprocess.Spawn(l, "true", nil, &o)
		require.IsType(t, (*childprocess.ArgumentError)(nil), err)
	}
	run(t, l)
}

func TestTheFormsWithoutALoopRefuseAsync(t *testing.T) {
	noNewFDs(t)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	o := &childprocess.SyncOptions{Options: *async()}
	o.Stdio = []childprocess.Stdio{0: childprocess.File(w).Owned()}
	for i := range 2 {
		got := childprocess.SpawnSync("true", nil, o)
		want := &childprocess.ArgumentError{Op: "spawnSync", Name: "Async", Reason: "is for a child with listeners"}
		require.Equal(t, want, got.Err)
		_, err := childprocess.ExecFileSync("true", nil, &childprocess.SyncOptions{Options: *async()})
		require.Equal(t, want, err)
		_, err = childprocess.ExecSync("true", &childprocess.SyncOptions{Options: *async()})
		require.Equal(t, want, err)
		if i == 0 {
			_, err := w.Write([]byte{0})
			require.ErrorIs(t, err, os.ErrClosed, "what was handed over is given up")
		}
	}
}

func TestLimitsEndAnAsyncChild(t *testing.T) {
	const stubborn = "trap '' TERM; echo ready; while :; do sleep 1000 & wait; done"
	t.Run("Timeout", func(t *testing.T) {
		l := newLoop(t)
		o := async()
		o.Timeout = time.Millisecond
		ev := events(spawn(t, l, shell, []string{"-c", "exec sleep 1000"}, o))
		run(t, l)
		require.Equal(t, []string{"spawn", "exit SIGTERM", "close SIGTERM"}, ev.process())
		require.Equal(t, childprocess.ErrTimeout, ev.status.Cause)
	})
	t.Run("KillGrace, of a group", func(t *testing.T) {
		l := newLoop(t)
		ctx, cancel := contextWithCancel(t)
		o := async()
		o.Context, o.KillGrace, o.Shell = ctx, time.Millisecond, childprocess.DefaultShell
		c := spawn(t, l, stubborn, nil, o)
		ev := events(c)
		whenReady(c, cancel)
		run(t, l)
		require.Equal(t, "spawn", ev.Entries[0])
		require.Equal(t, syscall.SIGKILL, ev.status.Signal)
		require.True(t, ev.status.Forced)
		require.ErrorIs(t, ev.status.Cause, errReason)
	})
	t.Run("Context that has ended before", func(t *testing.T) {
		l := newLoop(t)
		ctx, cancel := contextWithCancel(t)
		cancel()
		o := async()
		o.Context = ctx
		ev := events(spawn(t, l, "/bin/cat", nil, o))
		run(t, l)
		require.Equal(t, "spawn", ev.Entries[0])
		require.Equal(t, []string{"exit SIGTERM", "close SIGTERM"}, ev.process()[2:])
		require.ErrorIs(t, ev.err, errReason)
	})
	t.Run("CloseGrace", func(t *testing.T) {
		l := newLoop(t)
		o := async()
		o.CloseGrace = 100 * time.Millisecond
		ev := events(spawn(t, l, shell, []string{"-c", leavesGrandchild}, o)).reading()
		run(t, l)
		killGrandchild(t, string(ev.data[1]))
		require.True(t, ev.status.CutOff)
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	})
}

func TestExecOfAnAsyncChild(t *testing.T) {
	l := newLoop(t)
	got := runToDone(t, l, callExec(t, l, "echo out; echo err >&2", execOptions(*async())))
	require.NoError(t, got.err)
	require.Equal(t, "out\n", got.stdout)
	require.Equal(t, "err\n", got.stderr)

	got = runToDone(t, l, callExecFile(t, l, "/bin/sh", []string{"-c", "echo out; exit 3"}, execOptions(*async())))
	require.Equal(t, 3, got.exit(t).Status.Code)

	got = runToDone(t, l, callExecFile(t, l, "/no/such", nil, execOptions(*async())))
	_, ok := errors.AsType[*childprocess.SpawnError](got.err)
	require.True(t, ok, "%v", got.err)
	require.ErrorIs(t, got.err, syscall.ENOENT)

	o := execOptions(*async())
	o.MaxBuffer = 3
	got = runToDone(t, l, callExec(t, l, "echo out; exec sleep 1000", o))
	require.ErrorIs(t, got.err, childprocess.ErrMaxBuffer)
	require.Equal(t, "out", got.stdout)

	o = execOptions(*async())
	o.Timeout = time.Millisecond
	got = runToDone(t, l, callExec(t, l, "sleep 1000; true", o)) // Its group is killed.
	require.ErrorIs(t, got.err, childprocess.ErrTimeout)
}
