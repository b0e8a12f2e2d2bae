package reactor

import (
	"sync"
	"sync/atomic"
)

// postBudget bounds the posted functions run in one turn, so that a goroutine that posts without
// pause cannot keep the loop from its descriptors.
const postBudget = 4096

// door is the part of a loop that other goroutines change: posts, holds and requests to stop.
type door struct {
	state atomic.Uint64 // a doorState; any goroutine
	// thread is the threadID of the loop goroutine inside Run or Poll, else 0. The loop goroutine
	// stores it, others compare it with their own.
	thread atomic.Uint64

	gone chan struct{} // New makes it, Close closes it; any goroutine may wait for it

	mu     sync.Mutex
	posts  queue[func()] // posted functions that the loop has not taken
	closed bool          // true from Loop.Close on
	// waker rings under mu, so that no wake-up goes to a descriptor that Close has closed.
	waker waker
}

// doorState holds all requests of other goroutines, so that a turn reads one word and takes no
// lock. It is a set of bits, with the number of Holds above them.
type doorState uint64

const (
	// The loop will look at the state before it sleeps: no need to wake it.
	doorAwake doorState = 1 << iota
	// A wake-up was written, or is about to be, and the loop has not yet answered it.
	doorRung
	// door.posts is not empty. This bit changes under mu.
	doorPosted
	doorStopCall    // Loop.Stop was called
	doorStopContext // the context of RunContext has ended
	doorHold        // one Hold

	doorStop  = doorStopCall | doorStopContext
	doorHolds = ^(doorHold - 1)
)

// has reports whether at least one of the bits is set.
func (s doorState) has(bits doorState) bool { return s&bits != 0 }

// Post runs fn on the loop goroutine, in the posted phase of this turn or a later one, and wakes
// the loop if it sleeps. Functions posted by one goroutine run in the order of its calls. Posted
// work keeps Run alive. If the loop is closed first, fn never runs, and Post has no way to report
// that; [Loop.Do] has. Post returns [ErrClosed] after Close and panics when fn is nil. It does not
// allocate in steady state.
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
	d.raise(doorPosted)
	return nil
}

// Hold keeps Run alive until release is called. It is for work elsewhere that will Post its result.
// Calling release again, or after Close, does nothing.
//
// Hold and release are safe to call from any goroutine.
func (l *Loop) Hold() (release func()) {
	l.check("Hold")
	d := &l.door
	d.state.Add(uint64(doorHold))
	return sync.OnceFunc(func() {
		s := doorState(d.state.Add(^uint64(doorHold - 1))) // Minus one Hold.
		if !s.has(doorHolds | doorAwake | doorRung) {
			d.ring() // Run may be asleep, and this Hold was all that it waited for.
		}
	})
}

// Stop makes Run return after the current turn, whose poll then does not sleep. If the loop does
// not run, the next Run or Poll returns at once. Nothing queued is lost: the next Run goes on with
// it.
//
// Safe to call from any goroutine.
func (l *Loop) Stop() {
	l.check("Stop")
	l.door.stop(doorStopCall)
}

func (d *door) stop(reason doorState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.raise(reason)
}

// ring wakes the loop unless it is awake or a wake-up is already on its way.
func (d *door) ring() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.raise(0)
}

// raise sets bits and rings if the loop is asleep. The caller holds mu.
func (d *door) raise(bits doorState) {
	for {
		s := doorState(d.state.Load())
		next, asleep := s|bits, !s.has(doorAwake|doorRung)
		if asleep {
			next |= doorRung
		}
		if next == s {
			return
		}
		if d.state.CompareAndSwap(uint64(s), uint64(next)) {
			if asleep && !d.closed {
				d.waker.wake()
			}
			return
		}
	}
}

// shut makes later posts fail and drops the waiting ones.
func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.posts = queue[func()]{}
	close(d.gone)
}

// Only the loop goroutine calls the functions in the rest of this file.

// runPosted runs at most postBudget of the functions posted before it began. seen is a recent state
// of the door: if it has no posts, runPosted takes no lock.
func (l *Loop) runPosted(seen doorState) {
	q := &l.posted
	if q.n == 0 {
		if !seen.has(doorPosted) {
			return
		}
		l.door.takePosts(q)
	}
	for range postBudget {
		if q.n == 0 {
			return
		}
		l.call(q.pop())
	}
}

// takePosts moves the posts to q. q must be empty; its spare blocks go to the next posts.
func (d *door) takePosts(q *queue[func()]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.posts, *q = *q, d.posts
	d.clear(doorPosted)
}

func (d *door) load() doorState { return doorState(d.state.Load()) }

// clear clears bits and returns the state before.
func (d *door) clear(bits doorState) doorState { return doorState(d.state.And(uint64(^bits))) }

// trySleep marks the loop as asleep, so that the next Post rings. It reports false if there is a
// reason not to sleep: a post, a Stop, or, when refd is false, no Hold, because then nothing keeps
// the loop alive.
func (d *door) trySleep(refd bool) bool {
	for {
		s := d.load()
		if s.has(doorPosted|doorStop) || !refd && !s.has(doorHolds) {
			return false
		}
		if d.state.CompareAndSwap(uint64(s), uint64(s&^(doorAwake|doorRung))) {
			return true
		}
	}
}

func (d *door) setAwake() { d.state.Or(uint64(doorAwake)) }

// setAsleep is called when the loop goroutine leaves Run or Poll. From then on a request of another
// goroutine must make [Loop.FD] readable.
func (d *door) setAsleep() {
	if d.clear(doorAwake | doorRung).has(doorPosted | doorStop) {
		d.ring()
	}
}

// takeStop clears the request to stop and reports whether there was one.
func (d *door) takeStop() bool { return d.load().has(doorStop) && d.clear(doorStop).has(doorStop) }
