package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// errLeaseLost is why the child of a job is cancelled that another agent may have.
var errLeaseLost = errors.New("fleet: the agent has lost the job: it was silent for longer than AckWait")

// A lease is the time for which a job is this agent's. The server does not say when it is over: it
// gives the job to another one, and answers a late heartbeat, and a late acknowledgement, as if
// nothing had happened. So the agent counts itself, from the last moment before which the server
// cannot have begun to count, and without trusting a single clock: the one that runs evenly stands
// still while the machine sleeps.
type lease struct {
	f      *Fleet
	wait   time.Duration
	holds  func(ctx context.Context) bool // whether there is anything left to hold the lease for
	onBeat func()                         // is called after a heartbeat

	ctx           context.Context // ends with errLeaseLost
	cancel        context.CancelCauseFunc
	heartbeatDone chan struct{}

	mu     sync.Mutex
	until  time.Time
	ack    string // where the last delivery is acknowledged
	number int    // its number
}

// newLease takes a job that was given out at since or later. Its goroutine ends with stop, which
// waits for it, or with the lease.
func newLease(f *Fleet, d *delivery, number int, holds func(ctx context.Context) bool, beats func()) *lease {
	l := &lease{f: f, ack: d.msg.Reply, number: number, wait: d.queue.ackWait, holds: holds, onBeat: beats, heartbeatDone: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	l.until = d.since.Add(l.wait)
	go l.heartbeat(d.since)
	return l
}

// stop ends the heartbeats.
func (l *lease) stop() {
	l.cancel(context.Canceled)
	<-l.heartbeatDone
}

// lost reports whether the job may be another's.
func (l *lease) lost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if past(l.until) {
		l.cancel(errLeaseLost)
	}
	return errors.Is(context.Cause(l.ctx), errLeaseLost)
}

// adopt makes another delivery of the job that of the lease, and returns false when the lease is
// over. A server that was killed has forgotten what it gave out, and gives it out again, also to
// the agent that has it.
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

// lastDelivery returns where the last delivery is acknowledged, and its number.
func (l *lease) lastDelivery() (ack string, delivery int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ack, l.number
}

// past reports whether t has passed by either clock.
func past(t time.Time) bool {
	now := time.Now()
	return !now.Before(t) || !now.Round(0).Before(t.Round(0))
}

// heartbeat sends a heartbeat every third of AckWait. One that is answered after the lease was over
// proves nothing.
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

// beat sends one heartbeat and returns when the next is due.
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
		return sent // The lease is over, unless it was adopted meanwhile.
	case err != nil:
		return time.Now().Add(l.wait / 12)
	}
	l.mu.Lock()
	l.until = sent.Add(l.wait)
	l.mu.Unlock()
	l.onBeat()
	return sent.Add(l.wait / 3)
}
