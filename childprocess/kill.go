package childprocess

import (
	"errors"
	"fmt"
	"strconv"
	"syscall"

	"github.com/brood-go/brood/internal/process"
)

// maxSignal is the highest signal number of any supported system: 128 on MIPS. A kernel with fewer
// signals refuses the other numbers with EINVAL.
const maxSignal = 128

// Kill sends signal s to the child; with 0 it sends nothing and only asks whether it could. It
// returns true if the system call succeeded, as it also does for a child that is dead and was not
// waited for yet. It returns (false, nil) if the child has exited or never ran.
//
// Only the child gets the signal, not its descendants. No other process can get it, because the pid
// is the child's until this library has waited for the child. (If something else in the program
// waits for it, that is certain only with a pidfd.) An Async child that is being started gets the
// signal when it runs; until then Kill returns true.
//
// The error is an *[ArgumentError] if s is no signal number, and a *[KillError] if the system
// refuses the signal (EPERM).
//
// Once the child has outlived its loop, Kill is safe to call from any goroutine.
//
// Sources: kill(2), pidfd_send_signal(2); Node v20 documentation, subprocess.kill.
func (c *ChildProcess) Kill(s Signal) (bool, error) {
	const op = "kill"
	switch {
	case !c.mayBeSignal(s):
		return false, notSignal(op, s)
	case c.survivor != nil:
		return c.survivor.do(func(c *ChildProcess) (bool, error) { return c.Kill(s) })
	case c.state == childStarting:
		c.starting.queueSignal(s, false)
		c.killed = true
		return true, nil
	case c.state > childRunning:
		return false, nil
	}
	return c.sent(op, s, c.process.Signal(s))
}

// KillGroup sends signal s to every process of the group that the child leads; with 0 it sends
// nothing and only asks. It returns true if there was a process that could be signalled, and
// (false, nil) if there was none. After the exit of the child it can still signal the rest of the
// group until close, on systems that can signal a group without its leader (Linux 6.9). If the
// child has left its group, it does not get the signal. The group of an Async child that is being
// started gets the signal when it runs; until then KillGroup returns true.
//
// The error is an *[ArgumentError] if s is no signal number, and a *[KillError] if the system lets
// not a single process be signalled (EPERM).
//
// Once the child has outlived its loop, KillGroup is safe to call from any goroutine.
//
// Preconditions:
//
//   - The child leads a process group: it is Detached, has a PTY, has Setpgid or Foreground without
//     Pgid, or was given a group for its limits, see Options.KillSignal. The error is an
//     *[ArgumentError] for any other child.
func (c *ChildProcess) KillGroup(s Signal) (bool, error) {
	const op = "killGroup"
	switch {
	case !c.mayBeSignal(s):
		return false, notSignal(op, s)
	case !c.leadsGroup:
		return false, &ArgumentError{op, "child", "leads no process group: it was started without Detached, PTY and Setpgid"}
	case c.survivor != nil:
		return c.survivor.do(func(c *ChildProcess) (bool, error) { return c.KillGroup(s) })
	case c.state == childStarting:
		c.starting.queueSignal(s, true)
		c.killed = true
		return true, nil
	case c.startErr != nil || c.state == childClosed:
		return false, nil
	}
	return c.sent(op, s, c.process.SignalGroup(s, c.state > childRunning))
}

// KillTree sends signal s to the child and all its descendants, also to those in a session or a
// group of their own, and returns how many processes it has signalled; with 0 it only counts them.
// It stops the processes first, so that none of them can start another one unseen. They stay
// stopped for up to 20 ms and as long as it takes to look at all of them, and then continue, unless
// s is SIGSTOP.
//
// Its reach depends on Options.Cgroup:
//
//   - If the child was started in a cgroup of its own, KillTree signals all processes in that
//     cgroup and below it, and those that they have started outside. It reaches daemons, whose
//     parent has exited, and processes that are left after the exit and the close of the child, as
//     long as the cgroup has not been empty since. It stops them by cgroup.freeze, and sends
//     SIGCONT only to those that were stopped before and would not see the signal. A cgroup is the
//     child's own if it was empty when the child was started, until this program starts another
//     child in it, on any loop. A process that others put there counts, too.
//   - Otherwise KillTree signals the processes that /proc lists as children of the child, of these
//     children, and so on. It stops them by SIGSTOP and continues them by SIGCONT. When a process
//     exits, its children go to process 1, to a subreaper, or to this program if it has a [Reaper],
//     and nothing says whose descendants they are: KillTree finds such a process only if an earlier
//     call, or a limit, found it while its parent lived. After the exit of the child it reaches the
//     processes that were found before.
//
// If this program may list a cgroup but not freeze it (EACCES), KillTree stops its processes by
// signals. If s is SIGKILL and some of them may not be signalled, it writes to cgroup.kill (Linux
// 5.14) if it may. Since Linux 6.14 a cgroup that was killed this way kills each process that is
// cloned into it later. BackendFork then starts children there in another way, BackendForkExec
// refuses to (StepCgroup, ENOTSUP), and other programs have to make a new cgroup.
//
// The error is an *[ArgumentError] if s is no signal number, a *[KillError] if one of the processes
// may not be signalled (EPERM; the others were), and wraps errors.ErrUnsupported on systems where
// descendants cannot be found: all but Linux.
//
// Once the child has outlived its loop, KillTree is safe to call from any goroutine.
//
// Sources: cgroups(7); Linux, Documentation/admin-guide/cgroup-v2.rst, "cgroup.freeze",
// "cgroup.kill".
func (c *ChildProcess) KillTree(s Signal) (int, error) {
	const op = "killTree"
	switch {
	case !c.mayBeSignal(s):
		return 0, notSignal(op, s)
	case !process.HasTrees:
		return 0, fmt.Errorf("childprocess: %s on this system: %w", op, errors.ErrUnsupported)
	case c.survivor != nil:
		sent := 0
		_, err := c.survivor.do(func(c *ChildProcess) (ok bool, err error) {
			sent, err = c.KillTree(s)
			return sent > 0, err
		})
		return sent, err
	case c.state == childStarting: // It has no descendants.
		c.starting.queueSignal(s, false)
		c.killed = true
		return 1, nil
	case c.startErr != nil:
		return 0, nil
	}
	sent, refused, err := c.throughTree(s)
	switch {
	case err == syscall.EINVAL:
		return 0, notSignal(op, s)
	case err != nil:
		err = &KillError{Pid: refused, Signal: s, Err: err}
	}
	c.killed = c.killed || sent > 0
	return sent, err
}

// mayBeSignal reports whether s can be a signal. If there is a process the kernel decides, with
// EINVAL; before, package signals does.
func (c *ChildProcess) mayBeSignal(s Signal) bool {
	return s >= 0 && s <= maxSignal && (c.state != childStarting || s == 0 || isSignal(s))
}

func notSignal(op string, s Signal) error {
	return &ArgumentError{op, "signal " + strconv.Itoa(int(s)), "is not a signal"}
}

// sent returns the result of Kill or KillGroup, whose system call has returned err.
func (c *ChildProcess) sent(op string, s Signal, err error) (bool, error) {
	switch err {
	case nil:
		c.killed = true
		return true, nil
	case syscall.ESRCH:
		return false, nil
	case syscall.EINVAL:
		return false, notSignal(op, s)
	default:
		return false, &KillError{Pid: c.process.Pid, Signal: s, Err: err}
	}
}

// Killed reports whether this library has sent the child a signal, whichever it was. The child can
// still be alive.
func (c *ChildProcess) Killed() bool { return c.killed }

// A KillError says that the system has refused to send a signal.
type KillError struct {
	Pid    int
	Signal Signal
	Err    error // a syscall.Errno
}

// Error returns a text such as "kill 123: operation not permitted".
func (e *KillError) Error() string {
	return "kill " + strconv.Itoa(e.Pid) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *KillError) Unwrap() error { return e.Err }
