package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// QueueOptions configure a queue. A nil *QueueOptions means all defaults.
type QueueOptions struct {
	AckWait  time.Duration // see Layout.AckWait
	Replicas int           // servers that have the queue; 0: as many as the stream of jobs
}

// AddQueue creates the queue, or changes it. AckWait cannot be shortened while the queue has agents
// or running jobs, because the agents' heartbeats rely on it; the error is then an *OptionError. It
// needs the rights of RoleAdmin.
//
// Jobs can be submitted before the queue is created; agents get them afterwards.
func (f *Fleet) AddQueue(ctx context.Context, name string, o *QueueOptions) error {
	if err := checkToken("queue", name); err != nil {
		return err
	}
	if o == nil {
		o = &QueueOptions{}
	}
	if o.AckWait < 0 || o.Replicas < 0 {
		return &OptionError{"QueueOptions", "it has a negative number"}
	}
	config := jetstream.ConsumerConfig{
		Durable: name, FilterSubject: f.names.fleet + ".job." + name + ".*.*", AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: o.AckWait, MaxDeliver: -1, Replicas: o.Replicas,
		// The server's default of 1,000 would bound the running jobs of all agents together, its
		// default of 512 their free slots.
		MaxAckPending: -1, MaxWaiting: maxWaiting,
	}
	if config.AckWait == 0 {
		config.AckWait = defaultAckWait
	}
	shortened := false
	err := f.admin(ctx, "add queue", name, func(ctx context.Context) error {
		old, err := f.js.Consumer(ctx, f.names.jobs(), name)
		switch {
		case err == nil:
			info := old.CachedInfo()
			shortened = config.AckWait < info.Config.AckWait && info.NumWaiting+info.NumAckPending > 0
		case !errors.Is(err, jetstream.ErrConsumerNotFound):
			return err
		}
		if !shortened {
			_, err = f.js.CreateOrUpdateConsumer(ctx, f.names.jobs(), config)
		}
		return err
	})
	if err == nil && shortened {
		return &OptionError{"AckWait", "it is shorter than that of " + name + " is, on which its agents rely: drain them before"}
	}
	return err
}

// QueueInfo is the state of a queue on the servers.
type QueueInfo struct {
	Name    string
	Waiting uint64        // jobs that no agent has
	Running int           // jobs that agents have
	Again   int           // of the running jobs, those that were delivered before
	Paused  time.Duration // time until the end of a Pause; 0: not paused
	AckWait time.Duration
}

// Queue returns the state of a queue.
func (f *Fleet) Queue(ctx context.Context, name string) (*QueueInfo, error) {
	if err := checkToken("queue", name); err != nil {
		return nil, err
	}
	info, err := f.consumer(ctx, name)
	if err != nil {
		return nil, err
	}
	q := &QueueInfo{Name: name, Waiting: info.NumPending, Running: info.NumAckPending, Again: info.NumRedelivered,
		AckWait: info.Config.AckWait}
	if info.Paused {
		q.Paused = info.PauseRemaining
	}
	return q, nil
}

// Queues returns the names of all queues. It needs the rights of RoleAdmin.
func (f *Fleet) Queues(ctx context.Context) ([]string, error) {
	var names []string
	err := f.admin(ctx, "list", f.names.jobs(), func(ctx context.Context) error {
		stream, err := f.js.Stream(ctx, f.names.jobs())
		if err != nil {
			return err
		}
		names = nil
		list := stream.ConsumerNames(ctx)
		for name := range list.Name() {
			names = append(names, name)
		}
		return list.Err()
	})
	return names, err
}

func (f *Fleet) consumer(ctx context.Context, queue string) (info *jetstream.ConsumerInfo, err error) {
	err = f.admin(ctx, "look at queue", queue, func(ctx context.Context) error {
		c, err := f.js.Consumer(ctx, f.names.jobs(), queue)
		if err == nil {
			info = c.CachedInfo()
		}
		return err
	})
	return info, err
}

// Pause stops the delivery of the queue's jobs to all agents for d. Running jobs go on, and jobs
// can be submitted. The servers keep the time. It needs the rights of RoleAdmin.
func (f *Fleet) Pause(ctx context.Context, queue string, d time.Duration) error {
	if d <= 0 {
		return &OptionError{"Pause", "the time is not above zero"}
	}
	return f.pause(ctx, "pause", queue, time.Now().Add(d))
}

// Resume ends a Pause. It needs the rights of RoleAdmin.
func (f *Fleet) Resume(ctx context.Context, queue string) error {
	return f.pause(ctx, "resume", queue, time.Time{})
}

// pause pauses the queue until a time; the zero time resumes it.
func (f *Fleet) pause(ctx context.Context, op, queue string, until time.Time) error {
	if err := checkToken("queue", queue); err != nil {
		return err
	}
	return f.admin(ctx, op, queue, func(ctx context.Context) (err error) {
		if until.IsZero() {
			_, err = f.js.ResumeConsumer(ctx, f.names.jobs(), queue)
		} else {
			_, err = f.js.PauseConsumer(ctx, f.names.jobs(), queue, until)
		}
		return err
	})
}

// missing reports whether a stream, consumer or bucket does not exist.
func missing(err error) bool {
	return errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) ||
		errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, jetstream.ErrConsumerDoesNotExist)
}
