package fleet

import (
	"context"
	"sync"
)

// health is what a pool is able to do.
type health uint8

const (
	healthy health = iota
	probing        // it was in a crash loop and has a worker again: one job shows whether that is over
	looping        // its workers die one after the other
	ended          // it takes no job any more
)

// A gate holds back the slots of an agent while its pool cannot run jobs.
type gate struct {
	mu      sync.Mutex
	health  health
	changed chan struct{} // closed and replaced with each change
	cut     chan struct{} // closed when waiting pulls should end
}

func (g *gate) init(pool workers) {
	g.changed, g.cut = make(chan struct{}), make(chan struct{})
}

// set reports whether the health is another than before.
func (g *gate) set(h health) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.health == h {
		return false
	}
	if g.health == healthy {
		close(g.cut)
	} else if h == healthy {
		g.cut = make(chan struct{})
	}
	g.health = h
	close(g.changed)
	g.changed = make(chan struct{})
	return true
}

// now returns the health and the channel that is closed when pulls should end.
func (g *gate) now() (health, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.health == probing {
		return g.health, g.changed
	}
	return g.health, g.cut
}

// wait waits until slot i may take a job, and returns false when ctx has ended.
func (g *gate) wait(ctx context.Context, i int) bool {
	for ctx.Err() == nil {
		g.mu.Lock()
		h, changed := g.health, g.changed
		g.mu.Unlock()
		if h == healthy || h == probing && i == 0 {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return false
}

// health is called by the pool, on any goroutine.
func (a *Agent) health(h health, err error) {
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
