package signals

import (
	"os"
	"syscall"
)

// The reasons why [Watch] refuses a signal, besides [ErrUnknown]. errors.Is(err, os.ErrInvalid) is
// true for each.
var (
	// ErrUncatchable says that no program can catch the signal: SIGKILL and SIGSTOP.
	ErrUncatchable error = &refusal{"cannot be caught"}

	// ErrSynchronous says that the processor or the kernel raises the signal to report a fault of
	// the running instruction: SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGEMT. The Go
	// runtime turns them into panics and crash reports, which a callback that runs later could not
	// replace.
	ErrSynchronous error = &refusal{"is a fault of the program itself"}

	// ErrReserved says that the Go runtime or the thread library keeps the signal for itself, or
	// that the runtime cannot catch it: SIGPROF, the profiler's clock, on all systems; SIG32, SIG33
	// and SIGRTMIN on Linux; SIGTHR and the real-time signals on the BSDs.
	ErrReserved error = &refusal{"is reserved by the Go runtime"}
)

// refusal is the type of the sentinels.
type refusal struct{ text string }

func (e *refusal) Error() string        { return e.text }
func (e *refusal) Is(target error) bool { return target == os.ErrInvalid }

// A WatchError is a signal that [Watch] could not watch, or [Default] not reset.
type WatchError struct {
	Signal Signal
	// ErrUncatchable, ErrSynchronous, ErrReserved, ErrUnknown, reactor.ErrClosed, an
	// *os.SyscallError…
	Err error
}

// Error returns the name of the signal and the cause.
func (e *WatchError) Error() string { return "signals: watch " + Name(e.Signal) + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *WatchError) Unwrap() error { return e.Err }

// refusalOf returns the reason why s cannot be watched, nil if it can.
func refusalOf(s Signal) error {
	if s < 1 || s > maxSignal {
		return ErrUnknown
	}
	switch s {
	case syscall.SIGKILL, syscall.SIGSTOP:
		return ErrUncatchable
	case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGSYS:
		return ErrSynchronous
	case syscall.SIGPROF:
		return ErrReserved
	}
	if Name(s) == "SIGEMT" { // Few systems have it, so there is no constant to compare with.
		return ErrSynchronous
	}
	if reserved(s) {
		return ErrReserved
	}
	return nil
}
