package fleet

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A Layout configures the streams of a fleet, which Setup creates or changes. A nil *Layout means
// all defaults.
type Layout struct {
	// Replicas is the number of servers of a cluster that have each stream. 0: 1; at most 5.
	Replicas int

	// MaxJobs and MaxJobBytes bound the queued jobs; beyond them Submit returns ErrQueueFull. Each
	// also bounds the schedules, and the delayed jobs that wait for a schedule. 0: 1,000,000 jobs,
	// 1 GiB.
	MaxJobs, MaxJobBytes int64

	// MaxResultBytes bounds the stored results. Beyond it agents keep the answers of their children
	// until results have expired. 0: 1 GiB.
	MaxResultBytes int64

	// MaxDeadBytes bounds the dead stream; beyond it the oldest dead jobs are dropped. 0: 1 GiB.
	MaxDeadBytes int64

	// ResultTTL is the time for which a result is stored. 0: 24 hours.
	ResultTTL time.Duration

	// DeadTTL is the time for which a dead job is stored. 0: 30 days.
	DeadTTL time.Duration

	// StateTTL is the time for which a job's request to cancel, its counts and its payload in the
	// object store are kept. A job that waits longer loses them. 0: 30 days.
	StateTTL time.Duration

	// Duplicates is the time after a job was queued in which its id is refused, even if the job is
	// done. 0: 2 minutes.
	Duplicates time.Duration

	// AckWait is the time from an agent's last heartbeat until its jobs are given to another agent.
	// It cannot be shortened for a queue with agents, see AddQueue. 0: 30 seconds.
	AckWait time.Duration

	// Queues are created if they do not exist.
	Queues []string

	// Clients are clients that get buckets of the object store, because they may not create their
	// own.
	Clients []string
}

// Defaults and bounds of a Layout.
const (
	defaultMaxJobs    = 1_000_000
	defaultMaxBytes   = 1 << 30
	defaultResultTTL  = 24 * time.Hour
	defaultDeadTTL    = 30 * 24 * time.Hour
	defaultStateTTL   = 30 * 24 * time.Hour
	defaultDuplicates = 2 * time.Minute
	defaultAckWait    = 30 * time.Second

	// Bytes of all tombstones, and of all counts. Each has some hundred bytes. Beyond the bound a
	// request to cancel is refused, and the oldest counts are dropped.
	maxStateBytes = 256 << 20
	longestState  = 4 << 10 // bytes of one tombstone or count

	// Each slot of each agent waits with a pull of its own. The server's default of 512 is too few.
	maxWaiting = 1 << 16
)

// withDefaults returns a copy of o with its defaults, or an *OptionError.
func (o *Layout) withDefaults() (Layout, error) {
	var l Layout
	if o != nil {
		l = *o
	}
	for _, d := range []struct {
		name string
		p    *time.Duration
		zero time.Duration
	}{
		{"ResultTTL", &l.ResultTTL, defaultResultTTL}, {"DeadTTL", &l.DeadTTL, defaultDeadTTL},
		{"StateTTL", &l.StateTTL, defaultStateTTL}, {"Duplicates", &l.Duplicates, defaultDuplicates},
		{"AckWait", &l.AckWait, defaultAckWait},
	} {
		switch {
		case *d.p < 0:
			return l, &OptionError{"Layout." + d.name, "it is negative"}
		case *d.p == 0:
			*d.p = d.zero
		case *d.p < 100*time.Millisecond: // For some of them the server refuses less.
			return l, &OptionError{"Layout." + d.name, "it is below 100 ms"}
		}
	}
	for _, d := range []struct {
		name string
		p    *int64
		zero int64
	}{
		{"MaxJobs", &l.MaxJobs, defaultMaxJobs}, {"MaxJobBytes", &l.MaxJobBytes, defaultMaxBytes},
		{"MaxResultBytes", &l.MaxResultBytes, defaultMaxBytes}, {"MaxDeadBytes", &l.MaxDeadBytes, defaultMaxBytes},
	} {
		switch {
		case *d.p < 0:
			return l, &OptionError{"Layout." + d.name, "it is negative"}
		case *d.p == 0:
			*d.p = d.zero
		}
	}
	if l.Replicas < 0 || l.Replicas > 5 {
		return l, &OptionError{"Layout.Replicas", "it is not from 0 to 5"}
	}
	l.Replicas = max(l.Replicas, 1)
	for _, q := range l.Queues {
		if err := checkToken("Layout.Queues", q); err != nil {
			return l, err
		}
	}
	for _, c := range l.Clients {
		if err := checkToken("Layout.Clients", c); err != nil {
			return l, err
		}
	}
	return l, nil
}

// streams returns the streams of a fleet, except the buckets of the object store.
//
// Only the stream of schedules allows roll-ups, which it needs, and no client may publish to it:
// one message with the header Nats-Rollup would empty a stream for all clients. For the same reason
// this function creates the two key-value buckets: jetstream would allow roll-ups.
func (n names) streams(l *Layout) []jetstream.StreamConfig {
	config := func(name, subject string) jetstream.StreamConfig {
		return jetstream.StreamConfig{
			Name: name, Subjects: []string{subject}, Storage: jetstream.FileStorage, Replicas: l.Replicas,
			AllowDirect: true, Discard: jetstream.DiscardNew, DenyDelete: true, DenyPurge: true,
			Duplicates: min(l.Duplicates, defaultDuplicates),
		}
	}
	republish := func(source string) *jetstream.RePublish {
		return &jetstream.RePublish{Source: source, Destination: n.fleet + ".done.>"}
	}

	jobs := config(n.jobs(), n.fleet+".job.*.*.*")
	jobs.Retention, jobs.MaxMsgsPerSubject, jobs.DiscardNewPerSubject = jetstream.WorkQueuePolicy, 1, true
	jobs.MaxMsgs, jobs.MaxBytes, jobs.Duplicates = l.MaxJobs, l.MaxJobBytes, l.Duplicates

	later := config(n.later(), n.fleet+".later.*.*.*")
	later.Retention, later.MaxMsgsPerSubject, later.DiscardNewPerSubject = jetstream.WorkQueuePolicy, 1, true
	later.MaxMsgs, later.MaxBytes = l.MaxJobs, l.MaxJobBytes

	// A schedule is replaced by the next message on its subject. A message that is due stays until
	// the mover has moved it.
	clock := config(n.clock(), n.fleet+".clock.>")
	clock.Discard, clock.DenyDelete, clock.DenyPurge = jetstream.DiscardOld, false, false
	clock.AllowRollup, clock.AllowMsgSchedules, clock.Retention = true, true, jetstream.WorkQueuePolicy

	results := config(n.results(), n.fleet+".res.*.*")
	results.MaxMsgsPerSubject, results.DiscardNewPerSubject = 1, true
	results.MaxBytes, results.MaxAge, results.RePublish = l.MaxResultBytes, l.ResultTTL, republish(n.fleet+".res.>")

	// Requeue deletes a dead job that it has queued.
	dead := config(n.dead(), n.fleet+".dead.*.*")
	dead.Discard, dead.DenyDelete, dead.MaxMsgsPerSubject = jetstream.DiscardOld, false, 1
	dead.MaxBytes, dead.MaxAge, dead.RePublish = l.MaxDeadBytes, l.DeadTTL, republish(n.fleet+".dead.>")

	cancels := config(n.cancels(), "$KV."+n.fleet+"_cancel.>")
	cancels.MaxMsgsPerSubject, cancels.MaxMsgSize = 1, longestState
	cancels.MaxBytes, cancels.MaxAge = maxStateBytes, l.StateTTL
	cancels.RePublish = &jetstream.RePublish{Source: "$KV." + n.fleet + "_cancel.>", Destination: n.cancelled() + ".>"}

	tries := config(n.tries(), "$KV."+n.fleet+"_try.>")
	tries.Discard, tries.MaxMsgsPerSubject, tries.MaxMsgSize = jetstream.DiscardOld, 1, longestState
	tries.MaxBytes, tries.MaxAge = maxStateBytes, l.StateTTL

	all := []jetstream.StreamConfig{jobs, later, clock, results, dead, cancels, tries}
	for i := range all {
		if age := all[i].MaxAge; age > 0 {
			all[i].Duplicates = min(all[i].Duplicates, age)
		}
	}
	return all
}

// Setup creates the streams, queues and buckets of the fleet, or changes existing ones to the
// layout. Stored jobs and results are kept. A nil o means all defaults. It needs the rights of
// RoleAdmin.
func (f *Fleet) Setup(ctx context.Context, o *Layout) error {
	l, err := o.withDefaults()
	if err != nil {
		return err
	}
	ctx, cancel := f.limit(ctx)
	defer cancel()
	for _, config := range f.names.streams(&l) {
		if err := f.admin(ctx, "set up", config.Name, func(ctx context.Context) error {
			_, err := f.js.CreateOrUpdateStream(ctx, config)
			return err
		}); err != nil {
			return err
		}
	}
	for _, q := range l.Queues {
		if err := f.AddQueue(ctx, q, &QueueOptions{AckWait: l.AckWait, Replicas: l.Replicas}); err != nil {
			return err
		}
	}
	if err := f.addMover(ctx, &l); err != nil {
		return err
	}
	for _, client := range l.Clients {
		if err := f.addBuckets(ctx, client, &l); err != nil {
			return err
		}
	}
	return nil
}

// addMover creates the consumers of the mover.
func (f *Fleet) addMover(ctx context.Context, l *Layout) error {
	for stream, filter := range map[string]string{
		f.names.later(): f.names.fleet + ".later.>",
		f.names.clock(): f.names.fleet + ".clock.due.>",
	} {
		if err := f.admin(ctx, "set up", stream+" mover", func(ctx context.Context) error {
			_, err := f.js.CreateOrUpdateConsumer(ctx, stream, jetstream.ConsumerConfig{
				Durable: moverName, FilterSubject: filter, AckPolicy: jetstream.AckExplicitPolicy, AckWait: l.AckWait,
				MaxDeliver: -1, MaxAckPending: -1, Replicas: l.Replicas,
			})
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// addBuckets creates the buckets of the object store for the large payloads of a client. A payload
// of a result is kept a little longer than the result, because it is stored before.
func (f *Fleet) addBuckets(ctx context.Context, client string, l *Layout) error {
	for _, config := range []jetstream.ObjectStoreConfig{
		{Bucket: f.names.jobBucket(client), TTL: l.StateTTL, MaxBytes: l.MaxJobBytes},
		{Bucket: f.names.resultBucket(client), TTL: l.ResultTTL + l.ResultTTL/4, MaxBytes: l.MaxResultBytes},
	} {
		config.Storage, config.Replicas = jetstream.FileStorage, l.Replicas
		if err := f.admin(ctx, "set up", config.Bucket, func(ctx context.Context) error {
			_, err := f.js.CreateOrUpdateObjectStore(ctx, config)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// layout returns the fields that addBuckets needs, read from the streams.
func (f *Fleet) layout(ctx context.Context) (*Layout, error) {
	l := &Layout{}
	for stream, read := range map[string]func(jetstream.StreamConfig){
		f.names.jobs():    func(c jetstream.StreamConfig) { l.Replicas, l.MaxJobBytes = c.Replicas, c.MaxBytes },
		f.names.results(): func(c jetstream.StreamConfig) { l.ResultTTL, l.MaxResultBytes = c.MaxAge, c.MaxBytes },
		f.names.tries():   func(c jetstream.StreamConfig) { l.StateTTL = c.MaxAge },
	} {
		if err := f.admin(ctx, "look for", stream, func(ctx context.Context) error {
			s, err := f.js.Stream(ctx, stream)
			if err == nil {
				read(s.CachedInfo().Config)
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// admin calls the JetStream API. It tries again while the servers choose a leader. The error is an
// *OpError.
func (f *Fleet) admin(ctx context.Context, op, what string, call func(ctx context.Context) error) error {
	return f.retry(ctx, op, what, func(ctx context.Context) error {
		ctx, release := f.refusals.guard(ctx, func(subject string) bool { return strings.HasPrefix(subject, "$JS.API.") })
		defer release()
		err := call(ctx)
		if cause := context.Cause(ctx); err != nil && errors.Is(cause, ErrPermission) {
			return cause
		}
		return err
	})
}
