package reactor

import (
	"context"
	"sync"
	"sync/atomic"
)

// postBudget bounds the posted functions run in one turn: a goroutine that posts without pause cannot keep the loop from
// its descriptors.
const postBudget = 4096

// stopReason is a bit set of who asked the loop to stop.
type stopReason uint8

const (
	stopCall    stopReason = 1 << iota // Loop.Stop
	stopContext                        // the context of RunContext ended
)

// door is the only part of a loop that other goroutines touch. Everything in it is under mu; the wake-up is written under
// mu too, so that it never goes to a descriptor that Close has given back.
type door struct {
	mu     sync.Mutex
	posts  queue[func()]
	awake  bool // the loop will look at posts before it sleeps: no need to wake it
	rung   bool // a wake-up was written and not yet answered
	closed bool
	stops  stopReason
	held   int
	waker  waker
}

// Post runs fn on the loop goroutine, in the posted phase of a coming turn, and wakes the loop when it sleeps. Functions
// posted by one goroutine run in the order of its calls. Posted work keeps Run alive. It returns [ErrClosed] after Close
// and panics when fn is nil. Post does not allocate in steady state.
//
// Safe to call from any goroutine.
func (l *Loop) Post(fn func()) error {
	l.check("Post")
	if fn == nil {
		panic("reactor: Post: nil callback")
	}
	d := &l.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	d.posts.push(fn)
	d.ring()
	return nil
}

// Do runs fn on the loop goroutine and waits until it has returned. When ctx ends first, fn will not run and the
// context's cause is returned; once fn has begun, Do waits for it. It returns [ErrClosed] when the loop is closed, which it
// cannot be while a Do waits: what is posted keeps the loop alive, and Close refuses.
//
// Safe to call from any goroutine. Must not be called on the loop goroutine: it would wait for itself.
func (l *Loop) Do(ctx context.Context, fn func()) error {
	l.check("Do")
	if fn == nil {
		panic("reactor: Do: nil callback")
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	const (
		waiting = iota
		begun
		abandoned
	)
	var state atomic.Int32
	done := make(chan struct{})
	err := l.Post(func() {
		if state.CompareAndSwap(waiting, begun) {
			defer close(done) // Also when fn panics: the waiter must not hang.
			fn()
		}
	})
	if err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		if state.CompareAndSwap(waiting, abandoned) {
			return context.Cause(ctx)
		}
		<-done
		return nil
	}
}

// Hold keeps Run alive until release is called, for work under way elsewhere that will Post its result. Calling release
// again does nothing.
//
// Hold and release are safe to call from any goroutine.
func (l *Loop) Hold() (release func()) {
	l.check("Hold")
	d := &l.door
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held++
	return sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.held--
		if d.held == 0 && !d.closed {
			d.ring() // Run may be asleep with nothing left to wait for.
		}
	})
}

// Stop has Run return after the turn it is in, whose poll then does not sleep. Called while the loop does not run, the
// next Run or Poll returns at once. Nothing is lost: Run again resumes.
//
// Safe to call from any goroutine.
func (l *Loop) Stop() {
	l.check("Stop")
	l.door.stop(stopCall)
}

func (d *door) stop(r stopReason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stops |= r
	if !d.closed {
		d.ring()
	}
}

// ring wakes the loop unless it is awake or a wake-up is already on its way. It is called under mu.
func (d *door) ring() {
	if d.awake || d.rung {
		return
	}
	d.rung = true
	d.waker.wake()
}

// shut refuses what comes from now on. It fails while something is queued or held.
func (d *door) shut() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.posts.n > 0 || d.held > 0 {
		return false
	}
	d.closed = true
	return true
}

// The rest of this file is the loop goroutine's side.

// runPosted runs what was posted before it began, at most postBudget functions.
func (l *Loop) runPosted() {
	q := &l.posted
	if q.n == 0 && !l.door.take(q) {
		return
	}
	for range postBudget {
		if q.n == 0 {
			return
		}
		l.call(q.pop())
	}
}

// take moves the posts to q, which is empty and whose spare blocks the next posts get, and reports whether there were any.
func (d *door) take(q *queue[func()]) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.posts.n == 0 {
		return false
	}
	d.posts, *q = *q, d.posts
	return true
}

// trySleep marks the loop as asleep, so that the next Post rings. It reports false when there is a reason not to sleep:
// also when a Hold alone, for refd is false, was worth sleeping for and has been released since.
func (d *door) trySleep(refd bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.posts.n > 0 || d.stops != 0 || !refd && d.held == 0 {
		return false
	}
	d.awake, d.rung = false, false
	return true
}

func (d *door) setAwake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.awake = true
}

// setAsleep is called when the loop goroutine leaves Run or Poll: what other goroutines do from now on must make [Loop.FD]
// readable.
func (d *door) setAsleep() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.awake, d.rung = false, false
	if d.posts.n > 0 || d.stops != 0 {
		d.ring()
	}
}

// look tells, in one go, whether functions are posted, whether the loop is held, and whether it was asked to stop.
func (d *door) look() (posts, held, stop bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.posts.n > 0, d.held > 0, d.stops != 0
}

// takeStop clears the request to stop and reports whether there was one.
func (d *door) takeStop() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	stop := d.stops != 0
	d.stops = 0
	return stop
}

func (d *door) unstop(r stopReason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stops &^= r
}
