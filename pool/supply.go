package pool

import (
	"time"

	"github.com/brood-go/brood/reactor"
)

// loopAfter is how many workers die one after the other without an answer before that is a crash
// loop.
const loopAfter = 10

// supply says when workers may be started.
type supply struct {
	pool         *Pool
	deaths       int             // one after the other, with no answer in between
	crashLoop    *CrashLoopError // nil: this is no crash loop
	backoffAlarm alarm           // until the next start
	backingOff   bool
}

func (s *supply) looping() bool { return s.crashLoop != nil }

// noteAnswer is called when a worker has answered a job, or has been ready for long: those that
// died before do not count any more.
func (s *supply) noteAnswer() {
	if s.deaths == 0 {
		return
	}
	s.deaths, s.crashLoop = 0, nil
	s.stopBackoff()
}

func (s *supply) stopBackoff() {
	s.backoffAlarm.stop()
	if s.backingOff {
		s.backingOff = false
		s.pool.fill()
	}
}

// noteDeath is called when a worker has ended that should not. The first time another one is
// started at once.
func (s *supply) noteDeath(c Crash) {
	p := s.pool
	s.deaths++
	var wait time.Duration
	if s.deaths > 1 {
		wait = jittered(p.o.Backoff.wait(s.deaths - 2))
		s.backingOff = true
		s.backoffAlarm.set(p.loop, wait, s.stopBackoff)
	}
	if s.deaths < loopAfter {
		return
	}
	s.crashLoop = &CrashLoopError{Deaths: s.deaths, Next: wait, Last: c}
	loop := s.crashLoop
	p.nextTick(func() {
		if !reactor.Emit(p.loop, &p.onCrashLoop, loop) && p.logger != nil {
			p.logger.Error(loop.Error())
		}
	})
	if p.o.CrashLoop == CrashLoopFail {
		p.failWaiting(loop)
	}
}

// wait returns how long the next start waits after so many that have waited already.
func (b *Backoff) wait(waits int) time.Duration {
	d := b.Min
	for range min(waits, 40) {
		if d >= b.Max/2 {
			return b.Max
		}
		d *= 2
	}
	return d
}

// startFirst starts the workers of a new pool. An error is a mistake in the options.
func (p *Pool) startFirst() error {
	p.supply.pool = p
	for p.size() < p.o.Min && p.starting() < p.o.Starting {
		if _, err := p.startWorker(nil); err != nil {
			for _, w := range p.workers {
				w.kill(ExitStop, nil)
			}
			return err
		}
	}
	return nil
}

// fill starts the workers that are wanted and may be started now.
func (p *Pool) fill() {
	for p.wantsWorker() {
		if _, err := p.startWorker(nil); err != nil {
			// The options were good enough for the first one, or there was none before.
			p.failStart(&StartError{Worker: Worker{Number: p.lastWorker, Generation: p.generation}, Err: err})
			return
		}
	}
	p.startReplacement()
	p.updateHold()
}

// grow is fill for the case of a new task.
func (p *Pool) grow() {
	if p.queue.Len()+p.suspects.Len() > 0 {
		p.fill()
	}
}

func (p *Pool) wantsWorker() bool {
	if p.state == poolStopped || p.startErr != nil || p.supply.backingOff || p.starting() >= p.o.Starting || p.processes() >= 2*p.limit {
		return false
	}
	size, starting := p.size()+p.keptPlaces(), p.starting()
	if !p.everReady && p.counts.exits[ExitStartFailed] > 0 && starting > 0 {
		return false // Those that are starting decide whether the program is any good.
	}
	waiting := p.queue.Len() + p.suspects.Len()
	if p.supply.looping() {
		return starting == 0 && (size < p.minWorkers() || size == 0 && (waiting > 0 || p.state == poolOpen))
	}
	return size < p.minWorkers() || waiting > starting && size < p.limit
}

// minWorkers is how many workers there are to be at least.
func (p *Pool) minWorkers() int {
	if p.state != poolOpen {
		return 0
	}
	return min(p.o.Min, p.limit)
}

// size is the number of workers, without those that were told to end and the successors of others.
// One that ends by itself counts until it has gone: only then is it known whether another one has
// to wait.
func (p *Pool) size() int {
	n := 0
	for _, w := range p.workers {
		if (w.state <= workerReady || w.reason == "") && w.replaces == nil {
			n++
		}
	}
	return n
}

// keptPlaces is the number of workers that are killed and whose places nobody has: Max holds
// however long it takes.
func (p *Pool) keptPlaces() int {
	n := 0
	for _, w := range p.workers {
		if w.keepsPlace {
			n++
		}
	}
	return n
}

// processes is the number of all workers but those that a Reload has end: that of the others is
// bounded, so that workers which take long to end do not pile up.
func (p *Pool) processes() int {
	n := 0
	for _, w := range p.workers {
		if w.state <= workerReady || w.reason != ExitReload {
			n++
		}
	}
	return n
}

func (p *Pool) starting() int {
	n := 0
	for _, w := range p.workers {
		if w.state == workerStarting {
			n++
		}
	}
	return n
}

// shrink is called when the system has no room for another process. It reports false when there is
// no worker at all.
func (p *Pool) shrink() bool {
	size := p.size()
	if size == 0 {
		return false
	}
	p.limit, p.exhausted = size, true
	p.limitAlarm.set(p.loop, p.o.Backoff.Max, func() {
		p.limit, p.exhausted = p.o.Max, false
		p.fill()
	})
	return true
}

// failStart ends a pool whose workers cannot be started.
func (p *Pool) failStart(err *StartError) {
	if p.startErr != nil {
		return
	}
	p.startErr = err
	p.failWaiting(err)
	p.reportError(err)
	if p.stopping == nil {
		p.beginStop()
	}
}

// failWaiting settles all tasks that wait.
func (p *Pool) failWaiting(err error) {
	for _, q := range p.queues() {
		for t := q.first(); t != nil; t = q.first() {
			p.settle(t, nil, err)
		}
	}
	for t := range p.aside {
		p.settle(t, nil, err)
	}
}

// queues are all in which tasks wait.
func (p *Pool) queues() []*queue {
	all := []*queue{&p.suspects, &p.queue}
	for _, w := range p.workers {
		all = append(all, &w.bound)
	}
	return all
}
