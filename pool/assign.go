package pool

import "slices"

// This file chooses a worker for each waiting task, on the loop goroutine. assignment.go has the
// life of a task in a worker.

// assignWaiting assigns waiting tasks to workers, in order, until no worker has room or no task is
// left for one. It is called after every change that can make room or add a task.
func (p *Pool) assignWaiting() {
	for p.counts.waiting > 0 {
		t, w := p.nextAssignment()
		if t == nil {
			p.recallForIdle()
			return
		}
		// A suspect does not move the other tasks of its key.
		if !t.suspect || p.bindings.worker(t.key) == nil {
			p.bindings.bind(t.key, w)
		}
		p.assign(w, t)
	}
	p.recallForIdle()
}

// nextAssignment returns the next task to assign and its worker, or nil if no task has a worker.
func (p *Pool) nextAssignment() (*Task, *worker) {
	if t, w := p.nextSuspect(); t != nil {
		return t, w
	}
	free := p.nextFree()
	if t, w := p.nextWithRoom(free, 0); t != nil {
		return t, w
	}
	if p.o.Ahead > 0 {
		return p.nextWithRoom(free, p.o.Ahead)
	}
	return nil, nil
}

// nextFree returns the next task for any worker. A task whose key was bound while it waited is
// moved to the queue of its worker.
func (p *Pool) nextFree() *Task {
	for {
		t := p.queue.first()
		if t == nil {
			return nil
		}
		w := p.bindings.worker(t.key)
		if w == nil {
			return t
		}
		p.queue.remove(t)
		w.bound.add(t)
	}
}

// nextWithRoom chooses between free, the next task for any worker, and the tasks bound to workers.
// Only workers that have room with that many jobs ahead take part.
func (p *Pool) nextWithRoom(free *Task, ahead int) (*Task, *worker) {
	var best *worker // worker for free
	var bound *Task
	var boundTo *worker
	gen := p.servingGeneration()
	for _, w := range p.workers {
		if w.room(ahead) <= 0 {
			continue
		}
		if t := w.bound.first(); t != nil && t.before(bound) {
			bound, boundTo = t, w
		}
		if free != nil && w.preferred(best, gen, p.o.Order) {
			best = w
		}
	}
	if bound != nil && (best == nil || bound.before(free)) {
		return bound, boundTo
	}
	if best == nil {
		return nil, nil
	}
	return free, best
}

// servingGeneration returns the newest generation with a ready worker, 0 without one.
func (p *Pool) servingGeneration() int {
	gen := 0
	for _, w := range p.workers {
		if w.state == workerReady {
			gen = max(gen, w.gen)
		}
	}
	return gen
}

// preferred reports whether w is to get a task rather than other, which may be nil. The newest
// generation comes first, then the worker with fewer jobs, then order decides.
func (w *worker) preferred(other *worker, newest int, order Order) bool {
	if other == nil {
		return true
	}
	if isNewest, otherIs := w.gen == newest, other.gen == newest; isNewest != otherIs {
		return isNewest
	}
	if len(w.jobs) != len(other.jobs) {
		return len(w.jobs) < len(other.jobs)
	}
	if order == LIFO {
		return w.lastUse > other.lastUse
	}
	return w.lastUse < other.lastUse
}

// roomFor returns a worker that takes a task with that key at once, or nil.
func (p *Pool) roomFor(key string) *worker {
	if w := p.bindings.worker(key); w != nil {
		if w.room(p.o.Ahead) > 0 && w.bound.Len() == 0 {
			return w
		}
		return nil
	}
	if p.queue.Len() > 0 {
		return nil
	}
	for _, w := range p.workers {
		if w.room(p.o.Ahead) > 0 {
			return w
		}
	}
	return nil
}

// nextSuspect returns the next suspect and an idle worker for it, one with its method unless no
// ready worker has that. Without an idle worker it reserves the one with the fewest jobs, which gets
// no further jobs until it is idle.
func (p *Pool) nextSuspect() (*Task, *worker) {
	t := p.suspects.first()
	if t == nil {
		p.reserve(nil)
		return nil, nil
	}
	var idle, reserved, least *worker
	gen := p.servingGeneration()
	able := slices.ContainsFunc(p.workers, func(w *worker) bool { return w.state == workerReady && w.hasMethod(t.method) })
	for _, w := range p.workers {
		if w.state != workerReady || w.exclusive || w.link.needDrain() || able && !w.hasMethod(t.method) {
			continue
		}
		if len(w.jobs) == 0 && w.preferred(idle, gen, p.o.Order) {
			idle = w
		}
		if w.reserved {
			reserved = w
		}
		if least == nil || len(w.jobs) < len(least.jobs) {
			least = w
		}
	}
	if idle != nil {
		p.reserve(nil)
		return t, idle
	}
	if reserved == nil {
		p.reserve(least)
	}
	return nil, nil
}

// reserve reserves w for a suspect, and no other worker. nil: none.
func (p *Pool) reserve(w *worker) {
	for _, other := range p.workers {
		other.reserved = other == w
	}
}

// recallForIdle recalls one job that was sent ahead if another worker is idle.
func (p *Pool) recallForIdle() {
	if p.o.Ahead == 0 || p.counts.waiting > 0 {
		return
	}
	idle := 0
	var loaded *assignment
	for _, w := range p.workers {
		switch {
		case w.room(0) > 0 && len(w.jobs) == 0:
			idle++
		case w.accepts.recall && len(w.jobs) > w.capacity:
			if last := w.jobs[len(w.jobs)-1]; last.movable() {
				if last.recallSent {
					return // One at a time.
				}
				loaded = last
			}
		}
	}
	if idle > 0 && loaded != nil {
		loaded.sendRecall()
	}
}
