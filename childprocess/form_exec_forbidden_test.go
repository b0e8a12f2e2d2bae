package childprocess_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// exec-forbidden starts a child as another user, drops the privilege to signal it, and then
	// lets the child reach the limit in its argument. The child ends with its stdin.
	helperproc.Register("exec-forbidden", func(args []string) {
		l := check(openLoop())
		ctx, cancel := context.WithCancelCause(context.Background())
		o := &childprocess.ExecOptions{}
		command, want, signal := "read line", errReason, syscall.SIGTERM
		switch args[0] {
		case "timeout":
			o.Timeout, want = time.Millisecond, childprocess.ErrTimeout
		case "kill":
			o.Timeout, want = time.Millisecond, childprocess.ErrTimeout
			o.Cancel, signal = childprocess.CancelKill, syscall.SIGKILL
		case "context":
			o.Context = ctx
		case "maxbuffer":
			o.MaxBuffer, want = 1, childprocess.ErrMaxBuffer
			command = "echo ready; " + command // The others would get SIGPIPE for this output.
		}
		calls := 0
		var got error
		c := check(childprocess.ExecFile(l, "/bin/sh", []string{"-c", command}, o, func(err error, _, _ []byte) {
			calls++
			got = err
		}))
		c.OnSpawn(func() { cancel(errReason) })
		c.OnError(func(error) { c.Stdin.End() }) // It is alive, and ends by itself.
		check(0, syscall.Setuid(nobody))
		check(0, l.Run())

		exit, isExit := errors.AsType[*childprocess.ExitError](got)
		unsent, isKill := errors.AsType[*childprocess.KillError](got)
		switch {
		case calls != 1:
			fail(fmt.Errorf("%d calls", calls))
		case !isExit, !isKill, !errors.Is(got, want), !errors.Is(got, syscall.EPERM):
			fail(fmt.Errorf("%T: %w", got, got))
		case exit.Status.String() != "still running", unsent.Pid != c.Pid(), unsent.Signal != signal, exit.Killed && want != childprocess.ErrTimeout:
			fail(fmt.Errorf("%+v", exit))
		}
		if s, ended := c.Status(); !ended || s.Code != 1 {
			fail(errors.New(s.String()))
		}
	})
}

// In Node's test, kill throws when the child has written too much.
//
//brood:checks N091
func TestALimitThatMayNotSignalTheChildIsReported(t *testing.T) {
	for _, limit := range []string{"timeout", "kill", "context", "maxbuffer"} {
		t.Run(limit, func(t *testing.T) {
			file, argv := helperproc.Command("exec-forbidden", limit)
			if unix.Geteuid() != 0 {
				t.Skip("only root can become another user than its child: geteuid is " + strconv.Itoa(unix.Geteuid()))
			}
			l := newLoop(t)
			output(t, l, spawn(t, l, file, argv, nil))
		})
	}
}
