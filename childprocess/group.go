package childprocess

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// leadsGroup reports whether the child is to lead a process group of its own: a detached one does, and a shell that may have
// to be ended, since what it runs would outlive it.
func (o *Options) leadsGroup() bool {
	if o.Setpgid {
		return o.Pgid == 0
	}
	return o.Detached || o.Shell != "" && (o.Timeout > 0 || o.Context != nil && o.Context.Done() != nil)
}

// foreignGroup reports whether no child can join the group Pgid, which is another session's or gone.
func (o *Options) foreignGroup() bool {
	if o.Pgid == 0 {
		return false
	}
	theirs, err := unix.Getsid(o.Pgid)
	if err != nil {
		return true
	}
	ours, err := unix.Getsid(0)
	return err == nil && theirs != ours
}

// signalGroup signals every process of the group that the child leads. It returns ESRCH when there is none left, or when
// the group cannot be told from another any more: once the child was waited for, its number can be given away, and only a
// pidfd still means this group.
func (c *ChildProcess) signalGroup(s Signal) error {
	if c.pidfd >= 0 {
		if err := pidfdSignalGroup(c.pidfd, s); err != syscall.EINVAL && err != syscall.ENOSYS {
			return err
		}
	}
	if c.state != childRunning {
		return syscall.ESRCH
	}
	return unix.Kill(-c.pid, s)
}

// inOwnGroup reports whether the running child is in the group that was made for it, if one was: it may leave that
// (setpgid(2)).
func (c *ChildProcess) inOwnGroup() bool {
	if !c.leads {
		return false
	}
	group, err := unix.Getpgid(c.pid)
	return err == nil && group == c.pid
}
