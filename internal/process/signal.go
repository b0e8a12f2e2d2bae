//go:build unix

package process

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// Signal sends s to the child, which must not have been waited for by this library. Where it has a
// pidfd no other process can be hit, even if somebody else has waited for it; unless a sandbox
// refuses pidfd_send_signal(2) and that happens just now.
func (p Process) Signal(s syscall.Signal) error {
	if p.Pidfd >= 0 {
		// What is wrong with the signal, or with sending it to this process, kill(2) finds wrong,
		// too.
		if err := pidfdSendSignal(p.Pidfd, s); !fd.Refused(err) {
			return err
		}
		if p.statusTaken() {
			return syscall.ESRCH
		}
	}
	return unix.Kill(p.Pid, s)
}

// SignalGroup signals every process of the group that the child leads or has led; waited says that
// the child was waited for. It returns ESRCH when there is none left, and when the group cannot be
// told from another any more: once the child was waited for, its number can be given away, and only
// a pidfd still means this group (Linux 6.9).
func (p Process) SignalGroup(s syscall.Signal, waited bool) error {
	if p.Pidfd >= 0 {
		err := pidfdSignalGroup(p.Pidfd, s)
		// To a group whose leader was waited for nobody else can say whether it is the sandbox that
		// refuses.
		if !fd.Refused(err) || waited && (err == syscall.EPERM || err == syscall.EACCES) {
			return err
		}
	}
	if waited {
		return syscall.ESRCH
	}
	return unix.Kill(-p.Pid, s)
}

// InOwnGroup reports whether the child, which must not have been waited for, is in the group that
// it leads. It may leave that group (setpgid(2)).
func (p Process) InOwnGroup() bool {
	group, err := unix.Getpgid(p.Pid)
	return err == nil && group == p.Pid
}

// GroupEnded reports whether all that is left of a group, which SignalGroup finds, are zombies.
func (p Process) GroupEnded() bool { return groupEnded(p.Pid) }

// Stopped reports whether the child, which must not have been waited for, may be stopped.
func (p Process) Stopped() bool { return stopped(p.Pid) }

// GroupStopped reports whether a member of the group that the child leads may be stopped.
func (p Process) GroupStopped() bool { return groupStopped(p.Pid) }

// Abort kills a child that nobody will follow and waits for its end.
func (p *Process) Abort() {
	_ = p.Signal(syscall.SIGKILL) // It is our child and not yet waited for: this cannot fail.
	_, _ = wait4(p.Pid, 0)
	p.release()
	p.Close()
}

// CgroupPeak returns the most memory that the cgroup of the child has had since the child was
// started, in bytes; 0 if it is not the child's own, or that is not known. Once the child was
// waited for it is what it was then.
func (p Process) CgroupPeak() int64 { return p.cgroup.memory() }

// waited gives up what the child had of this program. It is called when the child was waited for,
// by whomever.
func (p Process) release() {
	p.thread.release()
	p.cgroup.release()
	p.ticket.forget(p.Pid)
}

// Close closes the pidfd.
func (p *Process) Close() {
	fd.Close(p.Pidfd)
	p.Pidfd = -1
}

// wait4 waits for a child.
func wait4(pid, options int) (status unix.WaitStatus, err error) {
	for {
		_, err = unix.Wait4(pid, &status, options, nil)
		if err != unix.EINTR {
			return status, err
		}
	}
}
