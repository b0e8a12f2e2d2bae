package pool

import (
	"errors"
	"maps"
	"syscall"
	"time"
)

// counts counts tasks, messages and workers, for Stats.
type counts struct {
	// submitted = waiting + running + settled. settled is the sum of the next six.
	submitted, settled          uint64
	waiting, running            int
	succeeded, refused, crashed uint64
	timedOut, cancelled, failed uint64

	waitingBytes           int64  // bytes of the jobs and attachments of waiting tasks
	retried                uint64 // runs after an error or a crash
	late, garbage, foreign uint64 // messages, see Stats
	exits                  map[ExitReason]uint64
	waited, ran            histogram
	madeAt                 time.Time // time of New

	// Of workers that are gone: the nanoseconds of all their slots, and those with a job.
	slotTime float64
	busy     time.Duration
}

// outstanding returns the number of tasks that are not settled.
func (c *counts) outstanding() int { return c.waiting + c.running }

// countOutcome counts a task that was settled with err.
func (c *counts) countOutcome(err error) {
	c.settled++
	_, cancelled := errors.AsType[*CancelError](err)
	_, jobError := errors.AsType[*JobError](err)
	_, crash := errors.AsType[*CrashError](err)
	switch {
	case err == nil:
		c.succeeded++
	case cancelled: // First, because its cause may be any error.
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

// buckets are the upper bounds of the buckets of every histogram.
var buckets = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute,
}

// histogram counts durations by buckets. The last count is for those above all bounds.
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

// A Histogram is a distribution of durations. The caller may keep it.
type Histogram struct {
	Bounds []time.Duration // upper bounds of the buckets, inclusive; the last bucket has none
	Counts []uint64        // values in each bucket; one more than Bounds
	Sum    time.Duration   // sum of all values
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

// Stats are a pool's counters since New, and its gauges at the time of the call. At any time,
// Submitted = Waiting + Running + Settled.
type Stats struct {
	// Tasks.
	Submitted    uint64 // tasks accepted by Run and Broadcast
	Waiting      int    // tasks that wait for a worker, or for the copy of their attachment
	Running      int    // assigned, or answered and not settled yet
	Settled      uint64
	WaitingBytes int64 // bytes of the waiting jobs and their attachments

	// Settled tasks, by their error.
	Succeeded uint64 // nil
	Refused   uint64 // *JobError
	Crashed   uint64 // *CrashError
	TimedOut  uint64 // ErrTimeout, ErrQueueTimeout
	Cancelled uint64 // *CancelError
	Failed    uint64 // others

	Retried uint64 // runs after an error or a crash
	Late    uint64 // answers to tasks that were settled before
	Garbage uint64 // invalid messages of workers
	Foreign uint64 // messages of workers that are none of the protocol, and were ignored

	// Workers, by state.
	Starting int // not ready
	Idle     int // ready, without a job
	Busy     int // ready, with a job
	Draining int // finishing their jobs
	Ending   int // disconnected or killed, or they closed their side

	Slots int // jobs that the ready workers can have at once
	Free  int // slots without a job
	Peak  int // number of the last worker: how many were started

	Generation int                   // generation of the workers that are started now
	Exits      map[ExitReason]uint64 // workers that have exited

	Waited Histogram // times from Run to the beginning of a run
	Ran    Histogram // times of runs with a result
	// part of the time of all slots so far in which they had a job, from 0 to 1
	Utilization float64
	Uptime      time.Duration // time since New
}

// Stats returns the counters and gauges. The caller may keep them.
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
	Jobs  int           // jobs without an answer
	Done  int           // jobs with an answer
	Age   time.Duration // time since its start
	// bytes at the last check; 0 before the first, and without MaxMemory and MaxMemoryHard
	Memory int64
}

// Workers returns the workers in the order of their numbers. The caller may keep the slice.
func (p *Pool) Workers() []WorkerState {
	var all []WorkerState
	for _, w := range p.workers {
		name := [...]string{"starting", "ready", "draining", "ending", "ending", "ending"}[w.state]
		all = append(all, WorkerState{w.id(), name, len(w.jobs), w.answered, p.loop.Now().Sub(w.started), w.memory})
	}
	return all
}

// Kill sends SIGKILL to the worker with that number. The exit counts as a crash of the worker
// itself: it is for tests, and for programs that know better than the pool. It returns false if
// there is no such worker.
func (p *Pool) Kill(number int) bool {
	for _, w := range p.workers {
		if w.number == number {
			// Otherwise it has exited, which is the purpose.
			if sent, _ := w.child.Kill(syscall.SIGKILL); sent {
				w.killedByUser = true
			}
			w.hearEnd() // It gets no further job.
			return true
		}
	}
	return false
}
