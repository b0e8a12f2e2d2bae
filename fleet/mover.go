package fleet

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// moverName is the name of the mover's consumers.
const moverName = "mover"

// A Mover queues delayed jobs when they are due. A fleet needs at least one; a server of Serve has
// one.
//
// A client stores a delayed job in the stream F_later. The mover makes a schedule of it in F_clock,
// to which no client may publish. When the server reports that the schedule is due, the mover
// queues the job under its id.
//
// Its methods are safe to call from any goroutine.
type Mover struct {
	f          *Fleet
	ctx        context.Context
	cancel     context.CancelFunc
	goroutines sync.WaitGroup

	// Used by schedule only.
	room int64 // at least so many schedules fit; 0: ask the server
	// time of the server's last answer that there is no room; zero: none
	noRoom time.Time
}

const (
	// roomBatch is the number of schedules between two questions for room. Other movers may use it
	// up meanwhile.
	roomBatch = 64

	// roomRetry is the time until a delayed job without room is tried again.
	roomRetry = time.Second
)

// Mover starts a mover. It needs the rights of RoleMover or RoleAdmin. The caller must Close it
// before the Fleet.
func (f *Fleet) Mover() (*Mover, error) {
	m := &Mover{f: f}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	for stream, move := range map[string]func(jetstream.Msg) error{f.names.later(): m.schedule, f.names.clock(): m.enqueueDue} {
		var consumer jetstream.Consumer
		if err := f.admin(m.ctx, "start mover of", stream, func(ctx context.Context) (err error) {
			consumer, err = f.js.Consumer(ctx, stream, moverName)
			return err
		}); err != nil {
			m.Close()
			return nil, err
		}
		// These goroutines end with Close, which waits for them.
		m.goroutines.Go(func() { m.run(consumer, move) })
	}
	return m, nil
}

// Close ends the mover. The next mover completes unfinished steps.
func (m *Mover) Close() {
	m.cancel()
	m.goroutines.Wait()
}

// run calls move with each message of the consumer.
func (m *Mover) run(consumer jetstream.Consumer, move func(jetstream.Msg) error) {
	const fetchSize = 64 // messages in one request
	for m.ctx.Err() == nil {
		wait, cancel := context.WithTimeout(m.ctx, longestPull)
		batch, err := consumer.Fetch(fetchSize, jetstream.FetchContext(wait))
		if err == nil {
			for msg := range batch.Messages() {
				if err := move(msg); err != nil {
					// The message comes again after AckWait.
					m.f.log("a delayed job could not be moved", err)
				}
			}
			err = batch.Error()
		}
		cancel()
		if err != nil && !errors.Is(err, nats.ErrTimeout) && !errors.Is(err, context.DeadlineExceeded) {
			if m.f.nc.IsClosed() {
				return
			}
			select {
			case <-time.After(pullRetry):
			case <-m.ctx.Done():
			}
		}
	}
}

// schedule makes a schedule of a delayed job.
func (m *Mover) schedule(msg jetstream.Msg) error {
	f := m.f
	ctx, cancel := f.limit(m.ctx)
	defer cancel()
	queue, id := subjectID(msg.Subject())
	meta, err := msg.Metadata()
	if err != nil {
		return err
	}
	out := nats.NewMsg(f.names.at(queue, id))
	out.Header = kept(msg.Headers())
	if drop := msg.Headers().Get(headerDrop); drop != "" {
		out.Header.Set(headerDrop, "1")
	}
	due, zone := out.Header.Get(headerDue), out.Header.Get(headerZone)
	out.Header.Set(headerSince, meta.Timestamp.UTC().Format(time.RFC3339Nano))
	out.Header.Set(natsSchedule, due)
	out.Header.Set(natsTarget, f.names.due(queue, id))
	if zone != "" {
		out.Header.Set(natsZone, zone)
	}
	out.Data = msg.Data()
	if fits, err := m.fits(ctx, out.Subject); err != nil || !fits {
		return errors.Join(err, msg.NakWithDelay(roomRetry))
	}
	f.step("scheduling")
	_, _, err = f.publish(ctx, "schedule", out)
	if code(err) != 0 && !full(err) {
		// The server cannot read the schedule, so a retry is useless.
		return m.bury(ctx, msg, queue, id, err)
	}
	if err != nil {
		return err
	}
	f.step("scheduled")
	return msg.DoubleAck(ctx)
}

// fits reports whether there is room for a schedule, or one on the same subject that it would
// replace. The stream of schedules cannot refuse a message. A job that does not fit stays in the
// stream of delayed jobs, which has the same limits and can refuse.
func (m *Mover) fits(ctx context.Context, subject string) (bool, error) {
	f := m.f
	if m.room == 0 && time.Since(m.noRoom) > pullRetry {
		var later, clock *jetstream.StreamInfo
		for stream, info := range map[string]**jetstream.StreamInfo{f.names.later(): &later, f.names.clock(): &clock} {
			if err := f.admin(ctx, "look at", stream, func(ctx context.Context) error {
				s, err := f.js.Stream(ctx, stream)
				if err == nil {
					*info = s.CachedInfo()
				}
				return err
			}); err != nil {
				return false, err
			}
		}
		if clock.State.Bytes < uint64(later.Config.MaxBytes) {
			m.room = max(0, min(roomBatch, later.Config.MaxMsgs-int64(clock.State.Msgs)))
		}
		if m.room == 0 {
			m.noRoom = time.Now()
		}
	}
	if m.room > 0 {
		m.room--
		return true, nil
	}
	there, err := f.last(ctx, "look for", f.names.clock(), subject)
	return there != nil, err
}

// bury stores a job with an unreadable schedule in the dead stream.
func (m *Mover) bury(ctx context.Context, msg jetstream.Msg, queue string, id jobID, why error) error {
	d := &deadBody{Queue: queue, Kind: DeadMalformed, Reason: oneLine(why.Error()), Agent: moverName, Header: kept(msg.Headers()), Job: msg.Data()}
	if err := m.f.storeDead(ctx, id, d); err != nil {
		return err
	}
	return msg.DoubleAck(ctx)
}

// enqueueDue queues a job that is due. The job of a Cron gets an id of its own.
func (m *Mover) enqueueDue(msg jetstream.Msg) error {
	f := m.f
	ctx, cancel := f.limit(m.ctx)
	defer cancel()
	queue, id := subjectID(msg.Subject())
	meta, err := msg.Metadata()
	if err != nil {
		return err
	}
	if msg.Headers().Get(headerDrop) != "" || msg.Headers().Get(natsScheduler) != f.names.at(queue, id) {
		return msg.DoubleAck(ctx)
	}
	repeats := !once(msg.Headers().Get(headerDue))
	if repeats {
		id.id += "-" + strconv.FormatUint(meta.Sequence.Stream, 10)
	}
	out := nats.NewMsg(f.names.job(queue, id))
	out.Header = kept(msg.Headers())
	if repeats {
		out.Header.Del(headerSince)
		out.Header.Set(headerNonce, id.id)
	}
	if meta.NumDelivered > 1 {
		// A mover that died may have queued the job, so long ago that the server has forgotten its
		// message id.
		over, err := f.isOver(ctx, id, serverTime(out.Header, headerSince))
		if err != nil {
			return err
		}
		if over {
			return msg.DoubleAck(ctx)
		}
	}
	message := out.Header.Get(headerMessage)
	if message == "" {
		message = id.String() // Another program submitted it.
	} else if repeats {
		message += id.id
	}
	out.Header.Set(natsMsgID, message)
	out.Data = msg.Data()
	f.step("queueing")
	err = f.enqueue(ctx, f.names.jobs(), out, true)
	if errors.Is(err, ErrDuplicate) || errors.Is(err, ErrAlreadyDone) {
		err = nil // Another job has its id.
	}
	if err != nil {
		return err
	}
	f.step("queued")
	return msg.DoubleAck(ctx)
}

// Unschedule ends a JobOptions.Cron. Jobs that it has queued stay queued. The error is ErrQueueFull
// while there is no room for another delayed job.
func (f *Fleet) Unschedule(ctx context.Context, queue, id string) error {
	name := jobID{f.o.Client, id}
	if err := (&JobOptions{ID: id}).check(queue, name); err != nil {
		return err
	}
	ctx, cancel := f.limit(ctx)
	defer cancel()
	// This job replaces the schedule. When it is due, the mover drops it.
	msg := nats.NewMsg(f.names.delayed(queue, name))
	msg.Header.Set(headerDue, "@at "+time.Now().UTC().Format(time.RFC3339))
	msg.Header.Set(headerDrop, "1")
	msg.Header.Set(headerNonce, newID())
	return f.enqueue(ctx, f.names.later(), msg, true)
}
