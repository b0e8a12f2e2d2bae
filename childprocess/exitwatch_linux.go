package childprocess

import (
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

func chooseExitWatch(w ExitWatch) (ExitWatch, error) {
	switch w {
	case ExitWatchAuto:
		if hasPidfd() {
			return ExitWatchPidfd, nil
		}
		return ExitWatchSIGCHLD, nil
	case ExitWatchPidfd:
		if hasPidfd() {
			return w, nil
		}
	case ExitWatchSIGCHLD:
		return w, nil
	}
	return 0, fmt.Errorf("childprocess: exit watch %v on this Linux: %w", w, errors.ErrUnsupported)
}

// hasPidfd asks whether a child can be waited for by pidfd, which is newer (5.4) than having one (5.3): this process is not
// its own child.
func hasPidfd() bool {
	pidfd, err := unix.PidfdOpen(os.Getpid(), 0)
	if exhausted(err) {
		// That says nothing about the kernel. Only one that knows the idea finds fault with the descriptor.
		_, _, _, _, err = waitid(unix.P_PIDFD, math.MaxInt32, unix.WEXITED)
		return err == unix.EBADF
	}
	if err != nil {
		return false
	}
	defer fd.Close(pidfd)
	_, _, _, _, err = waitid(unix.P_PIDFD, pidfd, unix.WEXITED)
	return err == unix.ECHILD
}

func requestPidfd(sys *syscall.SysProcAttr, pidfd *int) { sys.PidFD = pidfd }

// watchExit watches the child's pidfd, which is readable once it has ended.
func (f *family) watchExit(c *ChildProcess) error {
	if c.pidfd < 0 {
		// The kernel has pidfds but did not give one with the fork. The child is ours and not waited for: its pid is good.
		fd, err := unix.PidfdOpen(c.pid, 0)
		if err != nil {
			return err
		}
		c.pidfd = fd
	}
	w, err := f.loop.Watch(c.pidfd, reactor.Readable, func(reactor.Readiness) { f.look(c) })
	if err != nil {
		return err
	}
	w.Late()
	c.watcher = w
	f.shared.set(c, false)
	f.refChanged(c)
	return nil
}

func (c *ChildProcess) wait() (change, error) {
	idType, id := unix.P_PID, c.pid
	if c.pidfd >= 0 {
		idType, id = unix.P_PIDFD, c.pidfd
	}
	options := unix.WEXITED
	if c.stopEvents {
		options |= unix.WSTOPPED | unix.WCONTINUED
	}
	pid, code, value, usage, err := waitid(idType, id, options)
	if err != nil || pid == 0 {
		return change{}, err
	}
	return changeOf(code, value, usage), nil
}

// Values of si_code for SIGCHLD, see sigaction(2).
const (
	cldExited    = 1
	cldKilled    = 2
	cldDumped    = 3
	cldStopped   = 5
	cldContinued = 6
)

// changeOf reads what waitid(2) says; anything unknown is a lost status, not an exit code.
func changeOf(code, value int32, usage *syscall.Rusage) change {
	switch code {
	case cldExited:
		return change{kind: ended, status: ExitStatus{Code: int(value), Rusage: usage}}
	case cldKilled, cldDumped:
		status := ExitStatus{Code: -1, Signal: Signal(value), CoreDumped: code == cldDumped, Rusage: usage}
		return change{kind: ended, status: status}
	case cldStopped:
		return change{kind: stopped, signal: Signal(value)}
	case cldContinued:
		return change{kind: continued}
	}
	return change{kind: ended, status: lost()}
}

// recoverStatus asks the pidfd, which newer kernels have remember the status. Whoever has taken it may not be through: to
// waitid(2) there is no such child any more, and the pidfd does not know yet.
func (c *ChildProcess) recoverStatus() (status ExitStatus, again bool) {
	if c.pidfd < 0 {
		return lost(), false
	}
	ws, err := pidfdExitStatus(c.pidfd)
	if err != nil {
		return lost(), err == unix.EAGAIN
	}
	return decode(ws).status, false
}

func pidfdSendSignal(pidfd int, s Signal) error {
	return unix.PidfdSendSignal(pidfd, s, nil, 0)
}

// pidfdSignalGroup signals the group that the process leads or has led (Linux 6.9; EINVAL before).
func pidfdSignalGroup(pidfd int, s Signal) error {
	return unix.PidfdSendSignal(pidfd, s, nil, unix.PIDFD_SIGNAL_PROCESS_GROUP)
}
