package fleet

import (
	"context"
	"sync"
)

// health is the ability of a pool to run jobs.
type health uint8

const (
	healthy health = iota
	// a worker is ready after a crash loop: one job shows whether that is over
	probing
	looping // crash loop: all workers die soon after their start
	stopped // the pool takes no jobs any more
)

// A gate lets slots of an agent take jobs only while the pool can run them. Its methods are safe to
// call from any goroutine.
type gate struct {
	mu        sync.Mutex
	health    health
	slots     int           // slots below that number may take jobs
	changed   chan struct{} // closed and replaced at each change
	interrupt chan struct{} // closed and replaced when waiting pulls should end
}

func (g *gate) init() { g.changed, g.interrupt = make(chan struct{}), make(chan struct{}) }

func (g *gate) setSlots(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.slots != n {
		g.slots = n
		close(g.changed)
		g.changed = make(chan struct{})
	}
}

// setHealth sets the health. It returns false if the health is the same as before.
func (g *gate) setHealth(h health) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.health == h {
		return false
	}
	if h != healthy {
		close(g.interrupt)
		g.interrupt = make(chan struct{})
	}
	g.health = h
	close(g.changed)
	g.changed = make(chan struct{})
	return true
}

// interrupted returns the channel that is closed when waiting pulls should end.
func (g *gate) interrupted() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.interrupt
}

// wait waits until slot i may take a job. It returns false if ctx has ended.
func (g *gate) wait(ctx context.Context, i int) bool {
	for ctx.Err() == nil {
		g.mu.Lock()
		h, slots, changed := g.health, g.slots, g.changed
		g.mu.Unlock()
		if h == healthy && i < slots || h == probing && i == 0 {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return false
}

// onPoolChange handles a change of the pool, on any goroutine.
func (a *Agent) onPoolChange(h health, slots int, err error) {
	if a.o.Slots == 0 {
		a.setSlots(max(slots, 1))
	}
	if !a.gate.setHealth(h) {
		return
	}
	switch h {
	case healthy:
		a.emit(Event{Kind: EventResumed})
	case looping, stopped:
		a.emit(Event{Kind: EventPaused, Err: err})
	}
}

// setSlots makes n slots take jobs, and starts their goroutines. These end with Drain or Close,
// which wait for them. If there are more slots, the rest wait.
func (a *Agent) setSlots(n int) {
	a.gate.setSlots(n)
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.pulling.Err() == nil && a.slotCount < n {
		number := a.slotCount
		a.slotCount++
		a.slots.Go(func() { a.runSlot(number) })
	}
}
