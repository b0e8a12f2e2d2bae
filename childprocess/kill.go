package childprocess

import (
	"errors"
	"fmt"
	"strconv"
	"syscall"

	"github.com/brood-go/brood/internal/process"
)

// maxSignal is the highest number that any supported system has (128 on MIPS, where the kernel
// refuses what it lacks).
const maxSignal = 128

// Kill sends the child a signal; 0 sends none and only asks whether it could. It reports true when
// the system call succeeded, which it does also for a child that has ended and was not yet seen to,
// and (false, nil) when the child has exited or never ran. It never reaches another process: until
// this library has waited for the child, its pid is its own. (Only a pidfd keeps that promise when
// something else in the program waits for the child.) Only the child itself is signalled, not its
// descendants. An Async child that is being started gets the signal when it runs, and until then
// Kill reports true.
//
// Errors are *[ArgumentError] for what is no signal number, and *[KillError] (EPERM).
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

// KillGroup sends a signal to every process of the group that the child leads, as a Detached child
// does, one with a PTY, and one with Setpgid and no Pgid; 0 sends none and only asks. It reports
// true when there was a process to be signalled: until close, others of the group may be there
// after the child has exited, on systems that can signal it then (Linux 6.9). It reports (false,
// nil) when there is none, and else what [ChildProcess.Kill] does. A child that has left its group
// is not signalled. The group of an Async child that is being started gets the signal when it runs.
//
// Errors are *[ArgumentError] for what is no signal number and for a child that leads no group, and
// *[KillError] (EPERM, when not a single process may be signalled).
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

// KillTree sends a signal to the child and all its descendants, also those that have made a session
// or a group of their own, and returns how many there were. They stand still meanwhile, for up to
// 20 ms and as long as it takes to look at all of them, so that none can start another one unseen;
// then they go on, unless the signal is SIGSTOP. Signal 0 only counts.
//
// How far it reaches depends on Options.Cgroup:
//
//   - A child that was started in a cgroup of its own: all who are in that, or in a cgroup below
//     it, and whom they have started outside. It reaches daemons, whose parent has ended, and those
//     that are left after the exit and the close of the child, as long as the cgroup has not been
//     empty since. They are stopped by cgroup.freeze, and continued only if they were stopped
//     before and would not see the signal. A cgroup is the child's own when nobody was in it
//     before, and until this program, on whichever loop, starts another child there. Who is put
//     there by others counts as a member.
//   - Any other child: those whom /proc lists as the children of the child, of these children, and
//     so on. They are stopped by SIGSTOP and continued by SIGCONT. A descendant whose parent has
//     ended before belongs to process 1, to a subreaper, or to this program if it has a [Reaper],
//     and nothing says from whom it descends: it is found only if an earlier call, or a limit, has
//     found it while its parent lived. After the exit of the child the call reaches those that were
//     found before.
//
// In a cgroup that this program may list and not freeze (EACCES) members are stopped by signals.
// Where some may not be signalled, SIGKILL is written to cgroup.kill (Linux 5.14) if that is
// allowed. Since Linux 6.14 such a cgroup kills at birth what is later cloned into it; BackendFork
// then starts children there in another way, BackendForkExec refuses to (StepCgroup, ENOTSUP), and
// other programs have to make a new one.
//
// Errors are *[ArgumentError] for what is no signal number, *[KillError] when one of them may not
// be signalled (EPERM; the others were), and one that wraps errors.ErrUnsupported on systems where
// descendants cannot be found: all but Linux.
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

// mayBeSignal reports whether s may be a signal. What the kernel would say of a number is not known
// before there is a process.
func (c *ChildProcess) mayBeSignal(s Signal) bool {
	return s >= 0 && s <= maxSignal && (c.state != childStarting || s == 0 || isSignal(s))
}

func notSignal(op string, s Signal) error {
	return &ArgumentError{op, "signal " + strconv.Itoa(int(s)), "is not a signal"}
}

// sent is the result of a signal that the system has answered with err.
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

// Killed reports whether a signal was sent to the child by this library, whatever signal; the child
// may well be alive.
func (c *ChildProcess) Killed() bool { return c.killed }

// A KillError is a signal that could not be sent.
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
