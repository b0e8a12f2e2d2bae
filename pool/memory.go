package pool

import (
	"slices"
	"time"
)

// This file watches the memory of workers and starts the timers of the pool, on the loop goroutine.
// Each platform supplies residentMemory, oomWatch, listens, hasProc and parentDeathSignal.

// memoryPeriod is the time between checks of the workers' memory, besides the one after each job.
const memoryPeriod = time.Second

func (o *settings) watchesMemory() bool { return o.MaxMemory > 0 || o.MaxMemoryHard > 0 }

func (p *Pool) startTimers() {
	if p.o.watchesMemory() {
		p.memoryTimer = p.loop.SetInterval(memoryPeriod, p.checkAllMemory)
		p.memoryTimer.Unref()
	}
	if p.o.PingInterval > 0 {
		p.pingTimer = p.loop.SetInterval(p.o.PingInterval, p.pingIdle)
		p.pingTimer.Unref()
	}
}

func (p *Pool) stopTimers() {
	if p.memoryTimer != nil {
		p.memoryTimer.Stop()
	}
	if p.pingTimer != nil {
		p.pingTimer.Stop()
	}
}

func (p *Pool) checkAllMemory() {
	for _, w := range slices.Clone(p.workers) {
		w.checkMemory()
	}
}

// checkMemory compares the worker's memory with the limits. Over MaxMemory the worker is replaced
// and finishes its jobs; over MaxMemoryHard it is killed.
func (w *worker) checkMemory() {
	p := w.pool
	if !p.o.watchesMemory() || w.state > workerDraining || w.state == workerStarting {
		return
	}
	bytes, err := residentMemory(w.pid, p.o.PSS)
	if err != nil {
		return // It has exited, or may not be read.
	}
	w.memory = bytes
	switch {
	case p.o.MaxMemoryHard > 0 && bytes > p.o.MaxMemoryHard:
		w.kill(ExitMemory, ErrMemory)
	case p.o.MaxMemory > 0 && bytes > p.o.MaxMemory && !w.bigAtFirst:
		p.replace(w, ExitMemory)
	}
}

// checkFirstMemory checks the memory of a worker that has become ready. If it is over MaxMemory,
// OnError gets a *MemoryError; the worker is not replaced, because a successor would be as big.
func (w *worker) checkFirstMemory() {
	p := w.pool
	if p.o.MaxMemory == 0 {
		return
	}
	if bytes, err := residentMemory(w.pid, p.o.PSS); err == nil && bytes > p.o.MaxMemory {
		w.memory, w.bigAtFirst = bytes, true
		p.reportError(&MemoryError{w.id(), bytes, p.o.MaxMemory})
	}
}
