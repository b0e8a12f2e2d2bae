package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A DeadJob is a job in the dead stream, which no agent will run.
type DeadJob struct {
	ID     string // with the client's name before it
	Queue  string
	Kind   DeadKind
	Reason string
	Stderr string // end of the stderr of the last attempt's worker, if it died
	Agent  string // name of the agent that gave up
	Tries
	Time time.Time

	// Job is the submitted job, nil if it is in the object store. The caller may keep the slice.
	Job []byte

	id     jobID
	seq    uint64
	header nats.Header
}

// error returns d as the error of Wait.
func (d *DeadJob) error() *DeadError {
	return &DeadError{ID: d.ID, Kind: d.Kind, Reason: d.Reason, Stderr: d.Stderr, Tries: d.Tries, Agent: d.Agent, Time: d.Time}
}

// dead returns the dead job with that id, nil if there is none.
func (f *Fleet) dead(ctx context.Context, id jobID) (*DeadJob, error) {
	msg, err := f.last(ctx, "look for", f.names.dead(), f.names.deadJob(id))
	if err != nil || msg == nil {
		return nil, err
	}
	return readDead(id, msg.Header, msg.Data), nil
}

// readDead reads a message of the dead stream. A message that cannot be read is a dead job too.
func readDead(id jobID, h nats.Header, data []byte) *DeadJob {
	var b deadBody
	if err := json.Unmarshal(data, &b); err != nil {
		b = deadBody{Kind: DeadMalformed, Reason: "what is stored of it cannot be read: " + err.Error()}
	}
	return &DeadJob{
		ID: id.String(), Queue: b.Queue, Kind: b.Kind, Reason: b.Reason, Stderr: b.Stderr, Agent: b.Agent, Tries: b.Tries,
		Time: serverTime(h, natsTime), Job: b.Job, id: id, seq: uint64(number(h, natsSeq)), header: b.Header,
	}
}

// Dead returns the dead jobs of a client, at most limit, the oldest first. Client "" means all
// clients, limit 0 means 1,000. It needs the rights of RoleAdmin. A client can ask for its own jobs
// by Wait and Info.
func (f *Fleet) Dead(ctx context.Context, client string, limit int) ([]*DeadJob, error) {
	if client != "" {
		if err := checkToken("client", client); err != nil {
			return nil, err
		}
	} else {
		client = "*"
	}
	if limit < 0 {
		return nil, &OptionError{"Dead", "the limit is negative"}
	}
	if limit == 0 {
		limit = 1000
	}
	ctx, cancel := f.limit(ctx)
	defer cancel()
	filter := f.names.fleet + ".dead." + client + ".*"
	var found []*DeadJob
	var from uint64
	for len(found) < limit {
		msg, err := f.next(ctx, f.names.dead(), filter, from+1)
		if err != nil || msg == nil {
			return found, err
		}
		_, id := subjectID(msg.Header.Get("Nats-Subject"))
		d := readDead(id, msg.Header, msg.Data)
		found, from = append(found, d), d.seq
	}
	return found, nil
}

// next returns the first message of the stream, from seq on, whose subject matches filter, nil if
// there is none.
func (f *Fleet) next(ctx context.Context, stream, filter string, seq uint64) (msg *nats.Msg, err error) {
	body, err := json.Marshal(map[string]any{"seq": seq, "next_by_subj": filter})
	if err != nil {
		return nil, err
	}
	request := &nats.Msg{Subject: "$JS.API.DIRECT.GET." + stream, Data: body}
	err = f.retry(ctx, "list", filter, func(ctx context.Context) error {
		msg, err = f.call(ctx, request)
		if err == nil && msg.Header.Get("Status") != "" {
			status := msg.Header.Get("Status")
			msg = nil
			if status != "404" {
				return errors.New("direct get: status " + status)
			}
		}
		return err
	})
	return msg, err
}

// Requeue queues a dead job as a job that was never tried, and takes it out of the dead stream. If
// there is no such dead job, the error wraps ErrNotFound; if the job is queued, it is ErrDuplicate.
// It needs the rights of RoleAdmin.
func (f *Fleet) Requeue(ctx context.Context, id string) (*Job, error) {
	name, err := parseID(f.o.Client, id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := f.limit(ctx)
	defer cancel()
	d, err := f.dead(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case d == nil:
		return nil, &OpError{"requeue", name.String(), ErrNotFound}
	}
	if err := checkToken("queue of the dead job", d.Queue); err != nil {
		return nil, err
	}
	msg := nats.NewMsg(f.names.job(d.Queue, name))
	msg.Header = kept(d.header)
	// With its old message id the server would take it for a duplicate.
	msg.Header.Set(natsMsgID, name.String()+"#"+d.Time.Format(time.RFC3339Nano))
	msg.Header.Set(headerNonce, newID())
	msg.Header.Del(headerSince)
	msg.Data = d.Job
	if err := f.enqueue(ctx, f.names.jobs(), msg, true); err != nil {
		return nil, err
	}
	// If the program ends here, the job is dead and queued. Waiters check for both.
	err = f.admin(ctx, "requeue", name.String(), func(ctx context.Context) error {
		stream, err := f.js.Stream(ctx, f.names.dead())
		if err != nil {
			return err
		}
		err = stream.DeleteMsg(ctx, d.seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			err = nil
		}
		return err
	})
	return &Job{f: f, id: name, queue: d.Queue}, err
}
