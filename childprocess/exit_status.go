package childprocess

import (
	"errors"
	"strconv"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/signals"
)

// An ExitStatus is how a child ended, or that it has not, or why it never ran: see State.
type ExitStatus struct {
	// Code is what the child passed to exit(3), 0 to 255, and -1 when there is no such code: in
	// every state but [StateExited].
	Code int

	// Signal ended the child; 0 if none did.
	Signal Signal

	CoreDumped bool // the signal left a core file

	// Lost: the child has ended, but something else in this program waited for it and took its
	// status.
	Lost bool

	// Running: the child has not ended. So it is for whoever asks before, and in an [ExitError]
	// that did not wait for the end, which has a Cause.
	Running bool

	// NotStarted is why there never was a process, a *[SpawnError] or an *[ArgumentError]; nil if
	// there was. (Node has the negative errno as an exit code.)
	NotStarted error

	// Cause is why this library ended the child, nil if it did not: [ErrTimeout], [ErrIdle],
	// [ErrMaxBuffer] or what wraps it, [ErrEnough], [ErrTerminated], or an *[AbortError] for the
	// end of its Context. The child may have exited as it liked nevertheless.
	Cause error

	// SIGKILL was sent, after the grace of Options.KillGrace or Terminate, or by CancelKill
	Forced bool
	CutOff bool // the pipes were closed before their end, see Options.CloseGrace; known at close

	// Overflowed: there was more output than MaxBuffer, and Options.Overflow had the rest thrown
	// away; known at close.
	Overflowed bool

	// Rusage is what the child used, with its own children that it waited for (getrusage(2)); nil
	// when it is not known. Its Maxrss is not only the child's: before execve(2) a child shares the
	// memory of its parent, and the peak counts.
	Rusage *syscall.Rusage

	// Usage is that in other words: CPU, memory, faults, input and output, context switches.
	Usage Usage

	// Elapsed is the time from the start of the child to the time its end was seen.
	Elapsed time.Duration
}

// An ExitState is what an [ExitStatus] is about.
type ExitState uint8

// The states. Exactly one of them is true of a child at any time.
const (
	StateExited     ExitState = iota // by itself, with Code
	StateSignaled                    // ended by Signal
	StateLost                        // ended, and nobody here knows how
	StateRunning                     // not ended
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

// State tells the states of a child apart.
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
			why = failed.Err // All of it is in the error.
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

// statusOf is the status of a child that has ended.
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
