package fleet

import (
	"errors"
	"fmt"
	"os"
	"time"
)

var (
	// ErrDuplicate is returned by Submit when a job with that id waits or runs.
	ErrDuplicate = errors.New("fleet: a job with this id is queued already")

	// ErrAlreadyDone is returned by Submit when a job with that id was finished a short time ago,
	// or its result is still stored, and by Cancel when there is nothing left to cancel.
	ErrAlreadyDone = errors.New("fleet: a job with this id was done already")

	// ErrQueueFull is returned by Submit when the stream of jobs, or of delayed jobs, has reached
	// Layout.MaxJobs or Layout.MaxJobBytes, or the server has no room left.
	ErrQueueFull = errors.New("fleet: the queue is full")

	// ErrPermission is in the chain of what is returned when the server refuses a subject to this
	// user.
	ErrPermission = errors.New("fleet: not permitted")

	// ErrCredentials is in the chain of what Dial returns when the server does not know the user or
	// its secret.
	ErrCredentials = errors.New("fleet: wrong credentials")

	// ErrUnavailable is in the chain of what is returned when no server answers, or none that leads
	// the stream.
	ErrUnavailable = errors.New("fleet: no server answers")

	// ErrNoJetStream is returned by Dial when the server, or the account of the user, is without
	// JetStream.
	ErrNoJetStream = errors.New("fleet: the server has no JetStream")

	// ErrNotSetUp is in the chain of what is returned when the streams of the fleet, or a queue,
	// are not there. Setup and AddQueue make them.
	ErrNotSetUp = errors.New("fleet: not set up on this server")

	// ErrTooLarge is returned for a job or a result over Options.MaxPayload.
	ErrTooLarge = errors.New("fleet: payload too large")

	// ErrCancelled is what Wait returns for a job that was cancelled.
	ErrCancelled = errors.New("fleet: the job was cancelled")

	// ErrNotFound is returned for a job, a schedule or an agent that is not there.
	ErrNotFound = errors.New("fleet: not found")

	// ErrLocked is returned by Serve when another process uses the directory.
	ErrLocked = errors.New("fleet: another process uses the directory")

	// ErrClosed is returned by everything after Close. errors.Is(ErrClosed, os.ErrClosed) is true.
	ErrClosed error = closedError{}
)

type closedError struct{}

func (closedError) Error() string { return "fleet: closed" }
func (closedError) Unwrap() error { return os.ErrClosed }

// An OptionError is a mistake in what the program asked for. Nothing was started or sent.
type OptionError struct {
	Option string // such as "JobOptions.ID"
	Reason string
}

// Error returns a text such as "fleet: JobOptions.ID: it has a dot".
func (e *OptionError) Error() string { return "fleet: " + e.Option + ": " + e.Reason }

// An OpError is an operation that the servers refused, or to which they did not answer.
type OpError struct {
	Op      string // what was asked for, such as "submit"
	Subject string // the subject, stream, queue or job
	Err     error  // ErrPermission, ErrUnavailable, a context's cause, or what the server said
}

// Error returns a text such as "fleet: submit mail.ab12: not permitted".
func (e *OpError) Error() string { return fmt.Sprintf("fleet: %s %s: %v", e.Op, e.Subject, e.Err) }

// Unwrap returns the cause.
func (e *OpError) Unwrap() error { return e.Err }

// A VersionError is returned by Dial for a server that is too old: message schedules came with
// 2.12.
type VersionError struct {
	Server, Least string
}

// Error returns a text such as "fleet: the server is version 2.9.1, at least 2.12.0 is needed".
func (e *VersionError) Error() string {
	return fmt.Sprintf("fleet: the server is version %s, at least %s is needed", e.Server, e.Least)
}

// DeadKind is why a job is in the dead stream.
type DeadKind string

// The kinds of dead jobs.
const (
	DeadFailed    DeadKind = "failed"    // it failed as often as it may
	DeadLost      DeadKind = "lost"      // machines were lost while it ran
	DeadMalformed DeadKind = "malformed" // what was queued is no job
	DeadPayload   DeadKind = "payload"   // its payload is gone from the object store
)

// A DeadError is what Wait returns for a job that is in the dead stream.
type DeadError struct {
	ID     string
	Kind   DeadKind
	Reason string // what the last attempt said
	Stderr string // the end of what the worker of the last attempt wrote to stderr, when it died
	Tries         // how often it was tried
	Agent  string // the agent that gave up
	Time   time.Time
}

// Error returns a text such as "fleet: job web.ab12 is dead (failed, attempt 3): no such file".
func (e *DeadError) Error() string {
	return fmt.Sprintf("fleet: job %s is dead (%s, attempt %d): %s", e.ID, e.Kind, e.Attempt, e.Reason)
}
