package pool

import (
	"time"

	"github.com/brood-go/brood/reactor"
)

// loopAfter is the number of deaths in a row, without an answer in between, that make a crash loop.
const loopAfter = 10

// supply decides when workers may be started: it counts deaths, and pauses after them. It is used
// on the loop goroutine only.
type supply struct {
	pool         *Pool
	deaths       int             // deaths in a row, with no answer in between
	crashLoop    *CrashLoopError // set while deaths ≥ loopAfter; nil otherwise
	backoffAlarm alarm           // calls stopBackoff
	backingOff   bool            // no worker may be started
}

func (s *supply) looping() bool { return s.crashLoop != nil }

// noteAnswer forgets earlier deaths. It is called when a worker has answered a job, or has been
// ready for Backoff.StableAfter.
func (s *supply) noteAnswer() {
	if s.deaths == 0 {
		return
	}
	s.deaths, s.crashLoop = 0, nil
	s.stopBackoff()
}

// stopBackoff ends the pause, and starts the workers that are needed.
func (s *supply) stopBackoff() {
	s.backoffAlarm.stop()
	if s.backingOff {
		s.backingOff = false
		s.pool.fill()
	}
}

// noteDeath counts an unexpected exit. The first one in a row makes no pause.
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

// wait returns the pause after that many pauses in a row.
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

// startFirst starts the workers of a new pool. An error is a mistake in the options; the workers
// that were started are killed.
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

// fill starts the workers that are needed and may be started now, and a successor if one is due.
func (p *Pool) fill() {
	for p.wantsWorker() {
		if _, err := p.startWorker(nil); err != nil {
			if p.reload != nil {
				p.reload.fail(err) // That calls fill, with the program of before.
				return
			}
			// New or Reload has not seen that the options are invalid, because it started no
			// worker.
			p.failStart(&StartError{Worker: Worker{Number: p.lastWorker, Generation: p.generation}, Err: err})
			return
		}
	}
	p.startReplacement()
	p.updateHold()
}

// grow is fill after a task was queued. It costs nothing if no task waits for a worker.
func (p *Pool) grow() {
	if p.queue.Len()+p.suspects.Len() > 0 {
		p.fill()
	}
}

// wantsWorker reports whether another worker is needed and may be started now.
func (p *Pool) wantsWorker() bool {
	if p.state == poolStopped || p.startErr != nil || p.supply.backingOff || p.starting() >= p.o.Starting || p.processes() >= 2*p.limit {
		return false
	}
	size, starting := p.size()+p.keptPlaces(), p.starting()
	if !p.everReady && p.counts.exits[ExitStartFailed] > 0 && starting > 0 {
		return false // Wait for the workers that are starting: if all fail, the pool stops.
	}
	waiting := p.queue.Len() + p.suspects.Len()
	if p.supply.looping() {
		return starting == 0 && (size < p.minWorkers() || size == 0 && (waiting > 0 || p.state == poolOpen))
	}
	return size < p.minWorkers() || waiting > starting && size < p.limit
}

// minWorkers returns the number of workers that are kept. A pool that stops keeps none.
func (p *Pool) minWorkers() int {
	if p.state != poolOpen {
		return 0
	}
	return min(p.o.Min, p.limit)
}

// size returns the number of workers without successors and without those that are to exit. A
// worker that exits by itself counts until its 'close', because only its status tells whether its
// replacement has to wait.
func (p *Pool) size() int {
	n := 0
	for _, w := range p.workers {
		if (w.state <= workerReady || w.reason == "") && w.replaces == nil {
			n++
		}
	}
	return n
}

// keptPlaces returns the number of killed workers whose places are not free yet. They count, so
// that there are at most Max workers however long a kill takes.
func (p *Pool) keptPlaces() int {
	n := 0
	for _, w := range p.workers {
		if w.keepsPlace {
			n++
		}
	}
	return n
}

// processes returns the number of all workers but those that a reload replaced. It is bounded, so
// that workers which take long to exit do not pile up.
func (p *Pool) processes() int {
	n := 0
	for _, w := range p.workers {
		if w.state <= workerReady || w.reason != ExitReload {
			n++
		}
	}
	return n
}

// starting returns the number of workers that are not ready yet.
func (p *Pool) starting() int {
	n := 0
	for _, w := range p.workers {
		if w.state == workerStarting {
			n++
		}
	}
	return n
}

// shrink lowers the limit to the present workers when the system refuses another process, until
// limitAlarm rings. It reports false if there is no worker.
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

// failStart stops a pool whose workers cannot be started.
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

// failWaiting settles all waiting tasks with err.
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

// queues returns all queues of waiting tasks.
func (p *Pool) queues() []*queue {
	all := []*queue{&p.suspects, &p.queue}
	for _, w := range p.workers {
		all = append(all, &w.bound)
	}
	return all
}
