package pool

import (
	"fmt"
	"io"
	"slices"

	"github.com/brood-go/brood/reactor"
)

// OOMWatch is oomWatch for tests.
type OOMWatch struct{ o oomWatch }

// NewOOMWatch returns one that watches a directory.
func NewOOMWatch(dir string) *OOMWatch {
	w := &OOMWatch{}
	w.o.begin(dir)
	return w
}

// Verdict returns the cause for a worker that was killed since.
func (w *OOMWatch) Verdict() error { return w.o.verdict() }

// JobLimit returns the number of jobs after which a worker of a pool with these options is
// replaced.
func JobLimit(o *Options) int {
	p := &Pool{o: &settings{Options: *o}}
	return p.jobLimit()
}

// Announced returns the number of attachments on side channels that the pool still waits for.
func Announced(p *Pool) (n int) {
	for _, w := range p.workers {
		if w.side != nil {
			n += len(w.side.wanted)
		}
	}
	return n
}

// Broken returns the first invariant in the comments of Pool, Task, worker, assignment, queue,
// supply and bindings that does not hold between two turns of the loop, or nil.
func Broken(p *Pool) error {
	waiting, running := len(p.aside), len(p.incomplete)
	for _, q := range p.queues() {
		waiting += q.Len()
		for i, t := range q.tasks {
			if t.state != taskWaiting || t.queue != q || t.queueIndex != i || t.assignment != nil || t.suspect != (q == &p.suspects) {
				return fmt.Errorf("task %d in a queue: %+v", t.number, t)
			}
		}
	}
	for t := range p.aside {
		if t.state != taskWaiting || t.queue != nil || t.copying == nil {
			return fmt.Errorf("task %d aside: %+v", t.number, t)
		}
	}
	for t := range p.incomplete {
		if t.state != taskRunning || t.assignment != nil {
			return fmt.Errorf("task %d incomplete: %+v", t.number, t)
		}
	}
	for _, w := range p.workers {
		for i, a := range w.jobs {
			switch {
			case a.worker != w, i < w.capacity && !a.begun:
				return fmt.Errorf("job %d of worker %d: %+v", a.id, w.number, a)
			case a.task != nil && (a.task.assignment != a || a.task.state != taskRunning || a.task.queue != nil):
				return fmt.Errorf("task %d in worker %d: %+v", a.task.number, w.number, a.task)
			case a.task != nil:
				running++
			}
		}
		if err := w.invariants(); err != nil {
			return err
		}
	}
	switch {
	case waiting != p.counts.waiting, running != p.counts.running:
		return fmt.Errorf("%d wait and %d run, but the counts are %d and %d", waiting, running, p.counts.waiting, p.counts.running)
	case p.needDrain && p.counts.waiting == 0:
		return fmt.Errorf("needDrain, and nothing waits")
	case (p.supply.crashLoop != nil) != (p.supply.deaths >= loopAfter):
		return fmt.Errorf("crash loop after %d deaths", p.supply.deaths)
	case p.state == poolStopped && (len(p.workers) > 0 || p.counts.outstanding() > 0 || p.release != nil):
		return fmt.Errorf("stopped with %d workers", len(p.workers))
	case !p.exhausted && p.limit != p.o.Max:
		return fmt.Errorf("a limit of %d, Max is %d", p.limit, p.o.Max)
	}
	for key, e := range p.bindings.byKey {
		if b := e.Value.(*binding); b.key != key || b.worker.state != workerReady {
			return fmt.Errorf("key %q is bound to worker %d in state %d", key, b.worker.number, b.worker.state)
		}
	}
	return nil
}

// invariants returns the first invariant of w that does not hold.
func (w *worker) invariants() error {
	switch {
	case w.state == workerGone, w.capacity < 1,
		w.exclusive && len(w.jobs) == 0,
		w.reserved && w.pool.suspects.Len() == 0,
		w.bound.Len() > 0 && w.state != workerReady,
		w.state == workerReady && w.readySince.IsZero(),
		w.state == workerDraining && (len(w.jobs) == 0 || w.reason == ""),
		w.state == workerKilled && !(w.forced && w.toldToExit),
		w.pingHeard > w.pingSent,
		w.successor != nil && (w.successor.replaces != w || !slices.Contains(w.pool.workers, w.successor)),
		w.replaces != nil && (w.state == workerReady || w.state == workerStarting && w.replaces.successor != w):
		return fmt.Errorf("worker %d: %+v", w.number, w)
	}
	return nil
}

// BrokenServer returns the first invariant in the comments of server, outbox and serveDoor that
// does not hold between two turns of l, or nil. It is nil if no worker is served on l.
func BrokenServer(l *reactor.Loop) error {
	c, err := l.Local(serverKey{}, func() (io.Closer, error) { return nil, io.EOF })
	if err != nil {
		return nil
	}
	s := c.(*server)
	d := s.door
	d.mu.Lock()
	defer d.mu.Unlock()
	var cost int64
	for id, j := range s.jobs {
		if j.id != id || j.server != s {
			return fmt.Errorf("job %d is %d", id, j.id)
		}
		cost += j.cost
	}
	bytes, notices := 0, 0
	for _, o := range slices.Concat(d.out, s.outbox.list) {
		bytes += entryCost + len(o.frame)
	}
	for _, o := range s.outbox.list {
		if o.kind == outNotice {
			notices += entryCost + len(o.frame)
		}
	}
	for i, j := range d.queue {
		if (j == nil) != (i < d.first) || j != nil && s.jobs[j.id] != j {
			return fmt.Errorf("queue[%d] is %v, the first is %d", i, j, d.first)
		}
	}
	for _, j := range d.stalled {
		if j.wakeWrite == nil || j.ended {
			return fmt.Errorf("job %d is stalled: %+v", j.id, j)
		}
	}
	switch down := &s.shutdown; {
	case cost != s.cost, s.o.OnLoop && len(s.jobs) > 0:
		return fmt.Errorf("%d jobs cost %d, the sum is %d", len(s.jobs), cost, s.cost)
	case bytes != d.outBytes, notices != s.outbox.notices:
		return fmt.Errorf("outBytes is %d of %d, notices %d of %d", d.outBytes, bytes, s.outbox.notices, notices)
	case len(d.out) > 0 && !d.posted:
		return fmt.Errorf("%d messages, and nothing is posted", len(d.out))
	case d.idle > d.runners, d.runners > s.o.Concurrency, s.async.running < 0, s.async.running > s.o.Concurrency:
		return fmt.Errorf("%d of %d runners are idle, %d jobs run", d.idle, d.runners, s.async.running)
	case down.state == serving && (down.release != nil || down.cause != nil || down.graceTimer != nil || down.disconnected):
		return fmt.Errorf("serving: %+v", *down)
	case down.state == serveTearingDown && len(s.jobs) > 0:
		return fmt.Errorf("tearing down with %d jobs", len(s.jobs))
	}
	return nil
}
