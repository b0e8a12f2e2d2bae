package childprocess

import (
	"errors"
	"strconv"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/signals"
)

// An ExitStatus says how a child exited, that it still runs, or why it never ran: see State.
type ExitStatus struct {
	// Code is the exit code that the child passed to exit(3), 0 to 255. It is -1 in every state but
	// [StateExited].
	Code int

	// Signal is the signal that killed the child; 0 if none did.
	Signal Signal

	CoreDumped bool // the signal left a core file

	// Lost is true if the child has exited, but something else in this program waited for it and
	// took its status.
	Lost bool

	// Running is true if the child has not exited: in a status that was asked for before, and in an
	// [ExitError] of a call that did not wait for the exit; that one has a Cause.
	Running bool

	// NotStarted is the reason that there never was a process: a *[SpawnError] or an
	// *[ArgumentError]; nil if there was one. (Node has the negative errno as an exit code.)
	NotStarted error

	// Cause is the limit because of which this library killed the child, or with [CancelNone] did
	// not; nil if no limit was reached: [ErrTimeout], [ErrIdle], [ErrMaxBuffer] or an error that
	// wraps it, [ErrEnough], [ErrTerminated], an *[InputError], or an *[AbortError] if its Context
	// was done. A child that handles the signal can still exit with any code.
	Cause error

	// Forced is true if SIGKILL was sent: after the grace of Options.KillGrace or Terminate, or by
	// CancelKill.
	Forced bool

	// CutOff is true if pipes were closed before their end, see Options.CloseGrace. It is final at
	// close.
	CutOff bool

	// Overflowed is true if there was more output than MaxBuffer, and OverflowDrain dropped the
	// rest. It is final at close.
	Overflowed bool

	// Rusage has the resources that the child used, and its own children that it waited for
	// (getrusage(2)); nil if they are not known. Its Maxrss can be the parent's: before execve(2) a
	// child shares the memory of its parent, and that counts for the peak.
	Rusage *syscall.Rusage

	// Usage has the same in portable units, and a peak of memory that is the child's alone.
	Usage Usage

	// Elapsed is the time from the start of the child to the time when this program saw its exit.
	Elapsed time.Duration
}

// An ExitState is the kind of an [ExitStatus].
type ExitState uint8

// The states. Exactly one of them is true of a child at any time.
const (
	StateExited     ExitState = iota // by itself, with Code
	StateSignaled                    // killed by Signal
	StateLost                        // exited, and the status is lost
	StateRunning                     // not exited
	StateNotStarted                  // never ran, because of NotStarted
)

// String returns the state's name, such as "exited" or "not started".
func (s ExitState) String() string {
	switch s {
	case StateExited:
		return "exited"
	case StateSignaled:
		return "signaled"
	case StateLost:
		return "lost"
	case StateRunning:
		return "running"
	case StateNotStarted:
		return "not started"
	}
	return "ExitState(" + strconv.Itoa(int(s)) + ")"
}

// State returns the state that s describes.
func (s ExitStatus) State() ExitState {
	switch {
	case s.NotStarted != nil:
		return StateNotStarted
	case s.Running:
		return StateRunning
	case s.Lost:
		return StateLost
	case s.Signal != 0:
		return StateSignaled
	}
	return StateExited
}

// Success reports whether the child ran and exited with 0.
func (s ExitStatus) Success() bool { return s.State() == StateExited && s.Code == 0 }

// String returns a text such as "exit status 3", "signal: SIGKILL (core dumped)", "exit status
// lost", "still running" or "not started: no such file or directory".
func (s ExitStatus) String() string {
	switch s.State() {
	case StateNotStarted:
		why := s.NotStarted
		if failed, ok := errors.AsType[*SpawnError](why); ok {
			why = failed.Err // The whole text is in the *SpawnError.
		}
		return "not started: " + why.Error()
	case StateRunning:
		return "still running"
	case StateLost:
		return "exit status lost"
	case StateSignaled:
		text := "signal: " + signals.Name(s.Signal)
		if s.CoreDumped {
			text += " (core dumped)"
		}
		return text
	}
	return "exit status " + strconv.Itoa(s.Code)
}

// statusOf returns the status of a child that was reaped; a change that is no exit means a lost
// one.
func statusOf(c process.Change) ExitStatus {
	s := ExitStatus{Code: -1, Rusage: c.Usage}
	switch c.Kind {
	case process.Exited:
		s.Code = c.Code
	case process.Signaled:
		s.Signal, s.CoreDumped = c.Signal, c.CoreDumped
	default:
		s.Lost = true
	}
	return s
}

func lost() ExitStatus { return ExitStatus{Code: -1, Lost: true} }

func running() ExitStatus { return ExitStatus{Code: -1, Running: true} }

func notStarted(why error) ExitStatus { return ExitStatus{Code: -1, NotStarted: why} }
