package fleet

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// Headers of jobs, results and dead jobs. The body is the program's JSON, or empty if headerBlob
// names an object.
const (
	headerMethod   = "Fleet-Method"
	headerKey      = "Fleet-Key"
	headerTimeout  = "Fleet-Timeout"
	headerAttempts = "Fleet-Max-Attempts"
	headerBlob     = "Fleet-Blob"
	headerNonce    = "Fleet-Nonce"   // differs between jobs with the same id
	headerMessage  = "Fleet-Message" // Nats-Msg-Id with which a delayed job is queued
	headerDue      = "Fleet-Due"     // schedule of a delayed job, in the server's form
	headerZone     = "Fleet-Zone"
	headerDrop     = "Fleet-Drop" // set if the message only replaces an ended schedule
	// time of the submission of a delayed job, by the server's clock
	headerSince = "Fleet-Since"

	headerState    = "Fleet-State" // one of the states below, of a result
	headerReason   = "Fleet-Reason"
	headerAttempt  = "Fleet-Attempt"
	headerFailures = "Fleet-Failures"
	headerLost     = "Fleet-Lost"
	headerAgent    = "Fleet-Agent"
	headerQueue    = "Fleet-Queue"
	// leaseLost: the agent had lost the job when its child answered
	headerLease = "Fleet-Lease"

	stateDone      = "done"
	stateCancelled = "cancelled"
	stateDead      = "dead"
	leaseLost      = "lost"
)

// Headers that the server reads or writes.
const (
	natsMsgID     = "Nats-Msg-Id"
	natsSeq       = "Nats-Sequence"
	natsTime      = "Nats-Time-Stamp"
	natsSchedule  = "Nats-Schedule"
	natsTarget    = "Nats-Schedule-Target"
	natsZone      = "Nats-Schedule-Time-Zone"
	natsScheduler = "Nats-Scheduler"
)

// Tries counts the attempts of a job.
type Tries struct {
	// Attempt is the number of times that the job was given to an agent, from 1. Above 1, an
	// earlier attempt may have run, in part or to its end.
	Attempt int `json:"attempt"`

	// Failures is the number of attempts that failed: the worker reported an error, died, or took
	// too long.
	Failures int `json:"failures,omitempty"`

	// Lost is the number of attempts that ended with their agent: it died, was cut off, or stood
	// still for longer than AckWait.
	Lost int `json:"lost,omitempty"`
}

// jobHeaders are the headers of a job that stay when the job is moved.
var jobHeaders = [...]string{headerMethod, headerKey, headerTimeout, headerAttempts, headerBlob, headerNonce, headerMessage, headerSince, headerDue, headerZone}

// longestHeader bounds a header that stays, in bytes. Submit makes no longer one.
const longestHeader = 512

// kept returns the jobHeaders in h, without headers that other programs have added.
func kept(h nats.Header) nats.Header {
	k := nats.Header{}
	for _, name := range jobHeaders {
		if v := h.Get(name); v != "" && len(v) <= longestHeader {
			k.Set(name, v)
		}
	}
	return k
}

func (t Tries) header(h nats.Header) {
	h.Set(headerAttempt, strconv.Itoa(t.Attempt))
	h.Set(headerFailures, strconv.Itoa(t.Failures))
	h.Set(headerLost, strconv.Itoa(t.Lost))
}

// number returns the number in a header, 0 if there is none.
func number(h nats.Header, name string) int {
	n, err := strconv.Atoi(h.Get(name))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// serverTime returns the server's time in a header, the zero time if there is none.
func serverTime(h nats.Header, name string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, h.Get(name))
	if err != nil {
		return time.Time{}
	}
	return t
}

// A Result is the stored answer of a job's worker.
type Result struct {
	ID    string // with the client's name before it
	Queue string
	Agent string    // name of the agent whose child answered
	Time  time.Time // time when the server stored it
	Tries

	// LostLease: the agent had lost the job when its child answered, because it stood still or was
	// cut off for longer than AckWait. Another agent has run the job too, or runs it.
	LostLease bool

	raw []byte
}

// Raw returns the worker's answer as JSON text. The caller may keep the slice.
func (r *Result) Raw() json.RawMessage { return r.raw }

// Decode decodes the worker's answer by json.Unmarshal.
func (r *Result) Decode(v any) error { return json.Unmarshal(r.raw, v) }

// deadBody is the body of a message in the dead stream.
type deadBody struct {
	Queue  string      `json:"queue"`
	Kind   DeadKind    `json:"kind"`
	Reason string      `json:"reason"`
	Stderr string      `json:"stderr,omitempty"`
	Agent  string      `json:"agent"`
	Tries              // flat
	Header nats.Header `json:"header,omitempty"` // the job's headers
	// the job's body, in base64, because it may be no JSON; nil: in the object store
	Job []byte `json:"job,omitempty"`
}
