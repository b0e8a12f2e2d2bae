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
	// longestReason and longestStderr bound the text that is stored about a failure, in bytes.
	longestReason = 1 << 10
	longestStderr = 8 << 10

	// ackTimeout bounds the acknowledgement of a job whose result is stored. A server that was
	// killed has forgotten the delivery, and never answers.
	ackTimeout = 3 * time.Second

	// refusedDelay is the time until a job that the pool refused is given out again.
	refusedDelay = time.Second
)

// settle reports the outcome of an attempt to the servers. It stores the result before it
// acknowledges the job, because the agent may die between any two steps: then the job comes again,
// and the next agent finds what is stored.
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

// storeAnswer stores the answer as the result, unless there is a result, and takes the job off the
// queue. An agent that has lost the job stores its answer too, because the first answer wins, but
// leaves the job to the agent that has it.
func (r *run) storeAnswer(v verdict, lost bool) {
	msg := r.resultMessage(stateDone)
	if lost {
		msg.Header.Set(headerLease, leaseLost)
	}
	ctx, cancel := r.storeContext(lost)
	defer func() { cancel() }()
	drop, err := r.attach(ctx, msg, v.answer)
	if err != nil && !lost && !r.lease.lost() && !passing(err) {
		// The answer is too large, or the agent lacks the right.
		r.settle(r.judge(outcome{kind: outcomeFailed, err: err}, nil))
		return
	}
	if err == nil {
		r.f.step("storing")
		var first bool
		first, err = r.store(ctx, msg)
		if err != nil && !lost && r.lease.lost() {
			// Whether it was stored is unknown. Storing the same answer again does no harm.
			lost = true
			msg.Header.Set(headerLease, leaseLost)
			cancel()
			ctx, cancel = r.storeContext(lost)
			first, err = r.store(ctx, msg)
		}
		if err == nil && !first {
			r.noteDuplicate()
			drop() // After an error the result may be stored; then it needs the payload.
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

// attach is [Fleet.attach], but while there is no room it waits, as long as the lease lasts.
func (r *run) attach(ctx context.Context, msg *nats.Msg, answer []byte) (drop func(), err error) {
	for {
		drop, err = r.f.attach(ctx, r.f.names.resultBucket(r.id.client), r.id, msg, answer)
		if err == nil || !passing(err) || !r.waitRetry(ctx, err) {
			return drop, err
		}
	}
}

// passing reports whether an operation may succeed later: the servers have no room or do not
// answer.
func passing(err error) bool {
	return errors.Is(err, ErrQueueFull) || errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled) ||
		errors.Is(err, ErrClosed)
}

// storeContext bounds the storing of a result by the lease, or after its end by cancelWait.
func (r *run) storeContext(lost bool) (context.Context, context.CancelFunc) {
	if lost {
		return context.WithTimeout(context.Background(), cancelWait)
	}
	return context.WithCancel(r.lease.ctx)
}

// resultMessage returns the message of a result without a body. Its nonce tells it from others.
func (r *run) resultMessage(state string) *nats.Msg {
	msg := nats.NewMsg(r.f.names.result(r.id))
	msg.Header.Set(headerState, state)
	msg.Header.Set(headerQueue, r.queue.name)
	msg.Header.Set(headerAgent, r.a.o.Name)
	msg.Header.Set(headerNonce, newID())
	r.tries().header(msg.Header)
	return msg
}

// store stores a result. If there is one already, first is false. While there is no room it waits,
// as long as the lease lasts.
func (r *run) store(ctx context.Context, msg *nats.Msg) (first bool, err error) {
	for {
		_, _, err = r.f.publish(ctx, "store the result of", msg)
		if err == nil {
			return true, nil
		}
		switch {
		case code(err) == codeStoreFailed: // There is no room, or there is a result.
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

// waitRetry waits before the next try. It returns false if there must be none.
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

// acknowledge takes the job off the queue. It waits for the server's answer, because only then the
// job's id is free.
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

// dropPayload deletes the payload of a job that is done or cancelled. A dead job keeps it, because
// it may be requeued.
func (r *run) dropPayload() {
	if blob := r.msg.Header.Get(headerBlob); blob != "" {
		r.f.dropBlob(r.f.names.jobBucket(r.id.client), blob)
	}
}

// fail counts a failure, and gives the job back with a delay.
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

// retryDelay returns the delay after a job's nth failure.
func (a *Agent) retryDelay(n int) time.Duration {
	d := a.o.RetryMin
	for i := 1; i < n && d < a.o.RetryMax; i++ {
		d *= 2
	}
	d = min(d, a.o.RetryMax)
	return d - d/5 + rand.N(d*2/5+1)
}

// nak gives a job back. It tries once, because a second try could reach the server when another
// agent has the job.
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

// release gives the job back without counting a failure.
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

// releaseJob gives a job back, after it has stored that this delivery was neither a failure nor a
// loss.
func (f *Fleet) releaseJob(ctx context.Context, id jobID, h *history, ack string, delivery int, delay time.Duration) error {
	h.Released++
	h.Delivered = delivery
	if err := f.writeHistory(ctx, id, h); err != nil {
		return err
	}
	return f.nak(ctx, ack, delay)
}

// bury stores the job in the dead stream and then takes it off the queue.
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

// storeDead stores a job in the dead stream. If the body would not fit in base64, it goes through
// the object store; such a job comes from another program.
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

// tail returns the end of b, at most most bytes, as valid UTF-8.
func tail(b []byte, most int) string {
	return strings.ToValidUTF8(string(b[max(0, len(b)-most):]), "\uFFFD")
}

// oneLine returns the beginning of s as the value of a header: on one line, at most longestToken
// bytes.
func oneLine(s string) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, s)
	return strings.ToValidUTF8(s[:min(len(s), longestToken)], "")
}

// storeCancelled stores a result that says that the job was cancelled, and takes the job off the
// queue.
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

// noteLost reports that the agent has lost the job. LostLeases is a hint, because the agent that
// has the job writes the counts too.
func (r *run) noteLost(err error) {
	r.updateHistory(func(h *history) { h.LostLeases++ })
	r.a.emit(r.event(EventLost, errors.Join(errLeaseLost, err)))
}

// noteDuplicate reports that the job had a result when its answer came.
func (r *run) noteDuplicate() {
	r.updateHistory(func(h *history) { h.Duplicates++ })
	r.a.emit(r.event(EventDuplicate, nil))
}

// updateHistory changes the stored history of the job, once and without a guarantee.
func (r *run) updateHistory(change func(h *history)) {
	ctx, cancel := context.WithTimeout(context.Background(), cancelWait)
	defer cancel()
	h, err := r.f.readHistory(ctx, r.id)
	if err != nil {
		return // The event was emitted; the stored count is only a hint.
	}
	if h.Seq != r.seq {
		*h = history{Seq: r.seq, Delivered: r.history.Delivered}
	}
	change(h)
	_ = r.f.writeHistory(ctx, r.id, h) // A hint, too.
}
