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
		// That says nothing about the kernel. Only one that knows the idea finds fault with the
		// descriptor.
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

// Wait asks about the child without waiting; also about stops and continues if stops is set. When
// the child has ended this takes its status, and Wait must not be called again: the number can
// belong to another process then. ECHILD means that somebody else has taken the status; see
// Recover.
//
// The Change of an end has usage, which Wait fills.
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

// Ended reports whether the child has ended, without taking its status: also when somebody else has
// taken it.
func (p Process) Ended() bool {
	pid, _, _, err := p.ask(unix.WEXITED|unix.WNOWAIT, nil)
	return pid != 0 || err == unix.ECHILD
}

// taken reports whether somebody else has waited for the child.
func (p Process) statusTaken() bool {
	_, _, _, err := p.ask(unix.WEXITED|unix.WNOWAIT, nil)
	return err == unix.ECHILD
}

// ask is waitid about the child: by its pidfd, or by its number where a sandbox refuses that.
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

// changeOf reads what waitid(2) says; anything unknown is a lost status, not an exit code.
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

// Recover asks for the status after Wait has said ECHILD: a pidfd of newer kernels remembers it
// (Linux 6.15). Whoever has taken the status may not be through with the child, when waitid(2) does
// not know it any more and the pidfd does not know the status yet: then the Change is Unchanged,
// and Recover is to be called again. Without a memory it is Lost.
func (p Process) Recover() Change {
	c := p.storedChange()
	if c.Ended() {
		p.release()
	}
	return c
}

func (p Process) storedChange() Change {
	if p.Pidfd < 0 {
		return Change{Kind: Lost}
	}
	ws, err := pidfdExitStatus(p.Pidfd)
	if err == unix.ESRCH {
		// The kernel looks for the memory first and for the process then. If the process went in
		// between there is a memory now.
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
