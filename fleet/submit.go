package fleet

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// JobOptions say how a job is queued. A nil *JobOptions means all defaults.
type JobOptions struct {
	// ID names the job among those of this client in its queue: letters, digits, '-' and '_'. While
	// a job with that id is queued or scheduled, or its result is stored, another one is refused.
	// "": a random id that cannot be guessed.
	ID string

	// Method and Key are those of pool.RunOptions: the handler of the worker, and the key whose
	// jobs all go to one worker of the agent.
	Method, Key string

	// Timeout bounds each attempt, from the moment when the worker gets the job. 0: no limit.
	Timeout time.Duration

	// MaxAttempts is the number of failed attempts that makes the job dead. 0:
	// AgentOptions.MaxAttempts of the agent.
	MaxAttempts int

	// Delay or At: the mover queues the job later. The server checks its schedules four times a
	// second.
	Delay time.Duration
	At    time.Time

	// Cron queues a job again and again, until Unschedule: "0 30 9 * * 1-5" (with seconds),
	// "@hourly", "@every 10s". The id of each of its jobs is ID, a dash and a number. It replaces a
	// Cron with the same queue and ID. Zone is the time zone of the pattern, such as
	// "Europe/Vienna"; "": UTC.
	Cron, Zone string
}

// Submit queues job, which is sent as JSON, and returns when it is stored. The error is, or wraps,
// ErrDuplicate, ErrAlreadyDone, ErrQueueFull or ErrTooLarge if nothing was queued; else it is an
// *OptionError or *OpError. With ErrUnavailable the job may be queued or not: submit it again with
// the same ID.
func (f *Fleet) Submit(ctx context.Context, queue string, job any, o *JobOptions) (*Job, error) {
	if o == nil {
		o = &JobOptions{}
	}
	id := jobID{f.o.Client, o.ID}
	if o.ID == "" {
		id.id = newID()
	}
	if err := o.check(queue, id); err != nil {
		return nil, err
	}
	body, err := json.Marshal(job)
	if err != nil {
		return nil, &OptionError{"job", err.Error()}
	}
	ctx, cancel := f.limit(ctx)
	defer cancel()
	j := &Job{f: f, id: id, queue: queue}
	if o.ID != "" {
		if err := j.checkFree(ctx, o); err != nil {
			return nil, err
		}
	}
	msg := nats.NewMsg(f.names.job(queue, id))
	o.header(msg.Header, f.messageID(id))
	stream := f.names.jobs()
	if due := o.due(); due != "" {
		msg.Subject, stream = f.names.delayed(queue, id), f.names.later()
		msg.Header.Set(headerDue, due)
	}
	drop, err := f.attach(ctx, f.names.jobBucket(id.client), id, msg, body)
	if err != nil {
		return nil, err
	}
	if err := f.enqueue(ctx, stream, msg, o.ID == ""); err != nil {
		if queuedNothing(err) {
			drop()
		}
		return nil, err
	}
	return j, nil
}

// queuedNothing reports whether err says that the job is not queued. Other errors of enqueue leave
// that open.
func queuedNothing(err error) bool {
	return errors.Is(err, ErrDuplicate) || errors.Is(err, ErrAlreadyDone) || errors.Is(err, ErrQueueFull) ||
		errors.Is(err, ErrPermission) || code(err) != 0
}

// check returns an *OptionError for invalid options.
func (o *JobOptions) check(queue string, id jobID) error {
	if err := checkToken("queue", queue); err != nil {
		return err
	}
	if err := checkToken("JobOptions.ID", id.id); err != nil {
		return err
	}
	when := 0
	for _, given := range []bool{o.Delay != 0, !o.At.IsZero(), o.Cron != ""} {
		if given {
			when++
		}
	}
	switch {
	case o.Timeout < 0:
		return &OptionError{"JobOptions.Timeout", "it is negative"}
	case o.MaxAttempts < 0:
		return &OptionError{"JobOptions.MaxAttempts", "it is negative"}
	case o.Delay < 0:
		return &OptionError{"JobOptions.Delay", "it is negative"}
	case when > 1:
		return &OptionError{"JobOptions", "more than one of Delay, At and Cron is set"}
	case o.Zone != "" && o.Cron == "":
		return &OptionError{"JobOptions.Zone", "there is no Cron"}
	case o.Cron != "" && o.ID == "":
		return &OptionError{"JobOptions.ID", "a Cron needs one"}
	case len(o.Cron) > longestToken || len(o.Zone) > longestToken || control(o.Cron) || control(o.Zone):
		return &OptionError{"JobOptions.Cron", "it is no schedule"}
	case len(o.Method) > longestToken || control(o.Method):
		return &OptionError{"JobOptions.Method", "it is too long or has control characters"}
	case len(o.Key) > longestToken || control(o.Key):
		return &OptionError{"JobOptions.Key", "it is too long or has control characters"}
	}
	return nil
}

// control reports whether s has control characters, which a header cannot carry.
func control(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c == 0x7f {
			return true
		}
	}
	return false
}

// messageID returns the Nats-Msg-Id of a job, by which the server drops repetitions for a while.
// All clients share one set of these ids, so an id that another client could guess would let it
// suppress the job.
func (f *Fleet) messageID(id jobID) string {
	if f.secret == nil {
		return id.String()
	}
	sum := hmac.New(sha256.New, f.secret)
	sum.Write([]byte(id.String())) // It never fails.
	return hex.EncodeToString(sum.Sum(nil))
}

// newSecret returns a secret that only the programs of this user have; nil: the user has no
// credentials. Agents and movers see values made with it, so it must not lead back to the password.
func newSecret(o *Options) ([]byte, error) {
	const rounds = 1 << 16
	switch {
	case o.Credentials != "":
		file, err := os.ReadFile(o.Credentials)
		if err != nil {
			return nil, &OptionError{"Options.Credentials", err.Error()}
		}
		return pbkdf2.Key(sha256.New, string(file), []byte("fleet"), 1, sha256.Size)
	case o.Password != "":
		return pbkdf2.Key(sha256.New, o.Password, []byte("fleet "+o.User), rounds, sha256.Size)
	}
	return nil, nil
}

func (o *JobOptions) header(h nats.Header, messageID string) {
	for name, value := range map[string]string{headerMethod: o.Method, headerKey: o.Key, headerZone: o.Zone} {
		if value != "" {
			h.Set(name, value)
		}
	}
	if o.Timeout > 0 {
		h.Set(headerTimeout, o.Timeout.String())
	}
	if o.MaxAttempts > 0 {
		h.Set(headerAttempts, strconv.Itoa(o.MaxAttempts))
	}
	h.Set(headerNonce, newID())
	h.Set(headerMessage, messageID)
	if o.Cron == "" { // A Cron may be replaced at once, so it must not count as a repetition.
		h.Set(natsMsgID, messageID)
	}
}

// due returns the schedule of a delayed job in the server's form, "" for a job without delay.
func (o *JobOptions) due() string {
	switch {
	case o.Cron != "":
		return o.Cron
	case o.Delay > 0:
		return "@at " + time.Now().Add(o.Delay).UTC().Format(time.RFC3339Nano)
	case !o.At.IsZero():
		return "@at " + o.At.UTC().Format(time.RFC3339Nano)
	}
	return ""
}

// checkFree returns an error if the job is queued or scheduled, or its result is stored. A Cron may
// replace another Cron, and conflicts only with a delayed job, because the jobs that it queues have
// other ids.
func (j *Job) checkFree(ctx context.Context, o *JobOptions) error {
	f, n := j.f, j.f.names
	places := []struct{ stream, subject string }{
		{n.results(), n.result(j.id)}, {n.jobs(), n.job(j.queue, j.id)},
		{n.later(), n.delayed(j.queue, j.id)}, {n.clock(), n.at(j.queue, j.id)}, {n.clock(), n.due(j.queue, j.id)},
	}
	if o.Cron != "" {
		places = places[2:]
	}
	found, errs := make([]*nats.Msg, len(places)), make([]error, len(places))
	var asked sync.WaitGroup
	for i, place := range places {
		// These goroutines end with the answers; Wait below waits for them.
		asked.Go(func() { found[i], errs[i] = f.last(ctx, "look for", place.stream, place.subject) })
	}
	asked.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, msg := range found {
		switch {
		case msg == nil:
		case places[i].stream == n.results():
			return ErrAlreadyDone
		case places[i].stream == n.jobs():
			return ErrDuplicate
		case msg.Header.Get(headerDrop) != "":
		case once(msg.Header.Get(headerDue)) || o.Cron == "" && o.due() != "":
			return ErrDuplicate
		}
	}
	return nil
}

// once reports whether a schedule is that of a delayed job, and not of a Cron.
func once(due string) bool { return strings.HasPrefix(due, "@at ") }

// isOver reports whether a job submitted at since has a result or is dead.
func (f *Fleet) isOver(ctx context.Context, id jobID, since time.Time) (bool, error) {
	for stream, subject := range map[string]string{f.names.results(): f.names.result(id), f.names.dead(): f.names.deadJob(id)} {
		msg, err := f.last(ctx, "look for", stream, subject)
		if err != nil || msg != nil && !serverTime(msg.Header, natsTime).Before(since) {
			return err == nil, err
		}
	}
	return false, nil
}

// enqueue stores msg in a stream that takes one message per subject. private: no other program can
// know the id.
func (f *Fleet) enqueue(ctx context.Context, stream string, msg *nats.Msg, private bool) error {
	for again := false; ; again = true {
		ack, tries, err := f.publish(ctx, "submit", msg)
		refused := code(err) == codeStoreFailed
		switch {
		case err == nil && !ack.Duplicate:
			return nil
		case err != nil && !refused:
			if full(err) {
				return errors.Join(ErrQueueFull, err)
			}
			return err
		}
		// The subject is taken by this message or another, or was until a short time ago, or there
		// is no room.
		there, lookErr := f.last(ctx, "submit", stream, msg.Subject)
		switch {
		case lookErr != nil:
			return lookErr
		case there != nil && there.Header.Get(headerNonce) == msg.Header.Get(headerNonce):
			return nil
		case there != nil:
			return ErrDuplicate
		case err == nil && private && tries > 1:
			// An attempt without an answer stored it, and an agent has completed the job since.
			return nil
		case err == nil:
			return ErrAlreadyDone
		case again:
			return errors.Join(ErrQueueFull, err)
		}
		// Between the two requests the subject may have become free.
	}
}
