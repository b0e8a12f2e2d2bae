//go:build unix

package process

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// Signal sends s to the child. If there is a pidfd, the signal reaches no other process, even if
// other code of this program has waited for the child. The only exception: a sandbox refuses
// pidfd_send_signal(2), and the status is taken just between the check and kill(2).
//
// Preconditions:
//
//   - This package has not waited for the child.
func (p Process) Signal(s syscall.Signal) error {
	if p.Pidfd >= 0 {
		// If the error is about the signal or the permission, kill(2) returns it, too.
		if err := pidfdSendSignal(p.Pidfd, s); !fd.Refused(err) {
			return err
		}
		if p.statusTaken() {
			return syscall.ESRCH
		}
	}
	return unix.Kill(p.Pid, s)
}

// SignalGroup sends s to every process of the group that the child leads or has led. waited says
// that this package has waited for the child. It returns ESRCH if the group has no process left. It
// also returns ESRCH if the group cannot be identified any more: once the child was waited for,
// another group can get its number, and only a pidfd still means this one (Linux 6.9).
func (p Process) SignalGroup(s syscall.Signal, waited bool) error {
	if p.Pidfd >= 0 {
		err := pidfdSignalGroup(p.Pidfd, s)
		// If the leader was waited for, kill(2) cannot tell whether this errno comes from a sandbox
		// or from the group.
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

// GroupEnded reports whether only zombies are left of a group that SignalGroup still finds.
func (p Process) GroupEnded() bool { return groupEnded(p.Pid) }

// Stopped reports whether the child, which must not have been waited for, may be stopped.
func (p Process) Stopped() bool { return stopped(p.Pid) }

// GroupStopped reports whether a process of the group that the child leads may be stopped.
func (p Process) GroupStopped() bool { return groupStopped(p.Pid) }

// Abort kills a child that the caller gives up, waits for its end, and closes p.
func (p *Process) Abort() {
	_ = p.Signal(syscall.SIGKILL) // The child is ours and not yet waited for, so this cannot fail.
	_, _ = wait4(p.Pid, 0)
	p.release()
	p.Close()
}

// CgroupPeak returns the most memory that the child's cgroup has had since the child was started,
// in bytes; 0 if the cgroup is not the child's own, or that is unknown. Once the child was waited
// for, the result does not change.
func (p Process) CgroupPeak() int64 { return p.cgroup.memory() }

// release gives back what the start has acquired for the child. It must be called once the child
// was waited for, also by other code. Later calls are harmless.
func (p Process) release() {
	p.thread.release()
	p.cgroup.release()
	p.ticket.forget(p.Pid)
}

// Close closes the pidfd. Closing twice is harmless.
func (p *Process) Close() {
	fd.Close(p.Pidfd)
	p.Pidfd = -1
}

// wait4 waits for a child and retries after EINTR.
func wait4(pid, options int) (status unix.WaitStatus, err error) {
	for {
		_, err = unix.Wait4(pid, &status, options, nil)
		if err != unix.EINTR {
			return status, err
		}
	}
}
