package cluster

import (
	"errors"
	"fmt"

	"github.com/brood-go/brood/childprocess"
)

var (
	// ErrDisconnecting is returned by Fork, Reload and Upgrade while [Cluster.Disconnect] has the
	// workers end.
	ErrDisconnecting = errors.New("cluster: is disconnecting")

	// ErrReloading is returned by Reload and Upgrade while one of them is under way.
	ErrReloading = errors.New("cluster: a reload is under way")

	// ErrNotListening is why a reload has failed whose new worker did not listen in time.
	ErrNotListening = errors.New("not listening in time")

	// ErrFlood is why a worker was killed that asks and does not read the answers.
	ErrFlood = errors.New("worker does not read what it asks for")

	// ErrNotWorker is returned by [Join] when the program was not started as a worker of a cluster.
	ErrNotWorker = errors.New("cluster: not a worker of a cluster")
)

// An OptionError is an option, or an argument, that makes no sense.
type OptionError struct {
	Option string // "MaxPending"
	Reason string
}

// Error returns a text such as "cluster: MaxPending is negative".
func (e *OptionError) Error() string { return "cluster: " + e.Option + " " + e.Reason }

// A WorkerError is what went wrong with a worker: it could not be started, or it sends what makes
// no sense.
type WorkerError struct {
	Worker *Worker
	Err    error // such as *[childprocess.SpawnError], *ipc.MessageError, or [ErrFlood]
}

// Error returns a text such as "cluster: worker 1: spawn nosuch: ENOENT: no such file or
// directory".
func (e *WorkerError) Error() string {
	return fmt.Sprintf("cluster: worker %d: %v", e.Worker.id, e.Err)
}

// Unwrap returns the cause.
func (e *WorkerError) Unwrap() error { return e.Err }

// A ListenError is an address that could not be listened on, or a listener that cannot accept.
// Workers are told of the former by themselves, as their server's error event.
type ListenError struct {
	Op      string // "listen", "accept"
	Address string
	Err     error // usually wraps a syscall.Errno
}

// Error returns a text such as "cluster: accept 127.0.0.1:80: too many open files".
func (e *ListenError) Error() string {
	return fmt.Sprintf("cluster: %s %s: %v", e.Op, e.Address, e.Err)
}

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// A ReloadError says why a reload has ended before every worker was replaced.
type ReloadError struct {
	// the new one that failed; nil when the cluster disconnected meanwhile, or none could be forked
	Worker *Worker
	Status childprocess.ExitStatus
	Err    error // [ErrNotListening], [ErrExited], [ErrDisconnecting], or what Fork has returned
}

// ErrExited is why a reload has failed whose new worker has ended before it listened, with the
// Status of the [ReloadError].
var ErrExited = errors.New("exited before it listened")

// Error returns a text such as "cluster: reload: worker 5: exited before it listened: exit status
// 1".
func (e *ReloadError) Error() string {
	text := "cluster: reload: "
	if e.Worker != nil {
		text += fmt.Sprintf("worker %d: ", e.Worker.id)
	}
	text += e.Err.Error()
	if e.Err == ErrExited {
		text += ": " + e.Status.String()
	}
	return text
}

// Unwrap returns the cause.
func (e *ReloadError) Unwrap() error { return e.Err }
