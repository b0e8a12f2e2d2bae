package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// longestReason and longestStderr bound what is kept of a failure, in bytes.
	longestReason = 1 << 10
	longestStderr = 8 << 10

	// ackTimeout is how long the acknowledgement of a job waits that has its result stored. A
	// server that has forgotten that it gave the job out, because it was killed, does not answer at
	// all.
	ackTimeout = 3 * time.Second

	// refusedDelay is how long a job waits that a pool did not want.
	refusedDelay = time.Second
)

// settle tells the servers what became of an attempt: first what has to be there, and then that the
// job is done. Between any two steps this program may die. Then the job comes again, and the next
// agent finds what is there.
func (r *run) settle(v verdict) {
	lost := v.kind == verdictLost || r.lease.lost()
	switch {
	case v.kind == verdictAnswered:
		r.storeAnswer(v, lost)
	case lost:
		r.noteLost(v.err)
	case v.kind == verdictDone:
		r.acknowledge(EventDone, v.err)
	case v.kind == verdictFailed:
		r.fail(v)
	case v.kind == verdictReleased:
		r.release(v)
	case v.kind == verdictDead:
		r.bury(v)
	case v.kind == verdictBuried:
		r.acknowledge(EventDead, v.err)
	case v.kind == verdictCancelled:
		r.storeCancelled(v)
	case v.kind == verdictUnknown:
		r.a.emit(r.event(EventError, v.err))
	}
}

// storeAnswer stores the result, unless there is one, and takes the job off the queue. An agent
// that has lost the job stores its answer all the same, since the first one wins, but leaves the
// job to the agent that has it.
func (r *run) storeAnswer(v verdict, lost bool) {
	msg := r.resultMessage(stateDone)
	if lost {
		msg.Header.Set(headerLease, leaseLost)
	}
	ctx, cancel := r.storeContext(lost)
	defer func() { cancel() }()
	drop, err := r.attach(ctx, msg, v.answer)
	if err != nil && !lost && !r.lease.lost() && !passing(err) {
		// It is too large, or not permitted.
		r.settle(r.judge(outcome{kind: outcomeFailed, err: err}, nil))
		return
	}
	if err == nil {
		r.f.step("storing")
		var first bool
		first, err = r.store(ctx, msg)
		if err != nil && !lost && r.lease.lost() {
			// Whether it was stored is not known. It is the same answer, so storing it again does
			// no harm.
			lost = true
			msg.Header.Set(headerLease, leaseLost)
			cancel()
			ctx, cancel = r.storeContext(lost)
			first, err = r.store(ctx, msg)
		}
		if err == nil && !first {
			r.noteDuplicate()
			drop() // After an error the result may be stored, and needs it.
		}
	}
	r.f.step("stored")
	switch {
	case lost || r.lease.lost():
		r.noteLost(err)
	case err != nil:
		r.a.emit(r.event(EventError, err))
	default:
		r.acknowledge(EventDone, nil)
	}
}

// attach is [Fleet.attach] that waits, while there is no room, for as long as the job is this
// agent's.
func (r *run) attach(ctx context.Context, msg *nats.Msg, answer []byte) (drop func(), err error) {
	for {
		drop, err = r.f.attach(ctx, r.f.names.resultBucket(r.id.client), r.id, msg, answer)
		if err == nil || !passing(err) || !r.waitRetry(ctx, err) {
			return drop, err
		}
	}
}

// passing reports whether an error is one of servers that have no room, or do not answer, and may
// later.
func passing(err error) bool {
	return errors.Is(err, ErrQueueFull) || errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled) ||
		errors.Is(err, ErrClosed)
}

// storeContext is the time that there is for storing a result: that of the lease, or a short one
// after its end.
func (r *run) storeContext(lost bool) (context.Context, context.CancelFunc) {
	if lost {
		return context.WithTimeout(context.Background(), cancelWait)
	}
	return context.WithCancel(r.lease.ctx)
}

func (r *run) resultMessage(state string) *nats.Msg {
	msg := nats.NewMsg(r.f.names.result(r.id))
	msg.Header.Set(headerState, state)
	msg.Header.Set(headerQueue, r.queue.name)
	msg.Header.Set(headerAgent, r.a.o.Name)
	msg.Header.Set(headerNonce, newID())
	r.tries().header(msg.Header)
	return msg
}

// store stores a result. first is false when there is one. While there is no room it waits, for as
// long as the job is this agent's.
func (r *run) store(ctx context.Context, msg *nats.Msg) (first bool, err error) {
	for {
		_, _, err = r.f.publish(ctx, "store the result of", msg)
		if err == nil {
			return true, nil
		}
		switch {
		case code(err) == codeStoreFailed: // There is no room, or there is one.
			there, lookErr := (&Job{f: r.f, id: r.id}).storedResult(ctx)
			if lookErr != nil {
				return false, lookErr
			}
			if there != nil {
				return there.Header.Get(headerNonce) == msg.Header.Get(headerNonce), nil
			}
		case !full(err) && !errors.Is(err, ErrUnavailable):
			return false, err
		}
		if !r.waitRetry(ctx, err) {
			return false, err
		}
	}
}

// waitRetry waits before the servers are asked again, and returns false when there is no use in
// that.
func (r *run) waitRetry(ctx context.Context, err error) bool {
	r.a.emit(r.event(EventError, err))
	select {
	case <-time.After(pullRetry + rand.N(pullRetry)):
		return true
	case <-ctx.Done():
	case <-r.a.running.Done():
	case <-r.f.closed:
	}
	return false
}

// acknowledge takes the job off the queue, and waits for the server to say so: only then its id is
// free.
func (r *run) acknowledge(kind EventKind, why error) {
	ctx, cancel := context.WithTimeout(r.lease.ctx, ackTimeout)
	defer cancel()
	ack, _ := r.lease.lastDelivery()
	if err := r.f.sendAck(ctx, ack, "+ACK"); err != nil {
		r.a.emit(r.event(EventError, err))
		return
	}
	r.f.step("acknowledged")
	r.a.emit(r.event(kind, why))
	if kind == EventDone {
		r.dropPayload()
	}
}

// dropPayload deletes the payload of a job that is over. A dead one keeps it: it may be queued
// again.
func (r *run) dropPayload() {
	if blob := r.msg.Header.Get(headerBlob); blob != "" {
		r.f.dropBlob(r.f.names.jobBucket(r.id.client), blob)
	}
}

// fail counts a failure, and has the job come again later.
func (r *run) fail(v verdict) {
	ack, delivery := r.lease.lastDelivery()
	r.history.Failures++
	r.history.Delivered = delivery
	r.f.step("failing")
	if err := r.f.writeHistory(r.lease.ctx, r.id, r.history); err != nil {
		r.a.emit(r.event(EventError, err))
		return
	}
	r.f.step("counted")
	if err := r.f.nak(r.lease.ctx, ack, r.a.retryDelay(r.history.Failures)); err != nil {
		r.a.emit(r.event(EventError, err))
		return
	}
	r.a.emit(r.event(EventFailed, v.err))
}

// retryDelay is how long a job waits after its nth failure.
func (a *Agent) retryDelay(n int) time.Duration {
	d := a.o.RetryMin
	for i := 1; i < n && d < a.o.RetryMax; i++ {
		d *= 2
	}
	d = min(d, a.o.RetryMax)
	return d - d/5 + rand.N(d*2/5+1)
}

// nak gives a job back, in one attempt: a second could be about the job when another agent has it.
func (f *Fleet) nak(ctx context.Context, ack string, delay time.Duration) error {
	text := "-NAK"
	if delay > 0 {
		text += fmt.Sprintf(` {"delay":%d}`, delay)
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	if _, err := f.call(ctx, &nats.Msg{Subject: ack, Data: []byte(text)}); err != nil {
		return &OpError{"give back", ack, err}
	}
	return nil
}

// release releases the job, uncounted.
func (r *run) release(v verdict) {
	ctx, cancel := context.WithTimeout(r.lease.ctx, cancelWait)
	defer cancel()
	delay := time.Duration(0)
	if r.a.running.Err() == nil {
		delay = refusedDelay
	}
	ack, delivery := r.lease.lastDelivery()
	if err := r.f.releaseJob(ctx, r.id, r.history, ack, delivery, delay); err != nil {
		v.err = err
	}
	r.a.emit(r.event(EventReleased, v.err))
}

// releaseJob gives a job back, and notes that this delivery was no loss.
func (f *Fleet) releaseJob(ctx context.Context, id jobID, h *history, ack string, delivery int, delay time.Duration) error {
	h.Released++
	h.Delivered = delivery
	if err := f.writeHistory(ctx, id, h); err != nil {
		return err
	}
	return f.nak(ctx, ack, delay)
}

// bury puts the job in the dead stream and then takes it off the queue.
func (r *run) bury(v verdict) {
	if v.dead == DeadFailed {
		r.history.Failures++
	}
	d := &deadBody{
		Queue: r.queue.name, Kind: v.dead, Reason: tail([]byte(v.err.Error()), longestReason),
		Stderr: tail(v.stderr, longestStderr), Agent: r.a.o.Name, Tries: r.tries(), Header: kept(r.msg.Header), Job: r.msg.Data,
	}
	r.f.step("burying")
	for {
		err := r.f.storeDead(r.lease.ctx, r.id, d)
		if err == nil {
			break
		}
		if !full(err) && !errors.Is(err, ErrUnavailable) || !r.waitRetry(r.lease.ctx, err) {
			r.a.emit(r.event(EventError, err))
			return
		}
	}
	r.f.step("buried")
	ctx, cancel := context.WithTimeout(r.lease.ctx, ackTimeout)
	defer cancel()
	ack, _ := r.lease.lastDelivery()
	if err := r.f.sendAck(ctx, ack, "+TERM "+oneLine(v.err.Error())); err != nil {
		r.a.emit(r.event(EventError, err))
		return
	}
	r.a.emit(r.event(EventDead, v.err))
}

// storeDead puts a job in the dead stream. A job that another program has queued may be as large as
// a message can be, and then goes through the object store: in base64 it would not fit.
func (f *Fleet) storeDead(ctx context.Context, id jobID, d *deadBody) error {
	if int64(len(d.Job)) > f.inline() {
		large := &nats.Msg{Header: d.Header}
		if _, err := f.attach(ctx, f.names.jobBucket(id.client), id, large, d.Job); err != nil {
			return err
		}
		d.Job = nil
	}
	body, err := json.Marshal(d)
	if err != nil {
		return &OpError{"bury", id.String(), err}
	}
	_, _, err = f.publish(ctx, "bury", &nats.Msg{
		Subject: f.names.deadJob(id), Data: body, Header: nats.Header{headerState: {stateDead}},
	})
	return err
}

// tail is the end of what a worker wrote, as text.
func tail(b []byte, most int) string {
	return strings.ToValidUTF8(string(b[max(0, len(b)-most):]), "\uFFFD")
}

// oneLine is the beginning of a text, without what would end a header.
func oneLine(s string) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, s)
	return strings.ToValidUTF8(s[:min(len(s), longestToken)], "")
}

// storeCancelled has those who wait told, and takes the job off the queue.
func (r *run) storeCancelled(v verdict) {
	msg := r.resultMessage(stateCancelled)
	_, reason, err := r.tombstoneOf(r.lease.ctx)
	if err == nil && reason != "" {
		msg.Header.Set(headerReason, oneLine(reason))
	}
	if _, err := r.store(r.lease.ctx, msg); err != nil {
		r.a.emit(r.event(EventError, err))
		return
	}
	ctx, cancel := context.WithTimeout(r.lease.ctx, ackTimeout)
	defer cancel()
	ack, _ := r.lease.lastDelivery()
	if err := r.f.sendAck(ctx, ack, "+TERM cancelled"); err != nil {
		r.a.emit(r.event(EventError, err))
		return
	}
	r.a.emit(r.event(EventCancelled, v.err))
	r.dropPayload()
}

// noteLost reports that the agent has lost the job. The count is a hint: the agent that has the job
// counts, too.
func (r *run) noteLost(err error) {
	r.updateHistory(func(h *history) { h.LostLeases++ })
	r.a.emit(r.event(EventLost, errors.Join(errLeaseLost, err)))
}

// noteDuplicate reports that the job ran although it had a result.
func (r *run) noteDuplicate() {
	r.updateHistory(func(h *history) { h.Duplicates++ })
	r.a.emit(r.event(EventDuplicate, nil))
}

func (r *run) updateHistory(change func(h *history)) {
	ctx, cancel := context.WithTimeout(context.Background(), cancelWait)
	defer cancel()
	h, err := r.f.readHistory(ctx, r.id)
	if err != nil {
		return // The event tells; this is for those who look later.
	}
	if h.Seq != r.seq {
		*h = history{Seq: r.seq, Delivered: r.history.Delivered}
	}
	change(h)
	_ = r.f.writeHistory(ctx, r.id, h) // See above.
}
