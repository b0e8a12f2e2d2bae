package childprocess_test

import (
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

// badLimits are invalid values of options that all forms have.
var badLimits = map[string]struct {
	o            childprocess.Options
	want, reason string
}{
	"NUL in the shell":          {childprocess.Options{Shell: "/bin/sh\x00"}, "Shell", "contains a NUL byte"},
	"NUL in the directory":      {childprocess.Options{Dir: "\x00"}, "Dir", "contains a NUL byte"},
	"NUL in argv0":              {childprocess.Options{Argv0: "a\x00"}, "Argv0", "contains a NUL byte"},
	"NUL in the environment":    {childprocess.Options{Env: []string{"A=\x00"}}, "Env[0]", "contains a NUL byte"},
	"negative time-out":         {childprocess.Options{Timeout: -1}, "Timeout", "is negative"},
	"negative grace":            {childprocess.Options{KillGrace: -1}, "KillGrace", "is negative"},
	"negative grace of close":   {childprocess.Options{CloseGrace: -1}, "CloseGrace", "is negative"},
	"negative signal":           {childprocess.Options{KillSignal: -1}, "KillSignal", "is not a signal"},
	"signal of a higher number": {childprocess.Options{KillSignal: 4711}, "KillSignal", "is not a signal"},
}

//brood:checks N018 N062
func TestBadLimitsAreReturned(t *testing.T) {
	for name, row := range badLimits {
		t.Run(name, func(t *testing.T) { misused(t, "true", nil, &row.o, row.want, row.reason) })
	}
}

//brood:checks N018 N062
func TestBadCallsOfExecAreReturned(t *testing.T) {
	type call struct {
		file         string
		args         []string
		o            childprocess.Options
		want, reason string
	}
	rows := map[string]call{
		"empty":           {want: "file", reason: "is empty"},
		"NUL":             {file: "a\x00b", want: "file", reason: "contains a NUL byte"},
		"empty Stdio":     {file: "true", o: childprocess.Options{Stdio: []childprocess.Stdio{}}, want: "Stdio", reason: stdioOfExec},
		"NUL in argument": {file: "true", args: []string{"\x00"}, want: "args[0]", reason: "contains a NUL byte"},
	}
	for name, row := range badLimits {
		rows[name] = call{"true", nil, row.o, row.want, row.reason}
	}
	done := func(error, []byte, []byte) { require.Fail(t, "the callback was called") }
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			before := leakcheck.FDs()
			o := &childprocess.ExecOptions{Options: row.o}
			c, err := childprocess.ExecFile(l, row.file, row.args, o, done)
			require.Nil(t, c)
			require.Equal(t, &childprocess.ArgumentError{Op: "execFile", Name: row.want, Reason: row.reason}, err)
			if row.args == nil {
				if row.want == "file" {
					row.want = "command"
				}
				c, err = childprocess.Exec(l, row.file, o, done)
				require.Nil(t, c)
				require.Equal(t, &childprocess.ArgumentError{Op: "exec", Name: row.want, Reason: row.reason}, err)
			}
			require.ErrorIs(t, err, syscall.EINVAL)
			require.False(t, l.Alive())
			require.Equal(t, before, leakcheck.FDs())
			requireNoChildren(t)
		})
	}
}

const stdioOfExec = "must be nil: stdout and stderr are captured"

func TestExecClosesOwnedStdio(t *testing.T) {
	l := newLoop(t)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	o := execOptions(childprocess.Options{Stdio: []childprocess.Stdio{1: childprocess.File(w).Owned()}})
	c, err := childprocess.Exec(l, "true", o, nil)
	require.Nil(t, c)
	require.Equal(t, &childprocess.ArgumentError{Op: "exec", Name: "Stdio", Reason: stdioOfExec}, err)
	require.ErrorIs(t, w.Close(), os.ErrClosed)
	_, err = r.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
}

func TestExecOnNilAndClosedLoops(t *testing.T) {
	c, err := childprocess.Exec(nil, "true", nil, nil)
	require.Nil(t, c)
	require.Equal(t, &childprocess.ArgumentError{Op: "exec", Name: "loop", Reason: "is nil"}, err)

	l, err := openLoop()
	require.NoError(t, err)
	require.NoError(t, l.Close())
	c, err = childprocess.ExecFile(l, "true", nil, nil, nil)
	require.Nil(t, c)
	require.ErrorIs(t, err, reactor.ErrClosed)
	requireNoChildren(t)
}
