package pool

import (
	"errors"
	"maps"
	"syscall"
	"time"
)

// counts are what has become of tasks and workers.
type counts struct {
	submitted, settled          uint64
	waiting, running            int
	waitingBytes                int64
	succeeded, refused, crashed uint64
	timedOut, cancelled, failed uint64
	retried                     uint64
	late, garbage, foreign      uint64
	exits                       map[ExitReason]uint64
	waited, ran                 histogram
	madeAt                      time.Time // the pool was made
	// nanoseconds of all slots, of the workers that have gone
	slotTime float64
	busy     time.Duration // of them
}

// outstanding is the number of tasks that are not settled.
func (c *counts) outstanding() int { return c.waiting + c.running }

// countOutcome counts a task that was settled.
func (c *counts) countOutcome(err error) {
	c.settled++
	_, cancelled := errors.AsType[*CancelError](err)
	_, jobError := errors.AsType[*JobError](err)
	_, crash := errors.AsType[*CrashError](err)
	switch {
	case err == nil:
		c.succeeded++
	case cancelled: // Whatever the cause is.
		c.cancelled++
	case jobError:
		c.refused++
	case crash:
		c.crashed++
	case errors.Is(err, ErrTimeout), errors.Is(err, ErrQueueTimeout):
		c.timedOut++
	default:
		c.failed++
	}
}

// buckets are the upper bounds of a histogram's.
var buckets = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute,
}

type histogram struct {
	counts [len(buckets) + 1]uint64
	sum    time.Duration
}

func (h *histogram) add(d time.Duration) {
	h.sum += d
	for i, bound := range buckets {
		if d <= bound {
			h.counts[i]++
			return
		}
	}
	h.counts[len(buckets)]++
}

// A Histogram is how long something took.
type Histogram struct {
	Bounds []time.Duration // upper ones of the buckets, inclusive; the last bucket has none
	Counts []uint64        // in each bucket
	Sum    time.Duration
}

func (h *histogram) snapshot() Histogram {
	return Histogram{append([]time.Duration{}, buckets[:]...), append([]uint64{}, h.counts[:]...), h.sum}
}

// Count returns the number of values.
func (h *Histogram) Count() uint64 {
	var n uint64
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Stats are a pool's counters since it was made, and its gauges at the time of the call. Submitted
// = Waiting + Running + Settled, at any time.
type Stats struct {
	Submitted uint64 // tasks that Run has accepted
	Waiting   int    // for a worker
	Running   int
	Settled   uint64

	WaitingBytes int64 // of their jobs

	Succeeded uint64 // of the settled tasks: with a result
	Refused   uint64 // with a *JobError
	Crashed   uint64 // with a *CrashError
	TimedOut  uint64 // with ErrTimeout or ErrQueueTimeout
	Cancelled uint64 // with a *CancelError
	Failed    uint64 // with another error
	Retried   uint64 // runs again, after an error or a crash
	Late      uint64 // answers to tasks that were settled before
	Garbage   uint64 // messages of workers that make no sense
	Foreign   uint64 // messages of workers that are not of the protocol, and were ignored

	Starting int // workers: not ready
	Idle     int // ready, without a job
	Busy     int // ready, with one
	Draining int // they get no further job
	Ending   int // they were told to end, or sent signals
	Slots    int // jobs that the ready workers can have at once
	Free     int // of these slots
	Peak     int // the number of the last worker: how many were started

	Generation int                   // of the workers that are started now
	Exits      map[ExitReason]uint64 // workers that have ended

	Waited Histogram // from Run to the beginning of a run
	Ran    Histogram // the runs that have ended with a result
	// the part of the time of all slots so far in which they had a job, from 0 to 1
	Utilization float64
	Uptime      time.Duration // since New
}

// Stats returns the counters and gauges.
func (p *Pool) Stats() Stats {
	c := &p.counts
	s := Stats{
		Submitted: c.submitted, Waiting: c.waiting, Running: c.running, Settled: c.settled, WaitingBytes: c.waitingBytes,
		Succeeded: c.succeeded, Refused: c.refused, Crashed: c.crashed, TimedOut: c.timedOut, Cancelled: c.cancelled, Failed: c.failed,
		Retried: c.retried, Late: c.late, Garbage: c.garbage, Foreign: c.foreign,
		Peak: p.lastWorker, Generation: p.generation, Exits: map[ExitReason]uint64{},
		Waited: c.waited.snapshot(), Ran: c.ran.snapshot(), Uptime: p.loop.Now().Sub(c.madeAt),
	}
	maps.Copy(s.Exits, c.exits)
	busy, all := c.busy, c.slotTime
	for _, w := range p.workers {
		s.addWorker(w)
		if !w.readySince.IsZero() {
			all += float64(p.loop.Now().Sub(w.readySince)) * float64(w.capacity)
			busy += w.busy
			for _, a := range w.jobs {
				if a.begun {
					busy += p.loop.Now().Sub(a.begunAt)
				}
			}
		}
	}
	if all > 0 {
		s.Utilization = min(1, float64(busy)/all)
	}
	return s
}

func (s *Stats) addWorker(w *worker) {
	switch w.state {
	case workerStarting:
		s.Starting++
	case workerReady:
		s.Slots += w.capacity
		s.Free += max(0, w.capacity-len(w.jobs))
		if len(w.jobs) == 0 {
			s.Idle++
		} else {
			s.Busy++
		}
	case workerDraining:
		s.Draining++
	default:
		s.Ending++
	}
}

// A WorkerState is a worker at the time of a call of [Pool.Workers].
type WorkerState struct {
	Worker
	State string        // "starting", "ready", "draining", "ending"
	Jobs  int           // that it has
	Done  int           // that it has answered
	Age   time.Duration // since its start
	// bytes; 0 where it is not looked at: without Options.MaxMemory, or before the first job
	Memory int64
}

// Workers returns the workers in the order of their numbers.
func (p *Pool) Workers() []WorkerState {
	var all []WorkerState
	for _, w := range p.workers {
		name := [...]string{"starting", "ready", "draining", "ending", "ending", "ending"}[w.state]
		all = append(all, WorkerState{w.id(), name, len(w.jobs), w.answered, p.loop.Now().Sub(w.started), w.memory})
	}
	return all
}

// Kill ends the worker with that number by SIGKILL, as if it had died: for tests, and for whoever
// knows better. Its jobs are those of a worker that has crashed. It reports false when there is no
// such worker.
func (p *Pool) Kill(number int) bool {
	for _, w := range p.workers {
		if w.number == number {
			// Else it has ended, which is what was wanted.
			if sent, _ := w.child.Kill(syscall.SIGKILL); sent {
				w.killedByUser = true
			}
			w.hearEnd() // It gets no further job.
			return true
		}
	}
	return false
}
