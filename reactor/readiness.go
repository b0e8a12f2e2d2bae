package reactor

import "strings"

// Readiness is a set of conditions of a descriptor, as in poll(2).
type Readiness uint8

// The conditions. Every active watcher gets Hangup and Error, wanted or not, together with Readable
// or Writable where those are wanted. So a callback that only reads finds the end or the error by
// reading.
const (
	Readable Readiness = 1 << iota // a read would not block: data, the end, or an error
	Writable                       // a write would not block
	// The other side has closed. A watcher that wants Hangup also gets it when the other side shuts
	// down its writing half.
	Hangup
	Error // an error is pending, or the reader of a pipe is gone

	// edgeTriggered makes the poller report a change once. Only the loop's own descriptors use it:
	// a wake-up and the alarm.
	edgeTriggered
)

// conditions are those that a user can ask for.
const conditions = Readable | Writable | Hangup | Error

// String returns the names of the conditions, joined by "|".
func (r Readiness) String() string {
	var names []string
	for _, c := range []struct {
		bit  Readiness
		name string
	}{{Readable, "readable"}, {Writable, "writable"}, {Hangup, "hangup"}, {Error, "error"}} {
		if r&c.bit != 0 {
			names = append(names, c.name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "|")
}
