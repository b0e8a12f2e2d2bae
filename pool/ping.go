package pool

import (
	"errors"
	"slices"
)

// pingIdle asks the idle workers whether they are there. One that has not answered the last time is
// replaced. A worker with a job is not asked: one that computes does not answer, and is not dead.
func (p *Pool) pingIdle() {
	for _, w := range slices.Clone(p.workers) {
		if w.state != workerReady || !w.accepts.ping {
			continue
		}
		if len(w.jobs) > 0 {
			w.pingHeard = w.pingSent // It may answer only when it is done.
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

// Why a pool is not healthy.
var (
	errNoWorker  = errors.New("pool: no worker is ready")
	errNotAnswer = errors.New("pool: no worker answers")
)

// Healthy returns nil when jobs are answered, as far as is known: workers are ready, or may be
// started as jobs come, they answer pings, and do not die one after the other. Else it returns what
// is wrong.
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
