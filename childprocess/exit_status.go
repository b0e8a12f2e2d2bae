package childprocess

import (
	"strconv"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/signals"
)

// An ExitStatus is how a child ended.
type ExitStatus struct {
	// Code is what the child passed to exit(3), 0 to 255. It is -1 when a signal ended the child, when the status was lost,
	// and in an [ExitError] that did not wait for the end, which has a Cause; and the negative errno when the program could
	// not be started.
	Code int

	// Signal ended the child; 0 if none did.
	Signal Signal

	CoreDumped bool // the signal left a core file

	// Lost: the child has ended, but something else in this program waited for it and took its status.
	Lost bool

	// Cause is why this library ended the child, nil if it did not: [ErrTimeout], [ErrMaxBuffer] or what wraps it, or an
	// *[AbortError] for the end of its Context. The child may have exited as it liked nevertheless.
	Cause error

	Forced bool // SIGKILL was sent after Options.KillGrace
	CutOff bool // the pipes were closed before their end, see Options.CloseGrace; known at close

	// Rusage is what the child used, with its own children that it waited for (getrusage(2)); nil when it is not known.
	// Its Maxrss is not only the child's: before execve(2) a child shares the memory of its parent, and the peak counts.
	Rusage *syscall.Rusage

	// Elapsed is the time from the start of the child to the time its end was seen.
	Elapsed time.Duration
}

// Success reports whether the child ran and exited with 0.
func (s ExitStatus) Success() bool { return s.Code == 0 && s.Signal == 0 && !s.Lost }

// String returns a text such as "exit status 3" or "signal: SIGKILL (core dumped)".
func (s ExitStatus) String() string {
	switch {
	case s.Lost:
		return "exit status lost"
	case s.Signal != 0:
		text := "signal: " + signals.Name(s.Signal)
		if s.CoreDumped {
			text += " (core dumped)"
		}
		return text
	case s.Code == -1 && s.Cause != nil: // Else it is EPERM.
		return "still running"
	case s.Code < 0:
		return "not started: " + syscall.Errno(-s.Code).Error()
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
