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

	// ErrTimeout is what a task fails with that was over its Timeout. errors.Is finds
	// syscall.ETIMEDOUT and os.ErrDeadlineExceeded in it.
	ErrTimeout error = timeoutError("pool: job timed out")

	// ErrQueueTimeout is what a task fails with that has waited for a worker for longer than its
	// QueueTimeout. errors.Is finds syscall.ETIMEDOUT and os.ErrDeadlineExceeded in it.
	ErrQueueTimeout error = timeoutError("pool: job has waited too long")

	// ErrCancelled is in what a task fails with that was cancelled, see [CancelError].
	ErrCancelled = errors.New("pool: job cancelled")

	// ErrStopped is returned by Run after Stop, and is what a task fails with that was not run
	// before the pool ended. errors.Is finds os.ErrClosed in it.
	ErrStopped error = stoppedError{}

	// ErrTooLarge is returned for a job over Options.MaxJob, and is what a task fails with whose
	// result is over Options.MaxResult.
	ErrTooLarge = errors.New("pool: too large")

	// ErrMethod is what a task fails with when no worker that is ready has such a method.
	ErrMethod = errors.New("pool: no worker has this method")

	// ErrReloading is what Reload and Upgrade end with while another one is under way.
	ErrReloading = errors.New("pool: already reloading")

	// ErrBroken is in a [CrashError] when the pool has ended the worker itself, because it does not
	// keep to the protocol.
	ErrBroken = errors.New("pool: worker breaks the protocol")

	// ErrMemory is in a [CrashError] when the worker was over Options.MaxMemoryHard, or the kernel
	// says that it has killed a process of its cgroup because memory ran out. ErrPerhapsMemory is
	// there when it got a SIGKILL that does not come from this pool, and nothing says why.
	ErrMemory        = errors.New("pool: out of memory")
	ErrPerhapsMemory = errors.New("pool: perhaps out of memory") // see ErrMemory

	// ErrHung is in a [CrashError] when the pool has ended the worker itself, because it did not
	// answer a ping.
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
	Name   string // of the field
	Reason string // what is wrong with it
}

// Error returns a text such as "pool: Min is more than Max".
func (e *OptionError) Error() string { return "pool: " + e.Name + " " + e.Reason }

// Is reports whether target is EINVAL.
func (e *OptionError) Is(target error) bool { return target == syscall.EINVAL }

// A JobError is the error with which a worker has answered a job: it is well, and says no.
type JobError struct {
	Method  string // of the job
	Message string
	Name    string // of a JavaScript error, or a Go type
	Code    string // such as "ENOENT"
	Stack   string // "" if the worker has sent none
	Value   []byte // the error as it came, JSON, at most 64 KiB of it
	Runs    int    // how often the job was run
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

// A Crash is the end of a worker that was not to end.
type Crash struct {
	Worker Worker
	Status childprocess.ExitStatus
	Err    error  // why the pool has ended it, or what is known of the reason; nil: Status says all
	Stderr []byte // the last it has written there, at most 64 KiB
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

// A CrashError is what a task fails with when a worker that had begun it has died.
type CrashError struct {
	Crashes []Crash // one, or as many as Options.MaxCrashes
	poison  bool
}

// ErrPoison is in a [CrashError] when the task was run again and Options.MaxCrashes workers have
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

// Unwrap returns what the pool itself has ended the workers for, and [ErrPoison].
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

// A CancelError is what a task fails with that was cancelled by [Task.Cancel] or the end of its
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

// A StartError is a worker that did not become ready. Before any worker was ready it is the end of
// the pool: what waits fails with it, and Run returns it. Later it comes to OnError.
type StartError struct {
	Worker Worker
	Status childprocess.ExitStatus // the zero value if the program could not be started, or ended
	// a *[childprocess.SpawnError]; [ErrStartTimeout]; a *[VersionError]; ErrBroken; nil: it has
	// ended by itself
	Err    error
	Stderr []byte // the last it has written there, at most 64 KiB
}

// ErrStartTimeout is in a [StartError] when Options.StartTimeout has passed.
var ErrStartTimeout error = timeoutError("pool: worker is not ready in time")

// errNoReadyMessage is ErrStartTimeout for a program that may not know that it has to say
// something.
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

// A VersionError is a worker that speaks another version of the protocol than [Version].
type VersionError struct {
	Version string // that of the worker, JSON, at most 16 bytes of it
}

// Error returns a text such as "pool: worker speaks version 2 of the protocol, not 1".
func (e *VersionError) Error() string {
	return fmt.Sprintf("pool: worker speaks version %s of the protocol, not %d", e.Version, Version)
}

// A ProtocolError is a message of a worker that makes no sense. It comes to OnError; the worker is
// replaced where it cannot be trusted any more. It is what a task fails with whose answer is no
// JSON.
type ProtocolError struct {
	Worker Worker
	Reason string
	Data   []byte // how the message begins, at most 64 bytes
}

// Error returns a text such as `pool: worker 3: an answer to nothing: {"id":12}`.
func (e *ProtocolError) Error() string {
	return fmt.Sprintf("pool: worker %d: %s: %s", e.Worker.Number, e.Reason, e.Data)
}

// A MemoryError comes to OnError when a worker is over Options.MaxMemory when it becomes ready:
// replacing it would not help.
type MemoryError struct {
	Worker Worker
	Bytes  int64
	Max    int64 // Options.MaxMemory
}

// Error returns a text such as "pool: worker 3 needs 120 MiB when it starts, MaxMemory is 100 MiB".
func (e *MemoryError) Error() string {
	return fmt.Sprintf("pool: worker %d needs %d MiB when it starts, MaxMemory is %d MiB", e.Worker.Number, e.Bytes>>20, e.Max>>20)
}

// A CrashLoopError comes to OnCrashLoop when workers have died one after the other without an
// answer in between, and is what waiting tasks fail with then if Options.CrashLoop says so.
type CrashLoopError struct {
	Deaths int           // so far
	Next   time.Duration // until another one is tried
	Last   Crash
}

// Error returns a text such as "pool: 10 workers died one after the other, the last one: worker 3
// (pid 4711): exit status 1".
func (e *CrashLoopError) Error() string {
	return fmt.Sprintf("pool: %d workers died one after the other, the last one: %s", e.Deaths, e.Last)
}
