package fleet

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// longestToken bounds names and ids, in bytes: subjects are sent with each message.
const longestToken = 128

// names are the subjects and streams of one fleet. A job's id on the wire is two tokens, the
// client's name and the client's own id: permissions are about whole tokens, so the server can keep
// a client from using another's ids.
type names struct{ fleet string }

func (n names) jobs() string    { return n.fleet + "_jobs" }
func (n names) results() string { return n.fleet + "_results" }
func (n names) dead() string    { return n.fleet + "_dead" }
func (n names) later() string   { return n.fleet + "_later" }
func (n names) clock() string   { return n.fleet + "_clock" }
func (n names) cancels() string { return "KV_" + n.fleet + "_cancel" }
func (n names) tries() string   { return "KV_" + n.fleet + "_try" }

// jobBucket is that of the object store for the payloads of a client's jobs.
func (n names) jobBucket(client string) string { return n.fleet + "_blob_" + client }

// resultBucket is that for the payloads of the results, which expire with these.
func (n names) resultBucket(client string) string { return n.fleet + "_answer_" + client }

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

// done is where stored results and dead jobs of a client are told of, by the server.
func (n names) done(client string) string { return n.fleet + ".done." + client + ".*" }

// cancelled is where tombstones are told of, by the server.
func (n names) cancelled() string { return n.fleet + ".ctl.cancel" }

func (n names) drain(agent string) string { return n.fleet + ".ctl.drain." + agent }

// service is the name that agents have for `nats micro`.
func (n names) service() string { return n.fleet + "-agent" }

// A jobID names a job in the whole fleet.
type jobID struct{ client, id string }

// String returns it as it is in subjects.
func (j jobID) String() string { return j.client + "." + j.id }

// parseID takes an id of the client's own, or with the client's name before it and a dot between
// them.
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

// subjectID reads the id that ends a subject, and the token before it.
func subjectID(subject string) (queue string, id jobID) {
	tokens := strings.Split(subject, ".")
	if n := len(tokens); n >= 3 {
		return tokens[n-3], jobID{tokens[n-2], tokens[n-1]}
	}
	return "", jobID{}
}

// checkToken returns an *OptionError when s cannot be one token of a subject and part of a stream's
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

// newID returns an id that nobody can guess.
func newID() string { return rand.Text() }
