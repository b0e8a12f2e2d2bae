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
	ended   // it takes no job any more
)

// A gate holds back the slots of an agent while its pool cannot run jobs.
type gate struct {
	mu      sync.Mutex
	health  health
	slots   int           // how many may take jobs
	changed chan struct{} // closed and replaced with each change
	cut     chan struct{} // closed when waiting pulls should end
}

func (g *gate) init() { g.changed, g.cut = make(chan struct{}), make(chan struct{}) }

func (g *gate) resize(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.slots != n {
		g.slots = n
		close(g.changed)
		g.changed = make(chan struct{})
	}
}

// set reports whether the health is another than before.
func (g *gate) set(h health) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.health == h {
		return false
	}
	if h != healthy {
		close(g.cut)
		g.cut = make(chan struct{})
	}
	g.health = h
	close(g.changed)
	g.changed = make(chan struct{})
	return true
}

// cutter returns the channel that is closed when pulls that wait should end.
func (g *gate) cutter() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cut
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

// hear is told by the pool what it can do, on any goroutine.
func (a *Agent) hear(h health, slots int, err error) {
	if a.o.Slots == 0 {
		a.grow(max(slots, 1))
	}
	if !a.gate.set(h) {
		return
	}
	switch h {
	case healthy:
		a.tell(Event{Kind: EventResumed})
	case looping, ended:
		a.tell(Event{Kind: EventPaused, Err: err})
	}
}

// grow has n slots take jobs. Each is a goroutine that ends with Drain or Close, and these wait for
// it. Slots that are too many wait.
func (a *Agent) grow(n int) {
	a.gate.resize(n)
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.pulling.Err() == nil && a.taking < n {
		number := a.taking
		a.taking++
		a.slots.Go(func() { a.take(number) })
	}
}
