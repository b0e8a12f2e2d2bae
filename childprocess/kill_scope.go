package childprocess

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/process"
)

// A scope says which processes a limit or Terminate signals.
type scope uint8

const (
	scopeChild scope = iota // the child alone
	scopeGroup              // the process group that it leads
	scopeTree               // the child and its descendants
)

// scope returns the scope of a child that is to be started. The programs that a shell runs would
// outlive a shell that is killed, so a shell with a limit gets a group of its own. It does not if
// this program has a terminal: there such a group would be in the background, out of reach of ^C,
// and stopped when it reads the terminal. Without a group of its own the scope of a shell is its
// tree, where the system can find that.
func (o *Options) scope() scope {
	switch o.KillScope {
	case ScopeChild:
		return scopeChild
	case ScopeGroup:
		return scopeGroup
	case ScopeTree:
		return scopeTree
	}
	switch {
	case o.makesGroup():
		return scopeGroup
	case o.Shell == "":
		return scopeChild
	case !o.Setpgid && (o.Timeout > 0 || o.IdleTimeout > 0 || o.Context != nil && o.Context.Done() != nil) && !hasTerminal():
		return scopeGroup
	case process.HasTrees:
		return scopeTree
	}
	return scopeChild
}

// makesGroup reports whether the child leads a process group because of options other than those of
// the limits.
func (o *Options) makesGroup() bool {
	return o.Detached || (o.Setpgid || o.Foreground) && o.Pgid == 0 || o.ctty() >= 0
}

// hasTerminal reports whether this process has a controlling terminal (tty(4)).
func hasTerminal() bool {
	tty, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	fd.Close(tty)
	return true
}

// signalAll sends s to all processes in the child's scope. The error is ESRCH if there was none.
func (c *ChildProcess) signalAll(s Signal) error {
	var err error
	switch c.scope {
	case scopeGroup:
		err = c.signalGroup(s)
		if c.state == childRunning && !c.process.InOwnGroup() {
			err = c.process.Signal(s) // It has left the group.
		}
	case scopeTree:
		err = c.signalTree(s)
	default:
		err = c.signalAlone(s)
	}
	if err == nil {
		c.killed = true
	}
	return err
}

// signalGroup sends s to every process of the group that the child leads, and continues the stopped
// ones, so that they handle it. It returns ESRCH if no process is left, or if the number of the
// group may mean another one by now.
func (c *ChildProcess) signalGroup(s Signal) error {
	err := c.process.SignalGroup(s, c.state > childRunning)
	if err == nil && asleepTo(s) && c.process.GroupStopped() {
		_ = c.process.SignalGroup(syscall.SIGCONT, c.state > childRunning)
	}
	return err
}

// signalAlone sends s to the child, and continues it if it is stopped. The error is ESRCH if the
// child does not run.
func (c *ChildProcess) signalAlone(s Signal) error {
	if c.state != childRunning {
		return syscall.ESRCH
	}
	err := c.process.Signal(s)
	if err == nil && asleepTo(s) && c.process.Stopped() {
		_ = c.process.Signal(syscall.SIGCONT)
	}
	return err
}

// signalTree sends s to the child and its descendants. It fails only if not one of them could be
// signalled.
func (c *ChildProcess) signalTree(s Signal) error {
	sent, _, err := c.throughTree(s)
	switch {
	case sent > 0:
		return nil
	case err == nil:
		return syscall.ESRCH
	}
	return err
}

// throughTree sends s to the child and its descendants. It returns how many it has signalled, and
// the pid and the error of one that it may not signal. If the child has exited, its descendants
// have other parents: only those are found that were found before, and those in a cgroup of its
// own.
func (c *ChildProcess) throughTree(s Signal) (sent, refused int, err error) {
	m := &c.limits
	if m.tree == nil {
		m.tree = c.process.Tree(c.state > childRunning)
	}
	switch {
	case m.tree != nil:
		return m.tree.Signal(s, asleepTo(s))
	case c.signalAlone(s) == nil: // /proc says nothing about it.
		return 1, 0, nil
	}
	return 0, 0, nil
}

// asleepTo reports whether a stopped process handles s only after it was continued (signal(7)).
func asleepTo(s Signal) bool {
	switch s {
	case 0, syscall.SIGKILL, syscall.SIGCONT, syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU:
		return false
	}
	return true
}

// othersLeft reports whether other processes in the scope of a child that has exited are left and
// can be signalled.
func (c *ChildProcess) othersLeft() bool {
	switch c.scope {
	case scopeGroup:
		return c.process.SignalGroup(0, true) == nil && !c.process.GroupEnded()
	case scopeTree:
		if c.limits.tree == nil {
			c.limits.tree = c.process.Tree(true)
		}
		return c.limits.tree != nil && !c.limits.tree.Ended()
	}
	return false
}
