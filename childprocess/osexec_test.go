package childprocess_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// shell is a program that every system has at this path.
const shell = "/bin/sh"

func TestOsExecAndForeignWait4WorkBesideOurChildren(t *testing.T) {
	const ours, workers, each = 200, 4, 25
	l := newLoop(t)

	errs := make(chan error, 2*workers*each)
	var work sync.WaitGroup
	for w := range workers {
		work.Go(func() {
			for i := range each {
				errs <- runByOsExec((w*each + i) % 256)
			}
		})
		work.Go(func() {
			for i := range each {
				errs <- runByWait4((w*each + i) % 256)
			}
		})
	}

	closed := 0
	next := 0
	var one func()
	one = func() {
		if next == ours {
			return
		}
		code := next % 256
		next++
		c := spawn(t, l, shell, []string{"-c", "echo $$; exit " + strconv.Itoa(code)}, nil)
		ev := events(c).reading()
		c.OnClose(func(s childprocess.ExitStatus) {
			closed++
			require.Equal(t, code, s.Code)
			require.Equal(t, strconv.Itoa(c.Pid())+"\n", string(ev.data[1]))
			require.Equal(t, 1, ev.count("exit"))
			one()
		})
	}
	for range 20 {
		one()
	}
	run(t, l)
	require.Equal(t, ours, closed)
	work.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
}

func runByOsExec(code int) error {
	out, err := exec.Command(shell, "-c", "echo out; exit "+strconv.Itoa(code)).Output()
	if exit, is := errors.AsType[*exec.ExitError](err); is && exit.ExitCode() == code || err == nil && code == 0 {
		err = nil
	} else {
		return errors.Join(errors.New("os/exec: not exit code "+strconv.Itoa(code)), err)
	}
	if string(out) != "out\n" {
		return errors.New("os/exec: output " + strconv.Quote(string(out)))
	}
	return err
}

func runByWait4(code int) error {
	pid, err := syscall.ForkExec(shell, []string{"sh", "-c", "exit " + strconv.Itoa(code)}, &syscall.ProcAttr{})
	if err != nil {
		return os.NewSyscallError("fork", err)
	}
	var ws syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &ws, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return os.NewSyscallError("wait4", err)
		}
		if ws.ExitStatus() != code {
			return errors.New("wait4: exit status " + strconv.Itoa(ws.ExitStatus()))
		}
		return nil
	}
}
