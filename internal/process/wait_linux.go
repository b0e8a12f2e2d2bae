package process

import (
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// HasPidfd reports whether waitid(2) accepts a pidfd (Linux 5.4; pidfd_open(2) is 5.3). It asks
// about this process itself: a kernel that knows P_PIDFD answers ECHILD, because a process is not
// its own child.
func HasPidfd() bool {
	pidfd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err == unix.EMFILE || err == unix.ENFILE {
		// Descriptors are short, which says nothing about the kernel. One that knows P_PIDFD
		// complains about this descriptor.
		_, _, _, err = waitid(unix.P_PIDFD, math.MaxInt32, unix.WEXITED, nil)
		return err == unix.EBADF
	}
	if err != nil {
		return false
	}
	defer fd.Close(pidfd)
	_, _, _, err = waitid(unix.P_PIDFD, pidfd, unix.WEXITED, nil)
	return err == unix.ECHILD
}

// OpenPidfd opens a pidfd where the start gave none. The child must not have been waited for.
func (p *Process) OpenPidfd() error {
	pidfd, err := fd.Private(unix.PidfdOpen(p.Pid, 0))
	if err == nil {
		p.Pidfd = pidfd
	}
	return err
}

// Wait takes a change of the child's state without waiting for one; stops and continues only if
// stops is set. An end takes the status, and Wait must not be called again, because another process
// can have the number then. Without a change it returns Unchanged. The Change of an end has usage,
// which Wait fills. ECHILD means that other code of this program has taken the status; see Recover.
func (p Process) Wait(stops bool, usage *syscall.Rusage) (Change, error) {
	options := unix.WEXITED
	if stops {
		options |= unix.WSTOPPED | unix.WCONTINUED
	}
	pid, code, value, err := p.ask(options, usage)
	if err != nil || pid == 0 {
		return Change{}, err
	}
	c := changeOf(code, value, usage)
	if c.Ended() {
		p.release()
	}
	return c, nil
}

// Ended reports whether the child has ended, without taking its status. It is also true if other
// code of this program has taken the status.
func (p Process) Ended() bool {
	pid, _, _, err := p.ask(unix.WEXITED|unix.WNOWAIT, nil)
	return pid != 0 || err == unix.ECHILD
}

// statusTaken reports whether other code of this program has waited for the child.
func (p Process) statusTaken() bool {
	_, _, _, err := p.ask(unix.WEXITED|unix.WNOWAIT, nil)
	return err == unix.ECHILD
}

// ask calls waitid(2) about the child: by its pidfd, or by its number where a sandbox refuses that.
func (p Process) ask(options int, usage *syscall.Rusage) (pid int, code, value int32, err error) {
	if p.Pidfd >= 0 {
		if pid, code, value, err = waitid(unix.P_PIDFD, p.Pidfd, options, usage); !fd.Refused(err) {
			return pid, code, value, err
		}
	}
	return waitid(unix.P_PID, p.Pid, options, usage)
}

// Values of si_code for SIGCHLD, see sigaction(2).
const (
	cldExited    = 1
	cldKilled    = 2
	cldDumped    = 3
	cldStopped   = 5
	cldContinued = 6
)

// changeOf translates the result of waitid(2). An unknown code counts as a lost status, not as an
// exit code.
func changeOf(code, value int32, usage *syscall.Rusage) Change {
	switch code {
	case cldExited:
		return Change{Kind: Exited, Code: int(value), Usage: usage}
	case cldKilled, cldDumped:
		return Change{Kind: Signaled, Signal: syscall.Signal(value), CoreDumped: code == cldDumped, Usage: usage}
	case cldStopped:
		return Change{Kind: Stopped, Signal: syscall.Signal(value)}
	case cldContinued:
		return Change{Kind: Continued}
	}
	return Change{Kind: Lost}
}

// Recover finds the status after Wait has returned ECHILD: since Linux 6.15 the pidfd remembers it.
// If the other waiter is not through, waitid(2) does not know the child any more and the pidfd does
// not know the status yet: then the Change is Unchanged, and Recover must be called again. On older
// kernels the Change is Lost.
func (p Process) Recover() Change {
	c := p.storedChange()
	if c.Ended() {
		p.release()
	}
	return c
}

// storedChange asks the pidfd for the status that it remembers.
func (p Process) storedChange() Change {
	if p.Pidfd < 0 {
		return Change{Kind: Lost}
	}
	ws, err := pidfdExitStatus(p.Pidfd)
	if err == unix.ESRCH {
		// The kernel looks for the stored status first and for the process then. If the process
		// went in between, the status is stored now.
		ws, err = pidfdExitStatus(p.Pidfd)
	}
	switch err {
	case nil:
		return decode(ws)
	case unix.EAGAIN:
		return Change{}
	}
	return Change{Kind: Lost}
}

func pidfdSendSignal(pidfd int, s syscall.Signal) error {
	return unix.PidfdSendSignal(pidfd, s, nil, 0)
}

// pidfdSignalGroup signals the group that the process leads or has led (Linux 6.9; EINVAL before).
func pidfdSignalGroup(pidfd int, s syscall.Signal) error {
	return unix.PidfdSendSignal(pidfd, s, nil, unix.PIDFD_SIGNAL_PROCESS_GROUP)
}
