package fleet

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// longestToken bounds a name or id, in bytes, because each message carries its subject.
const longestToken = 128

// names has the subjects and streams of one fleet. A job's id is two tokens on the wire, the
// client's name and the client's own id. Permissions are about whole tokens, so the server can keep
// a client from using the ids of others.
type names struct{ fleet string }

// The streams.
func (n names) jobs() string    { return n.fleet + "_jobs" }
func (n names) results() string { return n.fleet + "_results" }
func (n names) dead() string    { return n.fleet + "_dead" }
func (n names) later() string   { return n.fleet + "_later" }
func (n names) clock() string   { return n.fleet + "_clock" }
func (n names) cancels() string { return "KV_" + n.fleet + "_cancel" }
func (n names) tries() string   { return "KV_" + n.fleet + "_try" }

// jobBucket is the bucket for the payloads of a client's jobs.
func (n names) jobBucket(client string) string { return n.fleet + "_blob_" + client }

// resultBucket is the bucket for the payloads of a client's results.
func (n names) resultBucket(client string) string { return n.fleet + "_answer_" + client }

// The subjects of a job, its result, its place among the dead, its progress, its tombstone, its
// history, and its stages as a delayed job.
func (n names) job(queue string, id jobID) string {
	return n.fleet + ".job." + queue + "." + id.String()
}
func (n names) result(id jobID) string  { return n.fleet + ".res." + id.String() }
func (n names) deadJob(id jobID) string { return n.fleet + ".dead." + id.String() }
func (n names) event(id jobID) string   { return n.fleet + ".evt." + id.String() }
func (n names) cancel(id jobID) string  { return "$KV." + n.fleet + "_cancel." + id.String() }
func (n names) try(id jobID) string     { return "$KV." + n.fleet + "_try." + id.String() }
func (n names) delayed(queue string, id jobID) string {
	return n.fleet + ".later." + queue + "." + id.String()
}
func (n names) at(queue string, id jobID) string {
	return n.fleet + ".clock.at." + queue + "." + id.String()
}
func (n names) due(queue string, id jobID) string {
	return n.fleet + ".clock.due." + queue + "." + id.String()
}

// done is the subject on which the server reports a client's stored results and dead jobs.
func (n names) done(client string) string { return n.fleet + ".done." + client + ".*" }

// cancelled is the subject on which the server reports tombstones.
func (n names) cancelled() string { return n.fleet + ".ctl.cancel" }

// drain is the subject on which an agent receives DrainAgent.
func (n names) drain(agent string) string { return n.fleet + ".ctl.drain." + agent }

// service is the name of the agents in `nats micro`.
func (n names) service() string { return n.fleet + "-agent" }

// A jobID names a job in the whole fleet.
type jobID struct{ client, id string }

// String returns the id as in subjects.
func (j jobID) String() string { return j.client + "." + j.id }

// parseID reads an id: the client's own, or one with a client's name and a dot before it.
func parseID(client, id string) (jobID, error) {
	if owner, rest, ok := strings.Cut(id, "."); ok {
		client, id = owner, rest
	}
	if err := checkToken("job id", client); err != nil {
		return jobID{}, err
	}
	if err := checkToken("job id", id); err != nil {
		return jobID{}, err
	}
	return jobID{client, id}, nil
}

// subjectID reads the id at the end of a subject, and the token before it.
func subjectID(subject string) (queue string, id jobID) {
	tokens := strings.Split(subject, ".")
	if n := len(tokens); n >= 3 {
		return tokens[n-3], jobID{tokens[n-2], tokens[n-1]}
	}
	return "", jobID{}
}

// checkToken returns an *OptionError if s cannot be a token of a subject and part of a stream's
// name.
func checkToken(option, s string) error {
	switch {
	case s == "":
		return &OptionError{option, "it is empty"}
	case len(s) > longestToken:
		return &OptionError{option, fmt.Sprintf("it has %d bytes, more than %d", len(s), longestToken)}
	}
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return &OptionError{option, fmt.Sprintf("%q has a %q: letters, digits, '-' and '_' are allowed", s, c)}
		}
	}
	return nil
}

// newID returns a random id that cannot be guessed.
func newID() string { return rand.Text() }
