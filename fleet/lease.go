package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// errLeaseLost is the cause with which an agent cancels a job that another agent may have.
var errLeaseLost = errors.New("fleet: the agent has lost the job: it was silent for longer than AckWait")

// A lease is the time for which this agent has a job. The server does not report its end: it gives
// the job to another agent, and answers a late heartbeat or acknowledgement as usual. So the agent
// keeps the time itself, from a moment at which the server cannot have started to count. It uses
// two clocks, because the monotonic clock stands still while the machine sleeps.
//
// Its methods are safe to call from any goroutine; stop waits for the lease's own.
type lease struct {
	f      *Fleet
	wait   time.Duration                  // AckWait of the queue
	holds  func(ctx context.Context) bool // false: no heartbeat, so the lease ends; see run.holds
	onBeat func()                         // runs after each heartbeat, on the lease's goroutine

	ctx           context.Context // ends when the lease does: errLeaseLost, or Canceled by stop
	cancel        context.CancelCauseFunc
	heartbeatDone chan struct{} // closed when the goroutine has ended

	mu     sync.Mutex
	until  time.Time // end of the lease; each heartbeat moves it forward
	ack    string    // subject on which the latest delivery is acknowledged
	number int       // number of the latest delivery, from 1
}

// newLease starts the lease of a delivery. It starts a goroutine that sends the heartbeats; it ends
// with the lease. The caller must stop the lease.
func newLease(f *Fleet, d *delivery, number int, holds func(ctx context.Context) bool, onBeat func()) *lease {
	l := &lease{f: f, ack: d.msg.Reply, number: number, wait: d.queue.ackWait, holds: holds, onBeat: onBeat, heartbeatDone: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	l.until = d.since.Add(l.wait)
	go l.heartbeat(d.since)
	return l
}

// stop ends the lease and waits for its goroutine.
func (l *lease) stop() {
	l.cancel(context.Canceled)
	<-l.heartbeatDone
}

// lost reports whether another agent may have the job.
func (l *lease) lost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if past(l.until) {
		l.cancel(errLeaseLost)
	}
	return errors.Is(context.Cause(l.ctx), errLeaseLost)
}

// adopt lets the lease go on with another delivery of the job. It returns false if the lease has
// ended. Such a delivery comes from a server that was killed: it has forgotten its deliveries and
// repeats them, also to an agent that has the job.
func (l *lease) adopt(d *delivery, number int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil || past(l.until) {
		return false
	}
	l.ack, l.number = d.msg.Reply, number
	if until := d.since.Add(l.wait); until.After(l.until) {
		l.until = until
	}
	return true
}

// lastDelivery returns the subject and the number of the latest delivery.
func (l *lease) lastDelivery() (ack string, delivery int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ack, l.number
}

// past reports whether t has passed on the monotonic clock or on the wall clock.
func past(t time.Time) bool {
	now := time.Now()
	return !now.Before(t) || !now.Round(0).Before(t.Round(0))
}

// heartbeat sends a heartbeat every third of AckWait, until the lease ends. It is the lease's
// goroutine.
func (l *lease) heartbeat(since time.Time) {
	defer close(l.heartbeatDone)
	next := since.Add(l.wait / 3)
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-l.ctx.Done():
			return
		}
		if l.lost() {
			return
		}
		if !time.Now().Before(next) {
			next = l.beat()
		}
		l.mu.Lock()
		wake := min(time.Until(next), time.Until(l.until))
		l.mu.Unlock()
		timer.Reset(max(wake, time.Millisecond))
	}
}

// beat sends one heartbeat and returns the time of the next. An answer that comes after the end of
// the lease does not prolong it.
func (l *lease) beat() time.Time {
	l.mu.Lock()
	until := l.until
	l.mu.Unlock()
	ctx, cancel := context.WithDeadline(l.ctx, until)
	defer cancel()
	sent := time.Now()
	if !l.holds(ctx) {
		return sent.Add(l.wait / 3)
	}
	sent = time.Now()
	attempt, done := context.WithTimeout(ctx, attemptTimeout)
	defer done()
	ack, _ := l.lastDelivery()
	_, err := l.f.call(attempt, &nats.Msg{Subject: ack, Data: []byte("+WPI")})
	switch {
	case past(until):
		return sent // The lease has ended, unless a delivery was adopted meanwhile.
	case err != nil:
		return time.Now().Add(l.wait / 12)
	}
	l.mu.Lock()
	l.until = sent.Add(l.wait)
	l.mu.Unlock()
	l.onBeat()
	return sent.Add(l.wait / 3)
}
