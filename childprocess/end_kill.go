package childprocess

import (
	"strconv"
	"syscall"
)

// maxSignal is the highest number that any supported system has (128 on MIPS, where the kernel refuses what it lacks).
const maxSignal = 128

// Kill sends the child a signal; 0 sends none and only asks whether it could. It reports true when the system call
// succeeded, which it does also for a child that has ended and was not yet seen to, and (false, nil) when the child has
// exited or never ran. It never reaches another process: until this library has waited for the child, its pid is its own.
// (Only a pidfd keeps that promise when something else in the program waits for the child.) Only the child itself is
// signalled, not its descendants. An Async child that is being started gets the signal when it runs, and until then Kill
// reports true.
//
// Errors are *[ArgumentError] for what is no signal number, and *[KillError] (EPERM).
func (c *ChildProcess) Kill(s Signal) (bool, error) {
	// What the kernel would say of a number is not known before there is a process.
	if s < 0 || s > maxSignal || c.state == childStarting && s != 0 && !isSignal(s) {
		return false, &ArgumentError{"kill", "signal " + strconv.Itoa(int(s)), "is not a signal"}
	}
	switch c.state {
	case childStarting:
		c.starting.kill(s)
		c.killed = true
		return true, nil
	case childEnded, childExited, childClosed:
		return false, nil
	}
	switch err := c.process.Signal(s); err {
	case nil:
		c.killed = true
		return true, nil
	case syscall.ESRCH:
		return false, nil
	case syscall.EINVAL:
		return false, &ArgumentError{"kill", "signal " + strconv.Itoa(int(s)), "is not a signal"}
	default:
		return false, &KillError{Pid: c.process.Pid, Signal: s, Err: err}
	}
}

// Killed reports whether Kill has succeeded, with whatever signal; the child may well be alive.
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
