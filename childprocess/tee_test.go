package childprocess_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/streams"
)

func init() {
	// flood writes the number of bytes in its argument to stdout; each shows its place.
	helperproc.Register("flood", func(args []string) { writeAll(1, floodText(check(strconv.Atoi(args[0])))) })
}

func floodText(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i % 251)
	}
	return p
}

// createPath is a Path of a file that may exist.
func createPath(name string) childprocess.Stdio {
	return childprocess.Path(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

func TestATeeGivesEveryTargetEverything(t *testing.T) {
	noNewFDs(t)
	dir := t.TempDir()
	const size = 300_000
	text := floodText(size)
	for kind, async := range map[string]bool{"at once": false, "async": true} {
		t.Run(kind, func(t *testing.T) {
			l := newLoop(t)
			file := check(os.Create(filepath.Join(dir, "file")))
			byFD := check(os.Create(filepath.Join(dir, "fd")))
			defer byFD.Close()
			sink := start(t, l, "cat")
			o := stdioOptions(childprocess.Ignore, childprocess.Tee(
				createPath(filepath.Join(dir, "path")), childprocess.Tee(childprocess.Pipe, childprocess.File(file).Owned()),
				childprocess.FD(int(byFD.Fd())), childprocess.Stream(sink.Stdin)))
			o.Async = async
			c := startWith(t, l, o, "flood", strconv.Itoa(size))
			require.ErrorIs(t, file.Close(), os.ErrClosed, "it was owned")
			ev, sunk := events(c).reading(), events(sink).reading()
			c.OnClose(func(childprocess.ExitStatus) {
				for _, name := range []string{"path", "file", "fd"} {
					require.True(t, bytes.Equal(text, check(os.ReadFile(filepath.Join(dir, name)))), name)
				}
				require.Zero(t, sink.Stdin.Buffered())
				require.False(t, sink.Stdin.Closed(), "it is borrowed")
				sink.Stdin.End()
			})
			run(t, l)
			require.NoError(t, ev.err)
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
			require.False(t, ev.status.CutOff)
			require.True(t, bytes.Equal(text, ev.data[1]), "the stream")
			require.True(t, bytes.Equal(text, sunk.data[1]), "the other child")
		})
	}
}

func TestATeeWithoutAPipeHasNoStream(t *testing.T) {
	noNewFDs(t)
	name := filepath.Join(t.TempDir(), "log")
	args, text := turnsOfSpeech(50)
	l := newLoop(t)
	c := startWith(t, l, stdioOptions(childprocess.Ignore, childprocess.Tee(createPath(name), childprocess.Path(os.DevNull, os.O_WRONLY, 0)), childprocess.SameAs(1)), "say", args...)
	require.Nil(t, c.Stdout)
	require.Nil(t, c.Stderr)
	require.Equal(t, make([]childprocess.StdioStream, 3), c.Stdio)
	ev := events(c)
	run(t, l)
	require.True(t, ev.status.Success(), "%v", ev.status)
	require.Equal(t, text, string(check(os.ReadFile(name))), "both descriptors, in order")
}

func TestStdoutAndStderrHaveTeesOfTheirOwn(t *testing.T) {
	noNewFDs(t)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	file := check(os.Create(path("both")))
	defer file.Close()
	l := newLoop(t)
	c := startWith(t, l, stdioOptions(childprocess.Ignore,
		childprocess.Tee(createPath(path("out")), childprocess.File(file)),
		childprocess.Tee(childprocess.File(file), childprocess.Pipe, createPath(path("err")))), "say", "1", "to stdout", "2", "to stderr")
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	require.Nil(t, c.Stdout)
	require.Equal(t, "to stderr", string(ev.data[2]))
	for name, text := range map[string]string{"out": "to stdout", "err": "to stderr"} {
		require.Equal(t, text, string(check(os.ReadFile(path(name)))))
	}
	require.Len(t, check(os.ReadFile(path("both"))), len("to stdoutto stderr"))
}

func TestTheFormsThatCollectHaveATee(t *testing.T) {
	noNewFDs(t)
	dir := t.TempDir()
	args, text := turnsOfSpeech(30)
	file, argv := helperproc.Command("say", args...)
	both := func(name string) childprocess.Options {
		return *stdioOptions(childprocess.Stdio{}, childprocess.Tee(childprocess.Pipe, createPath(filepath.Join(dir, name))), childprocess.SameAs(1))
	}
	written := func(name string) string { return string(check(os.ReadFile(filepath.Join(dir, name)))) }

	l := newLoop(t)
	calls := 0
	c, err := childprocess.ExecFile(l, file, argv, execOptions(both("exec")), func(err error, stdout, stderr []byte) {
		calls++
		require.NoError(t, err)
		require.Equal(t, text, string(stdout))
		require.Empty(t, stderr)
		require.Equal(t, text, written("exec"))
	})
	require.NoError(t, err)
	c.Stdin.End()
	run(t, l)
	require.Equal(t, 1, calls)

	r := childprocess.SpawnSync(file, argv, &childprocess.SyncOptions{Options: both("sync")})
	require.NoError(t, r.Err)
	require.Equal(t, text, string(r.Stdout))
	require.Equal(t, text, written("sync"))

	out, err := childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Options: both("output")}, file, argv...)
	require.NoError(t, err)
	require.Equal(t, text, string(out))
	require.Equal(t, text, written("output"))

	for line, err := range childprocess.LinesWith(t.Context(), &childprocess.RunOptions{Options: both("lines")}, file, argv...) {
		require.NoError(t, err)
		require.Equal(t, text, line)
	}
	require.Equal(t, text, written("lines"))

	o := &childprocess.RunOptions{Options: *stdioOptions(childprocess.Stdio{}, childprocess.Tee(createPath(filepath.Join(dir, "run"))), childprocess.SameAs(1))}
	require.NoError(t, childprocess.RunWith(t.Context(), o, file, argv...))
	require.Equal(t, text, written("run"))
}

// A failed target is reported once. The others get everything, and a form its output.
func TestATargetThatFailsCostsTheOthersNothing(t *testing.T) {
	noNewFDs(t)
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full: ", err)
	}
	const size = 300_000
	text := floodText(size)
	name := filepath.Join(t.TempDir(), "log")
	r, w := rawPipe(t)
	unix.Close(r)
	defer unix.Close(w)
	slots := []childprocess.Stdio{childprocess.Ignore, childprocess.Tee(
		childprocess.Path("/dev/full", os.O_WRONLY, 0), childprocess.Pipe, childprocess.FD(w), createPath(name))}
	l := newLoop(t)
	c := startWith(t, l, stdioOptions(slots...), "flood", strconv.Itoa(size))
	ev := events(c).reading()
	failed := map[int]error{}
	c.OnError(func(err error) {
		tee, ok := errors.AsType[*childprocess.TeeError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, 1, tee.Slot)
		require.NotContains(t, failed, tee.Target)
		failed[tee.Target] = tee.Err
	})
	run(t, l)
	require.Len(t, failed, 2)
	require.ErrorIs(t, failed[0], syscall.ENOSPC)
	require.ErrorIs(t, failed[2], syscall.EPIPE)
	require.True(t, ev.status.Success(), "%v", ev.status)
	require.True(t, bytes.Equal(text, ev.data[1]))
	require.True(t, bytes.Equal(text, check(os.ReadFile(name))))
	require.Equal(t, 1, ev.count("close"))
	require.Less(t, ev.index("error"), ev.index("close"))

	file, argv := helperproc.Command("flood", strconv.Itoa(size))
	out, err := childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Options: *stdioOptions(slots...)}, file, argv...)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.True(t, bytes.Equal(text, out))
	calls := 0
	check(childprocess.ExecFile(l, file, argv, execOptions(*stdioOptions(slots...)), func(err error, stdout, _ []byte) {
		calls++
		tee, ok := errors.AsType[*childprocess.TeeError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, 0, tee.Target)
		require.True(t, bytes.Equal(text, stdout))
	}))
	run(t, l)
	require.Equal(t, 1, calls)
}

func TestAChildWhoseTargetsHaveAllFailedGetsSIGPIPE(t *testing.T) {
	noNewFDs(t)
	r, w := rawPipe(t)
	unix.Close(r)
	defer unix.Close(w)
	l := newLoop(t)
	c := spawn(t, l, "/bin/cat", []string{"/dev/zero"}, stdioOptions(childprocess.Ignore, childprocess.Tee(childprocess.FD(w)), childprocess.Ignore))
	ev := events(c)
	run(t, l)
	require.Equal(t, []string{"spawn", "error EPIPE", "exit SIGPIPE", "close SIGPIPE"}, ev.Entries)
}

// fullPipe returns a pipe in blocking mode that is full, with held bytes, as if nothing read it.
func fullPipe(t *testing.T) (r, w, held int) {
	t.Helper()
	r, w = rawPipe(t)
	t.Cleanup(func() { unix.Close(r); unix.Close(w) })
	require.NoError(t, unix.SetNonblock(w, true))
	for block := make([]byte, 4096); ; {
		n, err := unix.Write(w, block)
		if err == syscall.EAGAIN {
			break
		}
		require.NoError(t, err)
		held += n
	}
	require.NoError(t, unix.SetNonblock(w, false))
	return r, w, held
}

func TestTheSlowestTargetSetsThePaceAndBlocksNobody(t *testing.T) {
	noNewFDs(t)
	const size = 4 << 20
	r, w, held := fullPipe(t)
	l := newLoop(t)
	c := startWith(t, l, stdioOptions(childprocess.Ignore, childprocess.Tee(childprocess.Pipe, childprocess.FD(w))), "flood", strconv.Itoa(size))
	ev := events(c).reading()
	// The stream stands still if it has read nothing for a whole second, in which a turn of the
	// loop each time shows that the loop runs.
	seen, still := -1, 0
	var look func()
	got := make(chan []byte, 1)
	look = func() {
		if n := len(ev.data[1]); n != seen {
			seen, still = n, 0
		} else {
			still++
		}
		if still < 20 {
			l.SetTimeout(10*time.Millisecond, look)
			return
		}
		require.Less(t, seen, 1<<20, "the child waits")
		_, ended := c.Status()
		require.False(t, ended)
		flags := check(unix.FcntlInt(uintptr(w), unix.F_GETFL, 0))
		require.Zero(t, flags&unix.O_NONBLOCK, "nobody's mode was changed")
		go func() { // It ends with the rest of the data.
			p := make([]byte, held+size)
			_, _ = io.ReadFull(fdReader(r), p)
			got <- p[held:]
		}()
	}
	l.SetTimeout(10*time.Millisecond, look)
	run(t, l)
	require.True(t, ev.status.Success(), "%v", ev.status)
	require.False(t, ev.status.CutOff)
	require.True(t, bytes.Equal(floodText(size), ev.data[1]))
	require.True(t, bytes.Equal(floodText(size), <-got))
}

type fdReader int

func (r fdReader) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(r), p)
		switch {
		case err == unix.EINTR:
			continue
		case n == 0 && err == nil:
			return 0, io.EOF
		}
		return max(n, 0), err
	}
}

func TestCloseDoesNotWaitForATargetBeyondCloseGrace(t *testing.T) {
	noNewFDs(t)
	_, w, _ := fullPipe(t)
	for _, size := range []int{1, 70_000} { // Some of it is in the child's pipe at its exit.
		for _, slot := range []childprocess.Stdio{childprocess.Tee(childprocess.FD(w)), childprocess.Tee(childprocess.FD(w), childprocess.Pipe)} {
			l := newLoop(t)
			o := stdioOptions(childprocess.Ignore, slot)
			o.CloseGrace = 20 * time.Millisecond
			c := startWith(t, l, o, "flood", strconv.Itoa(size))
			ev := events(c).reading()
			run(t, l)
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process(), size)
			require.True(t, ev.status.CutOff)
		}
	}
}

func TestALimitDoesNotWaitForATarget(t *testing.T) {
	noNewFDs(t)
	_, w, _ := fullPipe(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	file, argv := helperproc.Command("flood", "70000")
	o := &childprocess.RunOptions{Options: *stdioOptions(childprocess.Stdio{}, childprocess.Tee(childprocess.FD(w)))}
	require.ErrorIs(t, childprocess.RunWith(ctx, o, file, argv...), context.DeadlineExceeded)
	o.Timeout = 50 * time.Millisecond
	require.ErrorIs(t, childprocess.RunWith(t.Context(), o, file, argv...), childprocess.ErrTimeout)
	r := childprocess.SpawnSync(file, argv, &childprocess.SyncOptions{Options: o.Options})
	require.ErrorIs(t, r.Err, childprocess.ErrTimeout)
}

func TestAStreamThatIsClosedIsATargetThatFails(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	sink := start(t, l, "cat")
	c := startWith(t, l, stdioOptions(childprocess.Ignore, childprocess.Tee(childprocess.Pipe, childprocess.Stream(sink.Stdin))), "flood", "200000")
	ev := events(c).reading()
	events(sink).reading()
	sink.Stdin.End()
	run(t, l)
	require.ErrorIs(t, ev.err, streams.ErrClosed)
	require.Equal(t, 1, ev.count("error"))
	require.Len(t, ev.data[1], 200_000)

	_, err := childprocess.Spawn(l, "true", nil, stdioOptions(childprocess.Ignore, childprocess.Tee(childprocess.Stream(sink.Stdin))))
	require.ErrorIs(t, err, syscall.EBADF)
}

func TestAPipeOfATeeKeepsItsOutputForLines(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	name := filepath.Join(t.TempDir(), "log")
	c := startWith(t, l, stdioOptions(childprocess.Ignore, childprocess.Tee(childprocess.Pipe, createPath(name))), "say", "1", "one\ntwo\n")
	run(t, l)
	lines := collectLines(c.Lines())
	require.Equal(t, ranged{lines: []string{"one", "two"}}, lines)
	require.Equal(t, "one\ntwo\n", string(check(os.ReadFile(name))))
}

func TestAProgramThatIsNotThereHasATee(t *testing.T) {
	noNewFDs(t)
	for _, async := range []bool{false, true} {
		l := newLoop(t)
		o := stdioOptions(childprocess.Ignore, childprocess.Tee(childprocess.Pipe, childprocess.Path(os.DevNull, os.O_WRONLY, 0)))
		o.Async = async
		c := spawn(t, l, "/nonexistent", nil, o)
		require.NotNil(t, c.Stdout)
		ev := events(c).reading()
		run(t, l)
		require.ErrorIs(t, ev.err, syscall.ENOENT)
		require.Equal(t, []string{"error ENOENT", "close -2"}, ev.process())
	}
}

func TestInvalidTeesAreRefused(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	tee := childprocess.Tee
	pipe := childprocess.Pipe
	reading := start(t, l, "cat")
	reading.Stdin.End()
	other := newLoop(t)
	foreign := start(t, other, "cat")
	foreign.Stdin.End()
	defer run(t, other)
	for what, row := range map[string]struct {
		slots []childprocess.Stdio
		bad   string
	}{
		"stdin":           {[]childprocess.Stdio{tee(pipe)}, "Stdio[0]"},
		"above":           {[]childprocess.Stdio{3: tee(pipe)}, "Stdio[3]"},
		"all":             {childprocess.AllStdio(tee(pipe)), "Stdio[0]"},
		"nothing":         {[]childprocess.Stdio{1: tee()}, "Stdio[1]"},
		"nothing, nested": {[]childprocess.Stdio{1: tee(tee())}, "Stdio[1]"},
		"two pipes":       {[]childprocess.Stdio{1: tee(pipe, tee(pipe))}, "Stdio[1]"},
		"same":            {[]childprocess.Stdio{1: tee(pipe, childprocess.SameAs(2))}, "Stdio[1]"},
		"channel":         {[]childprocess.Stdio{2: tee(childprocess.IPC)}, "Stdio[2]"},
		"terminal":        {[]childprocess.Stdio{2: tee(childprocess.PTY(nil))}, "Stdio[2]"},
		"default":         {[]childprocess.Stdio{2: tee(childprocess.Stdio{})}, "Stdio[2]"},
		"ignore":          {[]childprocess.Stdio{2: tee(childprocess.Ignore)}, "Stdio[2]"},
		"input":           {[]childprocess.Stdio{2: tee(childprocess.Input(bytes.NewReader(nil)))}, "Stdio[2]"},
		"negative":        {[]childprocess.Stdio{2: tee(childprocess.FD(-1))}, "Stdio[2]"},
		"nil file":        {[]childprocess.Stdio{2: tee(childprocess.File(nil))}, "Stdio[2]"},
		"nil stream":      {[]childprocess.Stdio{2: tee(childprocess.Stream(nil))}, "Stdio[2]"},
		"readable":        {[]childprocess.Stdio{2: tee(childprocess.Stream(reading.Stdout))}, "Stdio[2]"},
		"no stream":       {[]childprocess.Stdio{2: tee(childprocess.Stream(new(streams.Duplex)))}, "Stdio[2]"},
		"no terminal":     {[]childprocess.Stdio{2: tee(childprocess.Stream(new(childprocess.Terminal)))}, "Stdio[2]"},
		"foreign stream":  {[]childprocess.Stdio{2: tee(pipe, childprocess.Stream(foreign.Stdin))}, "Stdio[2]"},
		"owned stream":    {[]childprocess.Stdio{2: tee(childprocess.Stream(reading.Stdin).Owned())}, "Stdio[2]"},
		"read path":       {[]childprocess.Stdio{2: tee(childprocess.Path("x", os.O_RDONLY, 0))}, "Stdio[2]"},
	} {
		_, err := childprocess.Spawn(l, "true", nil, stdioOptions(row.slots...))
		bad, ok := errors.AsType[*childprocess.ArgumentError](err)
		require.True(t, ok, "%s: %v", what, err)
		require.Equal(t, row.bad, bad.Name, what)
		for form, err := range map[string]error{
			"SpawnSync": childprocess.SpawnSync("true", nil, &childprocess.SyncOptions{Options: *stdioOptions(row.slots...)}).Err,
			"RunWith":   childprocess.RunWith(t.Context(), &childprocess.RunOptions{Options: *stdioOptions(row.slots...)}, "true"),
		} {
			require.ErrorIs(t, err, syscall.EINVAL, "%s, %s", what, form)
		}
		_, err = childprocess.ExecFile(l, "true", nil, execOptions(*stdioOptions(row.slots...)), nil)
		require.ErrorIs(t, err, syscall.EINVAL, "%s, ExecFile", what)
	}
	r, w := rawPipe(t)
	defer unix.Close(w)
	_, err := childprocess.Spawn(l, "true", nil, stdioOptions(childprocess.Ignore, tee(pipe, childprocess.FD(r))))
	require.ErrorIs(t, err, syscall.EBADF, "it is only read")
	unix.Close(r)
	_, err = childprocess.Spawn(l, "true", nil, stdioOptions(childprocess.Ignore, tee(pipe, createPath(t.TempDir()+"/x"), childprocess.FD(1<<14))))
	require.ErrorIs(t, err, syscall.EBADF)
	run(t, l)
}

func TestALoopThatIsClosedClosesTheTargets(t *testing.T) {
	noNewFDs(t)
	_, w, _ := fullPipe(t)
	l := newLoop(t)
	c := spawn(t, l, "/bin/cat", []string{"/dev/zero"}, stdioOptions(childprocess.Ignore, childprocess.Tee(childprocess.Pipe, childprocess.FD(w)), childprocess.Ignore))
	c.Stdout.OnData(func([]byte) { l.Stop() })
	run(t, l)
	require.NoError(t, l.Close())
	c.Terminate(0)
}
