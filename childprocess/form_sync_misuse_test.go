package childprocess_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

type notAStream struct{}

func (notAStream) FD() int { return 1 }

//brood:checks N018 N026 N118
func TestTheSyncFormsRefuse(t *testing.T) {
	noNewFDs(t)
	bad := func(change func(o *childprocess.SyncOptions)) *childprocess.SyncOptions {
		o := new(childprocess.SyncOptions)
		change(o)
		return o
	}
	ok := new(childprocess.SyncOptions)
	huge := ^uint32(0)
	for _, c := range []struct {
		name string // of the argument
		file string
		args []string
		o    *childprocess.SyncOptions
	}{
		{"file", "", nil, ok},
		{"file", "a\x00b", nil, ok},
		{"args[1]", "true", []string{"", "\x00"}, ok},
		{"Dir", "true", nil, bad(func(o *childprocess.SyncOptions) { o.Dir = "\x00" })},
		{"Argv0", "true", nil, bad(func(o *childprocess.SyncOptions) { o.Argv0 = "\x00" })},
		{"Shell", "true", nil, bad(func(o *childprocess.SyncOptions) { o.Shell = "\x00" })},
		{"Env[0]", "true", nil, bad(func(o *childprocess.SyncOptions) { o.Env = []string{"A=\x00"} })},
		{"Timeout", "true", nil, bad(func(o *childprocess.SyncOptions) { o.Timeout = -1 })},
		{"KillSignal", "true", nil, bad(func(o *childprocess.SyncOptions) { o.KillSignal = 99 })},
		{"UID", "true", nil, bad(func(o *childprocess.SyncOptions) { o.UID = &huge })},
		{"StopEvents", "true", nil, bad(func(o *childprocess.SyncOptions) { o.StopEvents = true })},
		{"LineEnd", "true", nil, bad(func(o *childprocess.SyncOptions) { o.LineEnd = streams.NUL })},
		{"LineEnd", "true", nil, bad(func(o *childprocess.SyncOptions) { o.LineEnd = 77 })},
		{"MaxLine", "true", nil, bad(func(o *childprocess.SyncOptions) { o.MaxLine = 1 })},
		{"HighWaterMark", "true", nil, bad(func(o *childprocess.SyncOptions) { o.HighWaterMark = 1 })},
		{"Stdio[1]", "true", nil, syncStdio(childprocess.Pipe, childprocess.Stream(notAStream{}))},
		{"Stdio[0]", "true", nil, syncStdio(childprocess.Stream(nil))},
		{"Stdio[0]", "true", nil, syncStdio(childprocess.IPC)},
		{"Stdio[3]", "true", nil, syncStdio(childprocess.Pipe, childprocess.Pipe, childprocess.Pipe, childprocess.IPC)},
		{"Stdio[0]", "true", nil, syncStdio(childprocess.FD(-1))},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := childprocess.SpawnSync(c.file, c.args, c.o)
			wrong, ok := r.Err.(*childprocess.ArgumentError)
			require.True(t, ok, "%v", r.Err)
			require.Equal(t, "spawnSync", wrong.Op)
			require.Equal(t, c.name, wrong.Name)
			want := &childprocess.SyncResult{Status: childprocess.ExitStatus{Code: -1, NotStarted: wrong}, Err: wrong}
			require.Equal(t, want, r)
			_, err := childprocess.ExecFileSync(c.file, c.args, c.o)
			require.Equal(t, wrong, err)
		})
	}
	_, err := childprocess.ExecSync("", nil)
	require.ErrorIs(t, err, syscall.EINVAL)
}

func TestOwnedFilesAreClosedInEveryCase(t *testing.T) {
	noNewFDs(t)
	for _, c := range []struct {
		name   string
		file   string
		change func(o *childprocess.SyncOptions)
		ok     bool
	}{
		{"a run", "true", func(*childprocess.SyncOptions) {}, true},
		{"a missing program", "/no/such", func(*childprocess.SyncOptions) {}, false},
		{"a mistake", "true", func(o *childprocess.SyncOptions) { o.Timeout = -1 }, false},
		{"a mistake for these forms", "true", func(o *childprocess.SyncOptions) { o.StopEvents = true }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := os.Create(filepath.Join(t.TempDir(), "file"))
			require.NoError(t, err)
			o := syncStdio(childprocess.Pipe, childprocess.File(f).Owned())
			c.change(o)
			r := childprocess.SpawnSync(c.file, nil, o)
			require.Equal(t, c.ok, r.Err == nil, "%v", r.Err)
			require.ErrorIs(t, f.Close(), os.ErrClosed)
		})
	}
}

func TestWithoutALoopNothingIsStarted(t *testing.T) {
	noNewFDs(t)
	childprocess.OpenPrivateLoops(func() (*reactor.Loop, error) {
		return nil, &reactor.OpError{Op: "epoll_create1", FD: -1, Err: syscall.EMFILE}
	})
	childprocess.RetireBackground()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	r := childprocess.SpawnSync("true", []string{"x"}, syncStdio(childprocess.Pipe, childprocess.File(f).Owned()))
	want := &childprocess.SpawnError{
		Op: "spawnSync", Step: childprocess.StepResource, File: "true", Path: "true", Args: []string{"x"}, Err: syscall.EMFILE,
	}
	require.Equal(t, want, r.Err)
	require.ErrorIs(t, f.Close(), os.ErrClosed)
	_, err = childprocess.Output(t.Context(), "true", "x")
	want.Op = "spawn"
	require.Equal(t, want, err)
}
