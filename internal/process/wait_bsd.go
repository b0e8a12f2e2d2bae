//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// HasPidfd reports false: there are none on these systems.
func HasPidfd() bool { return false }

// OpenPidfd returns ENOSYS.
func (p *Process) OpenPidfd() error { return unix.ENOSYS }

// Wait takes a change of the child's state without waiting for one; stops and continues only if
// stops is set. An end takes the status, and Wait must not be called again, because another process
// can have the number then. Without a change it returns Unchanged. The Change of an end has usage,
// which Wait fills. ECHILD means that other code of this program has taken the status.
func (p Process) Wait(stops bool, usage *syscall.Rusage) (Change, error) {
	options := unix.WNOHANG
	if stops {
		options |= unix.WUNTRACED | wcontinued
	}
	var ws syscall.WaitStatus
	for {
		pid, err := syscall.Wait4(p.Pid, &ws, options, usage)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid == 0 {
			return Change{}, err
		}
		c := decode(ws)
		if c.Ended() {
			p.release()
			c.Usage = usage
		}
		return c, nil
	}
}

// Ended reports false, because wait4(2) cannot tell without taking the status. By then EVFILT_PROC
// has reported the end.
func (Process) Ended() bool { return false }

// statusTaken reports false. Only a process with a pidfd is asked.
func (Process) statusTaken() bool { return false }

// Recover returns Lost, because no system call returns the status of a child a second time.
func (p Process) Recover() Change {
	p.release()
	return Change{Kind: Lost}
}

func pidfdSendSignal(int, syscall.Signal) error { return unix.ENOSYS }

func pidfdSignalGroup(int, syscall.Signal) error { return unix.ENOSYS }

func groupEnded(int) bool { return false }

func groupStopped(int) bool { return true }

func stopped(int) bool { return true }
