package pool

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
)

var (
	// ErrQueueFull is returned by Run when Options.MaxQueue or MaxQueueBytes is reached.
	ErrQueueFull = errors.New("pool: queue full")

	// ErrTimeout is the error of a task whose run was longer than its Timeout. errors.Is finds
	// syscall.ETIMEDOUT and os.ErrDeadlineExceeded in it.
	ErrTimeout error = timeoutError("pool: job timed out")

	// ErrQueueTimeout is the error of a task that waited for a worker longer than its QueueTimeout.
	// errors.Is finds syscall.ETIMEDOUT and os.ErrDeadlineExceeded in it.
	ErrQueueTimeout error = timeoutError("pool: job has waited too long")

	// ErrCancelled is in the error of a cancelled task, see [CancelError].
	ErrCancelled = errors.New("pool: job cancelled")

	// ErrStopped is returned by Run after Stop, and is the error of a task that was not run before
	// the pool stopped. errors.Is finds os.ErrClosed in it.
	ErrStopped error = stoppedError{}

	// ErrTooLarge is returned for a job over Options.MaxJob, and is the error of a task whose
	// result is over Options.MaxResult.
	ErrTooLarge = errors.New("pool: too large")

	// ErrMethod is the error of a task whose method no ready worker has.
	ErrMethod = errors.New("pool: no worker has this method")

	// ErrReloading is returned by Reload and Upgrade while another one is under way.
	ErrReloading = errors.New("pool: already reloading")

	// ErrBroken is in a [CrashError] when the pool killed the worker because it broke the protocol.
	ErrBroken = errors.New("pool: worker breaks the protocol")

	// ErrMemory is in a [CrashError] when the worker was over Options.MaxMemoryHard, or when it got
	// SIGKILL and the kernel has counted an out-of-memory kill in its cgroup. ErrPerhapsMemory is
	// there when a worker got SIGKILL, not from this pool, and no count is available.
	ErrMemory        = errors.New("pool: out of memory")
	ErrPerhapsMemory = errors.New("pool: perhaps out of memory") // see ErrMemory

	// ErrHung is in a [CrashError] when the pool killed the worker because it did not answer a
	// ping.
	ErrHung = errors.New("pool: worker does not answer")
)

type timeoutError string

func (e timeoutError) Error() string { return string(e) }

func (timeoutError) Is(target error) bool {
	return target == syscall.ETIMEDOUT || target == os.ErrDeadlineExceeded
}

type stoppedError struct{}

func (stoppedError) Error() string        { return "pool: stopped" }
func (stoppedError) Is(target error) bool { return target == os.ErrClosed }

// An OptionError is a mistake in [Options] or [RunOptions]. errors.Is(err, syscall.EINVAL) is true.
type OptionError struct {
	Name   string // name of the field or argument
	Reason string // the mistake, such as "is negative"
}

// Error returns a text such as "pool: Min is more than Max".
func (e *OptionError) Error() string { return "pool: " + e.Name + " " + e.Reason }

// Is reports whether target is EINVAL.
func (e *OptionError) Is(target error) bool { return target == syscall.EINVAL }

// A JobError is the error with which a worker answered a job. The worker itself goes on.
type JobError struct {
	Method  string // method of the job
	Message string
	Name    string // name of the JavaScript error or Go type
	Code    string // such as "ENOENT"
	Stack   string // "" if the worker sent none
	Value   []byte // the error as it came, JSON, at most 64 KiB of it
	Runs    int    // number of runs of the job
}

// Error returns a text such as "pool: resize: no such image".
func (e *JobError) Error() string {
	text := "pool: "
	if e.Method != "" {
		text += e.Method + ": "
	}
	if e.Message == "" {
		return text + "the worker answers with an error"
	}
	return text + e.Message
}

// A Crash is the unexpected exit of a worker.
type Crash struct {
	Worker Worker
	Status childprocess.ExitStatus
	// why the pool killed it, or what else is known of the reason; nil: Status says all
	Err    error
	Stderr []byte // the end of its stderr, at most 64 KiB
}

// String returns a text such as "worker 3 (pid 4711): signal: SIGKILL, perhaps out of memory".
func (c Crash) String() string {
	text := fmt.Sprintf("worker %d (pid %d): %s", c.Worker.Number, c.Worker.Pid, c.Status)
	if c.Err != nil {
		text += ", " + strings.TrimPrefix(c.Err.Error(), "pool: ")
	}
	if last := lastWords(c.Stderr); last != "" {
		text += ": " + last
	}
	return text
}

// A CrashError is the error of a task when a worker that had begun it died.
type CrashError struct {
	Crashes []Crash // in order; at least one, at most Options.MaxCrashes
	poison  bool
}

// ErrPoison is in a [CrashError] when the task was run again until Options.MaxCrashes workers had
// died of it.
var ErrPoison = errors.New("pool: this job kills its workers")

// Error returns a text such as "pool: worker died: worker 3 (pid 4711): exit status 1: panic: no
// memory".
func (e *CrashError) Error() string {
	text := "pool: worker died: "
	if e.poison {
		text = fmt.Sprintf("pool: %d workers died of this job: ", len(e.Crashes))
	}
	for i, c := range e.Crashes {
		if i > 0 {
			text += "; "
		}
		text += c.String()
	}
	return text
}

// Unwrap returns the Err of each crash that has one, and [ErrPoison].
func (e *CrashError) Unwrap() []error {
	var all []error
	if e.poison {
		all = append(all, ErrPoison)
	}
	for _, c := range e.Crashes {
		if c.Err != nil {
			all = append(all, c.Err)
		}
	}
	return all
}

// A CancelError is the error of a task that was cancelled by [Task.Cancel] or the end of its
// context. errors.Is finds [ErrCancelled] and the cause in it.
type CancelError struct {
	Cause error // never nil
}

// Error returns a text such as "pool: job cancelled: context deadline exceeded".
func (e *CancelError) Error() string {
	if e.Cause == ErrCancelled {
		return ErrCancelled.Error()
	}
	return ErrCancelled.Error() + ": " + e.Cause.Error()
}

// Unwrap returns ErrCancelled and the cause.
func (e *CancelError) Unwrap() []error { return []error{ErrCancelled, e.Cause} }

// A StartError is a worker that did not become ready. If no worker was ready before, the pool
// stops: waiting tasks fail with the error, and Run returns it. Later ones go to OnError.
type StartError struct {
	Worker Worker
	Status childprocess.ExitStatus // zero if the program could not be started
	// a *[childprocess.SpawnError]; [ErrStartTimeout]; a *[VersionError]; ErrBroken; nil: it exited
	// by itself
	Err    error
	Stderr []byte // the end of its stderr, at most 64 KiB
}

// ErrStartTimeout is in a [StartError] when Options.StartTimeout has passed.
var ErrStartTimeout error = timeoutError("pool: worker is not ready in time")

// errNoReadyMessage is ErrStartTimeout for a program that may not know that it has to send a ready
// message.
var errNoReadyMessage = fmt.Errorf("%w: no ready message, for which Options.Ready has it wait", ErrStartTimeout)

// Error returns a text such as "pool: worker 1 does not start: exit status 1: cannot open config".
func (e *StartError) Error() string {
	text := fmt.Sprintf("pool: worker %d does not start: ", e.Worker.Number)
	if e.Err != nil {
		text += strings.TrimPrefix(e.Err.Error(), "pool: ")
	} else {
		text += e.Status.String()
	}
	if last := lastWords(e.Stderr); last != "" {
		text += ": " + last
	}
	return text
}

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// A VersionError is a worker with another version of the protocol than [Version].
type VersionError struct {
	Version string // the worker's version, as JSON, at most 16 bytes
}

// Error returns a text such as "pool: worker speaks version 2 of the protocol, not 1".
func (e *VersionError) Error() string {
	return fmt.Sprintf("pool: worker speaks version %s of the protocol, not %d", e.Version, Version)
}

// A ProtocolError is a message of a worker that is no valid one. It goes to OnError. If the message
// breaks the protocol, the worker is replaced. A task fails with it if its answer is no JSON.
type ProtocolError struct {
	Worker Worker
	Reason string
	Data   []byte // the beginning of the message, at most 64 bytes
}

// Error returns a text such as `pool: worker 3: an answer to nothing: {"id":12}`.
func (e *ProtocolError) Error() string {
	return fmt.Sprintf("pool: worker %d: %s: %s", e.Worker.Number, e.Reason, e.Data)
}

// A MemoryError is a worker that is over Options.MaxMemory as soon as it is ready. It goes to
// OnError, and the worker is not replaced, because a successor would be as big.
type MemoryError struct {
	Worker Worker
	Bytes  int64 // resident memory when it became ready
	Max    int64 // Options.MaxMemory
}

// Error returns a text such as "pool: worker 3 needs 120 MiB when it starts, MaxMemory is 100 MiB".
func (e *MemoryError) Error() string {
	return fmt.Sprintf("pool: worker %d needs %d MiB when it starts, MaxMemory is %d MiB", e.Worker.Number, e.Bytes>>20, e.Max>>20)
}

// A CrashLoopError means that ten or more workers died in a row without an answer in between. It
// goes to OnCrashLoop. With CrashLoopFail it is also the error of waiting tasks.
type CrashLoopError struct {
	Deaths int           // deaths in a row
	Next   time.Duration // pause until the next worker is started
	Last   Crash
}

// Error returns a text such as "pool: 10 workers died one after the other, the last one: worker 3
// (pid 4711): exit status 1".
func (e *CrashLoopError) Error() string {
	return fmt.Sprintf("pool: %d workers died one after the other, the last one: %s", e.Deaths, e.Last)
}
