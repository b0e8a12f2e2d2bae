package fleet

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// Headers of jobs, results and dead jobs. Their bodies are JSON as the program gave it, or empty
// when headerBlob names an object.
const (
	headerMethod   = "Fleet-Method"
	headerKey      = "Fleet-Key"
	headerTimeout  = "Fleet-Timeout"
	headerAttempts = "Fleet-Max-Attempts"
	headerBlob     = "Fleet-Blob"
	headerNonce    = "Fleet-Nonce"   // tells a job from another that has its id
	headerMessage  = "Fleet-Message" // the Nats-Msg-Id with which a delayed job is queued
	headerDue      = "Fleet-Due"     // of a delayed job: a schedule as the server has it
	headerZone     = "Fleet-Zone"
	headerDrop     = "Fleet-Drop" // of what replaces a schedule that has ended
	// when a job that was delayed was submitted, as the server has it
	headerSince = "Fleet-Since"

	headerState    = "Fleet-State" // of a result
	headerReason   = "Fleet-Reason"
	headerAttempt  = "Fleet-Attempt"
	headerFailures = "Fleet-Failures"
	headerLost     = "Fleet-Lost"
	headerAgent    = "Fleet-Agent"
	headerQueue    = "Fleet-Queue"
	// leaseLost when the agent had lost the job as its child answered
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

// Tries is how often a job was tried.
type Tries struct {
	// Attempt is the how-manieth time the job was given to an agent, from 1. Above 1 an attempt
	// before this one may have run, in part or to its end.
	Attempt int `json:"attempt"`

	// Failures is how many attempts failed: the worker said no, or died, or took too long.
	Failures int `json:"failures,omitempty"`

	// Lost is how many attempts ended with their agent: it died, was cut off, or stood still for
	// longer than AckWait.
	Lost int `json:"lost,omitempty"`
}

// jobHeaders are those of a job that are kept when it is moved.
var jobHeaders = [...]string{headerMethod, headerKey, headerTimeout, headerAttempts, headerBlob, headerNonce, headerMessage, headerSince, headerDue, headerZone}

// longestHeader bounds a header that is kept, in bytes. Submit makes none that is longer.
const longestHeader = 512

// kept returns the headers of a job without what somebody else has put there.
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

// number reads a header that is a number, 0 when it is none.
func number(h nats.Header, name string) int {
	n, err := strconv.Atoi(h.Get(name))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// serverTime reads when a server stored a message, the zero time when it does not say.
func serverTime(h nats.Header, name string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, h.Get(name))
	if err != nil {
		return time.Time{}
	}
	return t
}

// A Result is what a job's worker answered, as it is stored.
type Result struct {
	ID    string // with the client's name before it
	Queue string
	Agent string // the agent whose child answered
	Time  time.Time
	Tries

	// LostLease is true when the agent had lost the job as its child answered, because it stood
	// still or was cut off for longer than AckWait. Another has run the job, too, or runs it.
	LostLease bool

	raw []byte
}

// Raw returns the worker's answer as JSON text. The caller may keep the slice.
func (r *Result) Raw() json.RawMessage { return r.raw }

// Decode is json.Unmarshal of the answer.
func (r *Result) Decode(v any) error { return json.Unmarshal(r.raw, v) }

// deadBody is a dead job as it is stored.
type deadBody struct {
	Queue  string      `json:"queue"`
	Kind   DeadKind    `json:"kind"`
	Reason string      `json:"reason"`
	Stderr string      `json:"stderr,omitempty"`
	Agent  string      `json:"agent"`
	Tries              // flat
	Header nats.Header `json:"header,omitempty"` // of the job
	Job    []byte      `json:"job,omitempty"`    // its body, in base64: it may be no JSON
}
