package childprocess_test

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func TestAPathIsOpenedAsItsFlagSays(t *testing.T) {
	noNewFDs(t)
	name := filepath.Join(t.TempDir(), "log")
	say := func(text string, flag int, perm os.FileMode, async bool) {
		l := newLoop(t)
		o := stdioOptions(childprocess.Ignore, childprocess.Path(name, flag, perm))
		o.Async = async
		c := startWith(t, l, o, "say", "1", text)
		require.Nil(t, c.Stdout)
		output(t, l, c)
	}
	content := func() string { return string(check(os.ReadFile(name))) }
	say("first", os.O_WRONLY|os.O_CREATE, 0o640, false)
	require.Equal(t, "first", content())
	require.Equal(t, fs.FileMode(0o640)&^umask(), check(os.Stat(name)).Mode())
	say(" second", os.O_WRONLY|os.O_APPEND, 0, true)
	require.Equal(t, "first second", content())
	say("third", os.O_WRONLY, 0, false)
	require.Equal(t, "third second", content())
	say("4", os.O_WRONLY|os.O_TRUNC, 0, true)
	require.Equal(t, "4", content())

	l := newLoop(t)
	require.Equal(t, "4", output(t, l, startWith(t, l, stdioOptions(childprocess.Path(name, os.O_RDONLY, 0)), "cat")))

	file, argv := helperproc.Command("cat")
	out, err := childprocess.OutputWith(context.Background(), &childprocess.RunOptions{Options: *stdioOptions(childprocess.Path(name, os.O_RDONLY, 0))}, file, argv...)
	require.NoError(t, err)
	require.Equal(t, "4", string(out))
	r := childprocess.SpawnSync(file, argv, &childprocess.SyncOptions{Options: *stdioOptions(childprocess.Path(name, os.O_RDONLY, 0))})
	require.NoError(t, r.Err)
	require.Equal(t, "4", string(r.Stdout))
}

func umask() fs.FileMode {
	old := unix.Umask(0o022)
	unix.Umask(old)
	return fs.FileMode(old)
}

func TestTheDirectoryOfAPathIsThisPrograms(t *testing.T) {
	noNewFDs(t)
	dir := t.TempDir()
	t.Chdir(dir)
	l := newLoop(t)
	o := stdioOptions(childprocess.Ignore, childprocess.Path("out", os.O_WRONLY|os.O_CREATE, 0o600))
	o.Dir = t.TempDir()
	output(t, l, startWith(t, l, o, "say", "1", "here"))
	require.Equal(t, "here", string(check(os.ReadFile(filepath.Join(dir, "out")))))
}

func TestAPathThatCannotBeOpenedIsNamed(t *testing.T) {
	noNewFDs(t)
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	require.NoError(t, unix.Mkfifo(fifo, 0o600))
	there := writeFile(t, filepath.Join(dir, "there"), "", 0o600)
	for name, row := range map[string]struct {
		path string
		flag int
		err  syscall.Errno
	}{
		"missing":         {filepath.Join(dir, "missing"), os.O_RDONLY, syscall.ENOENT},
		"directory":       {dir, os.O_WRONLY, syscall.EISDIR},
		"there already":   {there, os.O_WRONLY | os.O_CREATE | os.O_EXCL, syscall.EEXIST},
		"nobody reads":    {fifo, os.O_WRONLY, syscall.ENXIO},
		"not a directory": {there + "/x", os.O_RDONLY, syscall.ENOTDIR},
	} {
		t.Run(name, func(t *testing.T) {
			slot := childprocess.Path(row.path, row.flag, 0o600)
			failed := pathFailure(t, stdioOptions(childprocess.Ignore, slot))
			require.Equal(t, &childprocess.SpawnError{
				Op: "spawn", Step: childprocess.StepStdio, File: "/bin/echo", Path: row.path, Args: []string{}, Err: row.err,
			}, failed)
			r := childprocess.SpawnSync("/bin/echo", nil, &childprocess.SyncOptions{Options: *stdioOptions(slot)})
			require.ErrorIs(t, r.Err, row.err)
			require.ErrorIs(t, childprocess.RunWith(context.Background(), &childprocess.RunOptions{Options: *stdioOptions(slot)}, "/bin/echo"), row.err)
		})
	}
}

// pathFailure starts a program that cannot start, and returns the error, returned or emitted.
func pathFailure(t testing.TB, o *childprocess.Options) (failed *childprocess.SpawnError) {
	t.Helper()
	l := newLoop(t)
	c, err := childprocess.Spawn(l, "/bin/echo", nil, o)
	if err == nil {
		ev := events(c).reading()
		run(t, l)
		err = ev.err
	}
	require.ErrorAs(t, err, &failed)
	if failed.Args == nil {
		failed.Args = []string{}
	}
	return failed
}

func TestNothingIsTruncatedForWrongOptionsOrSlots(t *testing.T) {
	noNewFDs(t)
	dir := t.TempDir()
	name := writeFile(t, filepath.Join(dir, "precious"), "gold", 0o600)
	empties := childprocess.Path(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	l := newLoop(t)
	for what, o := range map[string]*childprocess.Options{
		"an option":     {Stdio: []childprocess.Stdio{childprocess.Ignore, empties}, Timeout: -1},
		"another slot":  stdioOptions(childprocess.Ignore, empties, childprocess.FD(-1)),
		"a closed slot": stdioOptions(childprocess.Ignore, empties, childprocess.FD(1<<14)),
		"a mode":        stdioOptions(childprocess.Ignore, empties, childprocess.Path(name, os.O_WRONLY|os.O_RDWR, 0)),
	} {
		_, err := childprocess.Spawn(l, "true", nil, o)
		require.Error(t, err, what)
		require.Equal(t, "gold", string(check(os.ReadFile(name))), what)
	}
}

func TestAFIFOIsInBlockingModeForTheChild(t *testing.T) {
	noNewFDs(t)
	name := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, unix.Mkfifo(name, 0o600))
	reader := check(unix.Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0))
	defer unix.Close(reader)
	for flag, mode := range map[int]string{os.O_WRONLY: "blocking", os.O_WRONLY | unix.O_NONBLOCK: "non-blocking"} {
		l := newLoop(t)
		c := startWith(t, l, stdioOptions(childprocess.Ignore, childprocess.Path(name, flag, 0)), "mode", "1")
		ev := events(c).reading()
		run(t, l)
		require.Equal(t, mode, string(ev.data[2]))
	}
}

func TestInvalidPathsAreRefused(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	for what, slot := range map[string]childprocess.Stdio{
		"no name":   childprocess.Path("", os.O_RDONLY, 0),
		"a NUL":     childprocess.Path("a\x00b", os.O_RDONLY, 0),
		"no access": childprocess.Path("x", os.O_WRONLY|os.O_RDWR, 0),
		"negative":  childprocess.Path("x", -1, 0),
		"too large": childprocess.Path("x", math.MaxInt&^unix.O_ACCMODE, 0),
		"no perm":   childprocess.Path("x", os.O_CREATE|os.O_WRONLY, fs.ModeDir|0o700),
	} {
		_, err := childprocess.Spawn(l, "true", nil, stdioOptions(childprocess.Ignore, slot))
		var bad *childprocess.ArgumentError
		require.True(t, errors.As(err, &bad), what)
		require.Equal(t, "Stdio[1]", bad.Name, what)
	}
}
