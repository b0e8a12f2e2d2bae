package childprocess

import (
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

// A WorkerError is returned by [ForkSelf] in a process that was itself started as a worker and is
// not at its work: it has not come to [Workers.Run], or has returned from it. It is a mistake in
// the program: errors.Is(err, syscall.EINVAL) is true.
type WorkerError struct {
	Worker string // the name that this process was started with; "" when its work is over
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

// identity is whether this process is a worker. Like its environment it belongs to the program and
// not to a loop.
var identity workerIdentity

// workerIdentity goes from a worker that was not run, which the environment tells, to one that
// runs, and on to one that has ended. A process that is no worker stays that.
type workerIdentity struct{ finished atomic.Bool }

func (w *workerIdentity) finish() { w.finished.Store(true) }

// mayFork returns why this process must not start itself again, nil if it may.
func (w *workerIdentity) mayFork() error {
	if name, ok := os.LookupEnv(workerName); ok {
		return &WorkerError{name}
	}
	if w.finished.Load() {
		return &WorkerError{}
	}
	return nil
}
