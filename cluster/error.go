package cluster

import (
	"errors"
	"fmt"

	"github.com/brood-go/brood/childprocess"
)

var (
	// ErrDisconnecting is returned by Fork, Reload and Upgrade during [Cluster.Disconnect]. It is
	// also the cause of a [ListenError] of Listen, and of a [ReloadError].
	ErrDisconnecting = errors.New("cluster: is disconnecting")

	// ErrReloading is returned by Reload and Upgrade during another Reload or Upgrade.
	ErrReloading = errors.New("cluster: a reload is under way")

	// ErrNotListening is the cause of a [ReloadError] if a new worker did not listen in time.
	ErrNotListening = errors.New("not listening in time")

	// ErrFlood is the cause of a [WorkerError] if a worker asked without reading the answers, and
	// was killed.
	ErrFlood = errors.New("worker does not read what it asks for")

	// ErrNotWorker is returned by [Join] if the program was not started as a worker of a cluster.
	ErrNotWorker = errors.New("cluster: not a worker of a cluster")
)

// An OptionError reports an invalid option or argument. Nothing was started.
type OptionError struct {
	Option string // such as "MaxPending"
	Reason string
}

// Error returns a text such as "cluster: MaxPending is negative".
func (e *OptionError) Error() string { return "cluster: " + e.Option + " " + e.Reason }

// A WorkerError reports that a worker could not be started, or broke the protocol.
type WorkerError struct {
	Worker *Worker
	Err    error // such as *[childprocess.SpawnError], *[ipc.MessageError] or [ErrFlood]
}

// Error returns a text such as "cluster: worker 1: spawn nosuch: ENOENT: no such file or
// directory".
func (e *WorkerError) Error() string {
	return fmt.Sprintf("cluster: worker %d: %v", e.Worker.id, e.Err)
}

// Unwrap returns the cause.
func (e *WorkerError) Unwrap() error { return e.Err }

// A ListenError reports an address that could not be listened on, or a listener that cannot accept
// at the moment. If a worker's server cannot listen, only the worker gets the error.
type ListenError struct {
	Op      string // "listen" or "accept"
	Address string // as given to Listen; for "accept" as in Incoming.Listener
	Err     error  // usually wraps a syscall.Errno
}

// Error returns a text such as "cluster: listen 127.0.0.1:80: address already in use".
func (e *ListenError) Error() string {
	return fmt.Sprintf("cluster: %s %s: %v", e.Op, e.Address, e.Err)
}

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// A ReloadError reports that a reload ended before every worker was replaced.
type ReloadError struct {
	// Worker is the new worker that failed; nil if the cluster disconnected, or no worker could be
	// forked. With ErrExited, Status is its status.
	Worker *Worker
	Status childprocess.ExitStatus
	Err    error // [ErrNotListening], [ErrExited], [ErrDisconnecting], or an error of Fork
}

// ErrExited is the cause of a [ReloadError] if a new worker exited before it listened; Status has
// its status.
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
