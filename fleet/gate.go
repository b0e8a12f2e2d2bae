package fleet

import (
	"context"
	"sync"
)

// health is what a pool is able to do.
type health uint8

const (
	healthy health = iota
	// it was in a crash loop and has a worker again: one job shows whether that is over
	probing
	looping // its workers die one after the other
	stopped // it takes no job any more
)

// A gate holds back the slots of an agent while its pool cannot run jobs.
type gate struct {
	mu        sync.Mutex
	health    health
	slots     int           // how many may take jobs
	changed   chan struct{} // closed and replaced with each change
	interrupt chan struct{} // closed when waiting pulls should end
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

// setHealth reports whether the health is another than before.
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

// interrupted returns the channel that is closed when pulls that wait should end.
func (g *gate) interrupted() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.interrupt
}

// wait waits until slot i may take a job, and returns false when ctx has ended.
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

// onPoolChange is called by the pool, on any goroutine.
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

// setSlots has n slots take jobs. Each is a goroutine that ends with Drain or Close, and these wait
// for it. Slots that are too many wait.
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
