package childprocess_test

import (
	"io"
	"math"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

//brood:checks S006 N018
func TestNULBytesAreRefusedBeforeAnythingIsOpened(t *testing.T) {
	const nul = "a\x00b"
	for name, row := range map[string]struct {
		file string
		args []string
		o    childprocess.Options
		want string
	}{
		"program":        {nul, nil, childprocess.Options{}, "file"},
		"first argument": {"true", []string{nul}, childprocess.Options{}, "args[0]"},
		"last argument":  {"true", []string{"", "a", "\x00"}, childprocess.Options{}, "args[2]"},
		"cwd":            {"true", nil, childprocess.Options{Dir: nul}, "Dir"},
		"argv0":          {"true", nil, childprocess.Options{Argv0: nul}, "Argv0"},
		"key":            {"true", nil, childprocess.Options{Env: []string{"A=b", nul + "=c"}}, "Env[1]"},
		"value":          {"true", nil, childprocess.Options{Env: []string{"A=" + nul}}, "Env[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			misused(t, row.file, row.args, &row.o, row.want, "contains a NUL byte")
		})
	}
}

// misused makes a wrong call, and checks that the error names that argument, that nothing was
// started, and that everything Owned is closed.
func misused(t *testing.T, file string, args []string, o *childprocess.Options, name, reason string) {
	t.Helper()
	l := newLoop(t)
	before := leakcheck.FDs()
	c, err := childprocess.Spawn(l, file, args, o)
	require.Nil(t, c)
	require.Equal(t, &childprocess.ArgumentError{Op: "spawn", Name: name, Reason: reason}, err)
	require.Equal(t, "spawn: "+name+" "+reason, err.Error())
	require.ErrorIs(t, err, syscall.EINVAL)
	require.NotErrorIs(t, err, syscall.ENOENT)
	require.False(t, l.Alive())
	require.Equal(t, before, leakcheck.FDs())
	requireNoChildren(t)
}

//brood:checks S007 N001 N005 N024
func TestBadArgumentsAreReturned(t *testing.T) {
	var (
		nilFile     *os.File
		nilReadable *streams.Readable
		minusOne    = ^uint32(0)
	)
	stdio := func(s childprocess.Stdio) childprocess.Options {
		return childprocess.Options{Stdio: []childprocess.Stdio{3: s}}
	}
	for name, row := range map[string]struct {
		file         string
		o            childprocess.Options
		want, reason string
	}{
		"empty program":                 {"", childprocess.Options{}, "file", "is empty"},
		"negative descriptor":           {"true", stdio(childprocess.FD(-1)), "Stdio[3]", "is not a descriptor"},
		"owned negative descriptor":     {"true", stdio(childprocess.FD(-1).Owned()), "Stdio[3]", "is not a descriptor"},
		"nil file":                      {"true", stdio(childprocess.File(nil)), "Stdio[3]", "is a nil file"},
		"owned nil file":                {"true", stdio(childprocess.File(nilFile).Owned()), "Stdio[3]", "is a nil file"},
		"nil stream":                    {"true", stdio(childprocess.Stream(nil)), "Stdio[3]", "is a nil stream"},
		"owned nil stream":              {"true", stdio(childprocess.Stream(nil).Owned()), "Stdio[3]", "is a nil stream"},
		"stream of a slot without pipe": {"true", stdio(childprocess.Stream(nilReadable)), "Stdio[3]", "is a nil stream"},
		"owned, of a slot without pipe": {"true", stdio(childprocess.Stream(nilReadable).Owned()), "Stdio[3]", "is a nil stream"},
		"uid -1":                        {"true", childprocess.Options{UID: &minusOne}, "UID", "is out of range"},
		"gid -1":                        {"true", childprocess.Options{GID: &minusOne}, "GID", "is out of range"},
		"zero file":                     {"true", childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.File(new(os.File))}}, "Stdio[3]", "is a zero os.File"},
		"group -1":                      {"true", childprocess.Options{Groups: []uint32{1, minusOne}}, "Groups[1]", "is out of range"},
	} {
		t.Run(name, func(t *testing.T) { misused(t, row.file, nil, &row.o, row.want, row.reason) })
	}
}

func TestNumbersTheKernelWouldCutAreNoDescriptors(t *testing.T) {
	l := newLoop(t)
	before := leakcheck.FDs()
	for _, s := range []childprocess.Stdio{childprocess.FD(math.MaxInt), childprocess.FD(math.MaxInt).Owned()} {
		_, err := childprocess.Spawn(l, "true", nil, &childprocess.Options{Stdio: []childprocess.Stdio{s}})
		if math.MaxInt > math.MaxInt32 {
			require.ErrorIs(t, err, syscall.EINVAL)
		} else {
			require.ErrorIs(t, err, syscall.EBADF)
		}
		require.Equal(t, before, leakcheck.FDs())
	}
}

//brood:checks S007
func TestNilAndClosedLoopAreReturned(t *testing.T) {
	c, err := childprocess.Spawn(nil, "true", nil, nil)
	require.Nil(t, c)
	require.Equal(t, &childprocess.ArgumentError{Op: "spawn", Name: "loop", Reason: "is nil"}, err)
	require.ErrorIs(t, childprocess.SetExitWatch(nil, childprocess.ExitWatchAuto), syscall.EINVAL)

	l, err := openLoop()
	require.NoError(t, err)
	require.NoError(t, l.Close())
	before := leakcheck.FDs()
	c, err = childprocess.Spawn(l, "true", nil, nil)
	require.Nil(t, c)
	require.ErrorIs(t, err, reactor.ErrClosed)
	require.Equal(t, before, leakcheck.FDs())
	requireNoChildren(t)
}

func TestMisuseClosesOwnedDescriptors(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	c, err := childprocess.Spawn(nil, "true", nil, &childprocess.Options{Stdio: []childprocess.Stdio{1: childprocess.File(w).Owned()}})
	require.Nil(t, c)
	require.ErrorIs(t, err, syscall.EINVAL)
	require.ErrorIs(t, w.Close(), os.ErrClosed)
	n, err := r.Read(make([]byte, 1))
	require.Zero(t, n)
	require.Equal(t, io.EOF, err)
}

func TestNilCallbacksPanic(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "brood-no-such-program", nil, nil)
	for name, call := range map[string]func(){
		"OnSpawn":    func() { c.OnSpawn(nil) },
		"OnExit":     func() { c.OnExit(nil) },
		"OnClose":    func() { c.OnClose(nil) },
		"OnError":    func() { c.OnError(nil) },
		"OnStop":     func() { c.OnStop(nil) },
		"OnContinue": func() { c.OnContinue(nil) },
	} {
		func() {
			defer func() {
				text, _ := recover().(string)
				require.True(t, strings.HasPrefix(text, "childprocess: "+name) || strings.HasPrefix(text, "events: "), "%s: %q", name, text)
			}()
			call()
		}()
	}
	run(t, l)
}

//brood:checks S007
func TestADoubleStartLeavesTheFirstChildAlone(t *testing.T) {
	l := newLoop(t)
	file, argv := helperproc.Command("cat")
	o := &childprocess.Options{}
	var both []*recorder
	for range 2 {
		c := spawn(t, l, file, argv, o)
		both = append(both, events(c).reading())
	}
	for i, text := range []string{"first", "second"} {
		_, err := both[i].c.Stdin.WriteString(text)
		require.NoError(t, err)
		both[i].c.Stdin.End()
	}
	run(t, l)
	require.NotEqual(t, both[0].c.Pid(), both[1].c.Pid())
	require.Equal(t, "first", string(both[0].data[1]))
	require.Equal(t, "second", string(both[1].data[1]))
}
