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

// Wait asks about the child without waiting; also about stops and continues if stops is set. When
// the child has ended this takes its status, and Wait must not be called again: the number can
// belong to another process then. ECHILD means that somebody else has taken the status.
//
// The Change of an end has usage, which Wait fills.
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

// Ended reports false: wait4(2) cannot tell without taking the status. EVFILT_PROC has told by
// then.
func (Process) Ended() bool { return false }

// taken is for those who have a pidfd.
func (Process) statusTaken() bool { return false }

// Recover has nobody to ask.
func (p Process) Recover() Change {
	p.release()
	return Change{Kind: Lost}
}

func pidfdSendSignal(int, syscall.Signal) error { return unix.ENOSYS }

func pidfdSignalGroup(int, syscall.Signal) error { return unix.ENOSYS }

func groupEnded(int) bool { return false }

func groupStopped(int) bool { return true }

func stopped(int) bool { return true }
