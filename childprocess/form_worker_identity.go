package childprocess

import (
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

// A WorkerError is returned by [ForkSelf] in a process that was started as a worker, before
// [Workers.Run] has begun or after it has returned. It is a mistake in the program. errors.Is finds
// syscall.EINVAL in it.
type WorkerError struct {
	Worker string // the name this process was started with; "" after Workers.Run
}

// Error returns a text such as `fork: this process is the worker "hash", which has not run: call
// Workers.Run first in main`.
func (e *WorkerError) Error() string {
	if e.Worker == "" {
		return "fork: this process is a worker whose Workers.Run has returned: it has to end"
	}
	return "fork: this process is the worker " + strconv.Quote(e.Worker) + ", which has not run: call Workers.Run first in main"
}

// Is reports whether target is EINVAL.
func (e *WorkerError) Is(target error) bool { return target == syscall.EINVAL }

// identity is per program, because the environment, which has the worker's name, is.
var identity workerIdentity

// workerIdentity is the state of this process: not a worker, a worker that has not run (workerName
// is in the environment), one that runs (it is not), one that is over (finished). Safe to use from
// any goroutine.
type workerIdentity struct{ finished atomic.Bool }

// finish is called when Workers.Run returns.
func (w *workerIdentity) finish() { w.finished.Store(true) }

// mayFork returns a *WorkerError if this process must not start itself again.
func (w *workerIdentity) mayFork() error {
	if name, ok := os.LookupEnv(workerName); ok {
		return &WorkerError{name}
	}
	if w.finished.Load() {
		return &WorkerError{}
	}
	return nil
}
