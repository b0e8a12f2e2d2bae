package childprocess_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func init() {
	// exec-starved calls Exec without a free descriptor.
	helperproc.Register("exec-starved", func([]string) {
		openRuntimePoller()
		before := leakcheck.FDs()
		l := check(openLoop())
		calls := 0
		var got error
		giveBack := takeDescriptors(0)
		c, err := childprocess.Exec(l, "echo text", nil, func(err error, stdout, stderr []byte) {
			calls++
			got = err
			if len(stdout)+len(stderr) > 0 {
				fail(errors.New("there is output"))
			}
		})
		giveBack()
		switch {
		case err != nil:
			fail(err)
		case calls != 0:
			fail(errors.New("the callback was called inside the call"))
		case c.Stdin == nil || c.Stdout == nil || c.Stderr == nil:
			fail(errors.New("a stream is missing"))
		}
		check(0, l.Run())
		if _, ok := got.(*childprocess.SpawnError); !ok || calls != 1 || !errors.Is(got, syscall.EMFILE) {
			fail(fmt.Errorf("%d calls, %T: %w", calls, got, got))
		}
		a := attempt{}
		a.conclude(l, before)
		if a.Leaks != "" || a.Children {
			fail(fmt.Errorf("%+v", a))
		}
	})
}

//brood:checks N047
func TestExecWithoutDescriptorsCallsBack(t *testing.T) {
	l := newLoop(t)
	output(t, l, start(t, l, "exec-starved"))
}

func TestAStolenStatusIsNoSuccessOfACall(t *testing.T) {
	l := newLoop(t)
	// This child cannot recover its status.
	require.NoError(t, childprocess.SetExitWatch(l, childprocess.ExitWatchSIGCHLD))
	got := callExec(t, l, "echo text", nil)
	steal(t)
	e := runToDone(t, l, got).exit(t)
	require.Equal(t, childprocess.ErrStatusLost, e.Err)
	require.True(t, e.Status.Lost)
	require.Equal(t, "text\n", got.stdout)
}
