package pool

// assignWaiting gives tasks to workers, the next one first, until there is no worker with room or
// no task for it.
func (p *Pool) assignWaiting() {
	for p.counts.waiting > 0 {
		t, w := p.nextAssignment()
		if t == nil {
			p.recallForIdle()
			return
		}
		if !t.suspect || p.bindings.worker(t.key) == nil { // A suspect moves no others.
			p.bindings.bind(t.key, w)
		}
		p.assign(w, t)
	}
	p.recallForIdle()
}

// nextAssignment returns the task that is run next, and the worker for it; nil when there is none
// of one.
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

// nextFree returns the next task that any worker may have. A task whose key was bound while it
// waited is moved to its worker.
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

// nextWithRoom is next among workers that take so many jobs ahead, of the task that any worker may
// have and those that wait for one.
func (p *Pool) nextWithRoom(free *Task, ahead int) (*Task, *worker) {
	var best *worker // for free
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

// servingGeneration is the newest one of which a worker is ready.
func (p *Pool) servingGeneration() int {
	gen := 0
	for _, w := range p.workers {
		if w.state == workerReady {
			gen = max(gen, w.gen)
		}
	}
	return gen
}

// preferred reports whether w rather than other, which may be nil, is given a task: the newest
// generation first, then the one with fewer jobs, then by the order of the pool.
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

// roomFor returns a worker that would take a task with that key at once, nil if there is none.
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

// nextSuspect returns a task of which workers have died, and a worker that has nothing else to do.
// When there is none, one is kept from getting jobs until it has none.
func (p *Pool) nextSuspect() (*Task, *worker) {
	t := p.suspects.first()
	if t == nil {
		p.reserve(nil)
		return nil, nil
	}
	var idle, reserved, least *worker
	gen := p.servingGeneration()
	for _, w := range p.workers {
		if w.state != workerReady || w.exclusive || w.link.needDrain() {
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

// reserve keeps w, and no other worker, from getting jobs. Nil: none.
func (p *Pool) reserve(w *worker) {
	for _, other := range p.workers {
		other.reserved = other == w
	}
}

// recallForIdle asks for a job that a worker was sent ahead, when another one has nothing to do.
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
