package fleet

import (
	"errors"
	"fmt"
	"os"
	"time"
)

var (
	// ErrDuplicate is returned by Submit and Requeue if a job with that id waits or runs.
	ErrDuplicate = errors.New("fleet: a job with this id is queued already")

	// ErrAlreadyDone is returned by Submit if a job with that id ended a short time ago or its
	// result is still stored, and by Cancel if there is nothing to cancel.
	ErrAlreadyDone = errors.New("fleet: a job with this id was done already")

	// ErrQueueFull is returned by Submit if the stream of jobs, or of delayed jobs, has reached
	// Layout.MaxJobs or Layout.MaxJobBytes, or the server has no room.
	ErrQueueFull = errors.New("fleet: the queue is full")

	// ErrPermission is wrapped in the error if the server refuses a subject to this user.
	ErrPermission = errors.New("fleet: not permitted")

	// ErrCredentials is wrapped in the error of Dial if the server does not accept the credentials.
	ErrCredentials = errors.New("fleet: wrong credentials")

	// ErrUnavailable is wrapped in the error if no server answers, or no leader of the stream.
	ErrUnavailable = errors.New("fleet: no server answers")

	// ErrNoJetStream is wrapped in the error of Dial if the server, or the user's account, has no
	// JetStream.
	ErrNoJetStream = errors.New("fleet: the server has no JetStream")

	// ErrNotSetUp is wrapped in the error if a stream of the fleet, or a queue, does not exist.
	// Setup and AddQueue create them.
	ErrNotSetUp = errors.New("fleet: not set up on this server")

	// ErrTooLarge is wrapped in the error for a job or result above Options.MaxPayload.
	ErrTooLarge = errors.New("fleet: payload too large")

	// ErrCancelled is wrapped in the error of Wait if the job was cancelled.
	ErrCancelled = errors.New("fleet: the job was cancelled")

	// ErrNotFound is returned for a job, a schedule or an agent that does not exist.
	ErrNotFound = errors.New("fleet: not found")

	// ErrLocked is wrapped in the error of Serve if another process uses the directory.
	ErrLocked = errors.New("fleet: another process uses the directory")

	// ErrClosed is wrapped in every error after Close. errors.Is(ErrClosed, os.ErrClosed) is true.
	ErrClosed error = closedError{}
)

// closedError is the type of ErrClosed.
type closedError struct{}

func (closedError) Error() string { return "fleet: closed" }
func (closedError) Unwrap() error { return os.ErrClosed }

// An OptionError reports an invalid option or argument. Nothing was started or sent.
type OptionError struct {
	Option string // such as "JobOptions.ID"
	Reason string
}

// Error returns a text such as "fleet: JobOptions.ID: it has a dot".
func (e *OptionError) Error() string { return "fleet: " + e.Option + ": " + e.Reason }

// An OpError reports an operation that the servers refused or did not answer.
type OpError struct {
	Op      string // the operation, such as "submit"
	Subject string // its subject, stream, queue or job
	Err     error  // wraps ErrPermission, ErrUnavailable, a context's cause, or the server's error
}

// Error returns a text such as "fleet: submit mail.ab12: not permitted".
func (e *OpError) Error() string { return fmt.Sprintf("fleet: %s %s: %v", e.Op, e.Subject, e.Err) }

// Unwrap returns the cause.
func (e *OpError) Unwrap() error { return e.Err }

// A VersionError is returned by Dial if the server is older than 2.12, the first version with
// message schedules.
type VersionError struct {
	Server, Least string
}

// Error returns a text such as "fleet: the server is version 2.9.1, at least 2.12.0 is needed".
func (e *VersionError) Error() string {
	return fmt.Sprintf("fleet: the server is version %s, at least %s is needed", e.Server, e.Least)
}

// DeadKind tells why a job is in the dead stream.
type DeadKind string

// The kinds of dead jobs.
const (
	DeadFailed    DeadKind = "failed"    // its attempts failed as often as they may
	DeadLost      DeadKind = "lost"      // as many agents as may be were lost while they ran it
	DeadMalformed DeadKind = "malformed" // the queued message is no job
	DeadPayload   DeadKind = "payload"   // its payload is not in the object store
)

// A DeadError is returned by Wait if the job is in the dead stream.
type DeadError struct {
	ID     string
	Kind   DeadKind
	Reason string    // error of the last attempt
	Stderr string    // end of the stderr of the last attempt's worker, if it died
	Tries            // counts of the attempts
	Agent  string    // name of the agent that gave up
	Time   time.Time // time when the server stored it
}

// Error returns a text such as "fleet: job web.ab12 is dead (failed, attempt 3): no such file".
func (e *DeadError) Error() string {
	return fmt.Sprintf("fleet: job %s is dead (%s, attempt %d): %s", e.ID, e.Kind, e.Attempt, e.Reason)
}
