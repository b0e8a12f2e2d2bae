package pool

import (
	"errors"
	"slices"
)

// pingIdle pings the idle workers, and kills those that have not answered the last ping. A worker
// with a job is not pinged, because one that computes cannot answer and is alive.
func (p *Pool) pingIdle() {
	for _, w := range slices.Clone(p.workers) {
		if w.state != workerReady || !w.accepts.ping {
			continue
		}
		if len(w.jobs) > 0 {
			w.pingHeard = w.pingSent // The ping may be answered after the job.
			continue
		}
		if w.pingHeard < w.pingSent {
			w.afterBacklog(func() {
				if w.pingHeard < w.pingSent && len(w.jobs) == 0 {
					w.kill(ExitTimeout, ErrHung)
				}
			})
			continue
		}
		w.pingSent++
		w.link.sendControl(&pingMessage{w.pingSent})
	}
}

// Errors of Healthy.
var (
	errNoWorker  = errors.New("pool: no worker is ready")
	errNotAnswer = errors.New("pool: no worker answers")
)

// Healthy returns nil if jobs can be expected to be answered: workers are ready or start as jobs
// come, they answer pings, and there is no crash loop. Otherwise it returns the reason.
func (p *Pool) Healthy() error {
	if err := p.refuses(); err != nil {
		return err
	}
	if p.supply.looping() {
		return p.supply.crashLoop
	}
	ready, answering := 0, 0
	for _, w := range p.workers {
		if w.state != workerReady {
			continue
		}
		ready++
		if w.pingHeard+1 >= w.pingSent {
			answering++
		}
	}
	switch {
	case ready == 0 && (p.o.Min > 0 || p.counts.waiting > 0):
		return errNoWorker
	case ready > 0 && answering == 0:
		return errNotAnswer
	}
	return nil
}
