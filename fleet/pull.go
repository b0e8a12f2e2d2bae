package fleet

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// pullSlack is the time that the answer may take after the server has ended a pull. Later it is
	// taken for lost.
	pullSlack = time.Second

	// crowdedPull is the time of a pull if there are more queues than waiting slots, so that the
	// slots must take turns.
	crowdedPull = 250 * time.Millisecond

	// pullRetry is the time that a slot waits after a refusal.
	pullRetry = 250 * time.Millisecond
)

// A mailbox receives the answers to a slot's pulls. A slot pulls one job at a time, and only when
// it is free, because a job requested in advance would wait here while its AckWait runs. A delivery
// does not say which pull it answers. So a mailbox is given up when a pull ends without an answer,
// and a job that arrives afterwards is given back. Otherwise no agent would run it until AckWait
// is over.
type mailbox struct {
	agent *Agent
	inbox string
	sub   *nats.Subscription // to inbox

	mu     sync.Mutex
	sent   time.Time      // time of the latest pull; only the slot writes it
	answer chan *nats.Msg // of the pull that waits; nil: none
}

// newMailbox returns a mailbox. The caller must close it.
func (a *Agent) newMailbox() (*mailbox, error) {
	m := &mailbox{agent: a, inbox: a.f.nc.NewInbox()}
	sub, err := a.f.nc.Subscribe(m.inbox, m.onMessage)
	m.sub = sub
	return m, err
}

// onMessage handles an answer, on the goroutine of the subscription.
func (m *mailbox) onMessage(msg *nats.Msg) {
	m.mu.Lock()
	answer, sent := m.answer, m.sent
	m.answer = nil
	m.mu.Unlock()
	if answer != nil {
		answer <- msg // It has room for the one answer.
		return
	}
	m.agent.releaseUnclaimed(msg, sent)
}

// close ends the subscription after the messages on their way have arrived.
func (m *mailbox) close() {
	closed := make(chan struct{})
	m.sub.SetClosedHandler(func(string) { close(closed) })
	if m.sub.Drain() != nil {
		return // The connection is closed.
	}
	select {
	case <-closed:
	case <-time.After(cancelWait):
		_ = m.sub.Unsubscribe() // It fails if the subscription is closed by now.
	case <-m.agent.f.closed:
	}
}

// jobQueue returns the queue of a message that is a job, nil for any other message.
func (a *Agent) jobQueue(msg *nats.Msg) *agentQueue {
	meta, err := msg.Metadata()
	if err != nil {
		return nil
	}
	return a.queueByName[meta.Consumer]
}

// releaseUnclaimed gives back a job that no slot waits for. The pull was sent at sent. If AckWait
// may be over since the delivery, another agent may have the job, so nothing is done.
func (a *Agent) releaseUnclaimed(msg *nats.Msg, sent time.Time) {
	q := a.jobQueue(msg)
	if q == nil || past(sent.Add(q.ackWait/2)) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(q.ackWait/4, cancelWait))
	defer cancel()
	meta, err := msg.Metadata()
	if err != nil {
		return // jobQueue has checked that there is some.
	}
	_, id := subjectID(msg.Subject)
	h, delivery := &history{}, int(meta.NumDelivered)
	if delivery > 1 {
		if h, err = a.f.readHistory(ctx, id); err != nil {
			return // The job comes back after AckWait.
		}
	}
	h.countDelivery(meta.Sequence.Stream, delivery)
	if a.f.releaseJob(ctx, id, h, msg.Reply, delivery, 0) == nil { // Otherwise likewise.
		a.emit(Event{Kind: EventReleased, Queue: q.name, ID: id.String()})
	}
}

// pull sends one pull and waits for its answer. With wait 0 the server answers at once. If
// unanswered is true, there was no answer, and the mailbox must be given up.
func (m *mailbox) pull(ctx context.Context, interrupt, reassigned <-chan struct{}, q *agentQueue, wait time.Duration) (msg *nats.Msg, unanswered bool, err error) {
	parameters := map[string]any{"batch": 1}
	if wait > 0 {
		parameters["expires"] = wait
	} else {
		parameters["no_wait"] = true
	}
	body, err := json.Marshal(parameters)
	if err != nil {
		return nil, false, err
	}
	answer := make(chan *nats.Msg, 1)
	m.mu.Lock()
	m.answer, m.sent = answer, time.Now()
	m.mu.Unlock()
	f := m.agent.f
	request := &nats.Msg{Subject: "$JS.API.CONSUMER.MSG.NEXT." + f.names.jobs() + "." + q.name, Reply: m.inbox, Data: body}
	ctx, release := f.refusals.guard(ctx, func(subject string) bool { return subject == request.Subject })
	defer release()
	if err = f.nc.PublishMsg(request); err == nil {
		timer := time.NewTimer(wait + pullSlack)
		defer timer.Stop()
		select {
		case msg := <-answer:
			return msg, false, nil
		case <-timer.C:
		case <-interrupt:
		case <-reassigned:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	m.mu.Lock()
	m.answer = nil
	m.mu.Unlock()
	select {
	case msg := <-answer: // It came at the last moment.
		return msg, false, nil
	default:
		return nil, true, err
	}
}

// A delivery is a job that the server gave to the agent.
type delivery struct {
	msg   *nats.Msg
	queue *agentQueue
	since time.Time // not after the moment when the server delivered it
}

// A slot runs one job at a time. It is used on its goroutine, see Agent.runSlot.
type slot struct {
	agent  *Agent
	number int      // from 0; never changed
	round  int      // pulls so far, so that slots take turns at the queues
	box    *mailbox // nil: the next pull makes one
}

// close gives up the mailbox. Jobs that still arrive are given back, on a goroutine that
// Agent.finish waits for.
func (s *slot) close() {
	if box := s.box; box != nil {
		s.box = nil
		s.agent.closers.Go(box.close)
	}
}

// pull asks the queues for a job. It returns nil if none came for a while.
func (s *slot) pull() *delivery {
	a := s.agent
	interrupt := a.gate.interrupted()
	if len(a.queues) > 1 {
		for _, q := range a.pullOrder() {
			if d := s.ask(interrupt, nil, q, 0); d != nil || a.pulling.Err() != nil {
				return d
			}
		}
	}
	s.round++
	w, all := a.idle.choose(a.queues, s.number+s.round)
	wait := w.queue.pullWait
	if !all {
		wait = min(wait, crowdedPull)
	}
	d := s.ask(interrupt, w.reassigned, w.queue, wait)
	a.idle.release(w, d != nil)
	return d
}

// ask asks one queue, until a channel is closed. After a refusal it reports the error and pauses.
func (s *slot) ask(interrupt, reassigned <-chan struct{}, q *agentQueue, wait time.Duration) *delivery {
	a := s.agent
	msg, err := s.send(interrupt, reassigned, q, wait)
	switch {
	case msg == nil && (err == nil || a.pulling.Err() != nil):
		return nil // Interrupted, or the answer was lost with a server.
	case err != nil:
	case a.jobQueue(msg) != nil:
		return &delivery{msg, q, s.box.sent}
	default:
		switch status := msg.Header.Get("Status"); status {
		case "404", "408": // There is no job.
			return nil
		case "409", "503": // The leader changes, or a server stops.
		default:
			err = &statusError{status, msg.Header.Get("Description")}
		}
	}
	if err != nil {
		a.emit(Event{Kind: EventError, Queue: q.name, Err: &OpError{"ask for a job of", q.name, err}})
	}
	select {
	case <-time.After(pullRetry/2 + rand.N(pullRetry)):
	case <-a.pulling.Done():
	}
	return nil
}

// send sends one pull. If it gets no answer, it gives up the mailbox.
func (s *slot) send(interrupt, reassigned <-chan struct{}, q *agentQueue, wait time.Duration) (msg *nats.Msg, err error) {
	if s.box == nil {
		if s.box, err = s.agent.newMailbox(); err != nil {
			s.box = nil
			return nil, err
		}
	}
	msg, unanswered, err := s.box.pull(s.agent.pulling, interrupt, reassigned, q, wait)
	if unanswered {
		s.close()
	}
	return msg, err
}

// statusError is an answer to a pull that is no job, with an unexpected status.
type statusError struct{ status, description string }

// Error returns the status of the server's answer.
func (e *statusError) Error() string { return "status " + e.status + " " + e.description }

// pullOrder returns the order in which the queues are asked.
func (a *Agent) pullOrder() []*agentQueue {
	if a.o.Strict {
		return a.queues
	}
	order := append([]*agentQueue(nil), a.queues...)
	total := 0
	for _, q := range order {
		total += q.weight
	}
	for i := range order {
		// The queues from i on have the sum of weights total.
		at := rand.IntN(total)
		for k := i; k < len(order); k++ {
			if at -= order[k].weight; at < 0 {
				order[i], order[k] = order[k], order[i]
				break
			}
		}
		total -= order[i].weight
	}
	return order
}
