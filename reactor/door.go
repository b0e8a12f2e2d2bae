package reactor

import (
	"sync"
	"sync/atomic"
)

// postBudget bounds the posted functions run in one turn: a goroutine that posts without pause
// cannot keep the loop from its descriptors.
const postBudget = 4096

// door is the only part of a loop that other goroutines touch.
type door struct {
	state atomic.Uint64 // a doorState
	// the threadID of the loop goroutine inside Run or Poll, else 0; only read by others
	thread atomic.Uint64

	mu     sync.Mutex
	posts  queue[func()]
	closed bool
	gone   chan struct{} // closed with the loop
	// rings under mu, so that no wake-up goes to a descriptor that Close has given back
	waker waker
}

// doorState is all that a turn has to know of other goroutines, so that it reads one word and takes
// no lock. It is a set of bits, and above them the number of Holds.
type doorState uint64

const (
	// the loop will look here before it sleeps: no need to wake it
	doorAwake doorState = 1 << iota
	// a wake-up was written, or is about to be, and was not yet answered
	doorRung
	doorPosted      // posts is not empty; changes under mu
	doorStopCall    // Loop.Stop was called
	doorStopContext // the context of RunContext ended
	doorHold        // one Hold

	doorStop  = doorStopCall | doorStopContext
	doorHolds = ^(doorHold - 1)
)

// has reports whether one of the bits is set.
func (s doorState) has(bits doorState) bool { return s&bits != 0 }

// Post runs fn on the loop goroutine, in the posted phase of a coming turn, and wakes the loop when
// it sleeps. Functions posted by one goroutine run in the order of its calls. Posted work keeps Run
// alive. A function that is still waiting when the loop is closed never runs, and nobody is told;
// [Loop.Do] tells. Post returns [ErrClosed] after Close and panics when fn is nil. It does not
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

// Hold keeps Run alive until release is called, for work under way elsewhere that will Post its
// result. Calling release again does nothing, and so does releasing once the loop is closed.
//
// Hold and release are safe to call from any goroutine.
func (l *Loop) Hold() (release func()) {
	l.check("Hold")
	d := &l.door
	d.state.Add(uint64(doorHold))
	return sync.OnceFunc(func() {
		s := doorState(d.state.Add(^uint64(doorHold - 1))) // Minus one Hold.
		if !s.has(doorHolds | doorAwake | doorRung) {
			d.ring() // Run may be asleep with nothing left to wait for.
		}
	})
}

// Stop has Run return after the turn it is in, whose poll then does not sleep. Called while the
// loop does not run, the next Run or Poll returns at once. Nothing is lost: Run again resumes.
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

// raise sets bits and rings. It is called under mu.
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

// shut refuses what comes from now on, and drops the posts.
func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.posts = queue[func()]{}
	close(d.gone)
}

// The rest of this file is the loop goroutine's side.

// runPosted runs what was posted before it began, as seen tells, at most postBudget functions.
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

// takePosts moves the posts to q, which is empty and whose spare blocks the next posts get.
func (d *door) takePosts(q *queue[func()]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.posts, *q = *q, d.posts
	d.clear(doorPosted)
}

func (d *door) load() doorState { return doorState(d.state.Load()) }

// clear returns what was before.
func (d *door) clear(bits doorState) doorState { return doorState(d.state.And(uint64(^bits))) }

// trySleep marks the loop as asleep, so that the next Post rings. It reports false when there is a
// reason not to sleep: also when a Hold alone, for refd is false, was worth sleeping for and has
// been released since.
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

// setAsleep is called when the loop goroutine leaves Run or Poll: what other goroutines do from now
// on must make [Loop.FD] readable.
func (d *door) setAsleep() {
	if d.clear(doorAwake | doorRung).has(doorPosted | doorStop) {
		d.ring()
	}
}

// takeStop clears the request to stop and reports whether there was one.
func (d *door) takeStop() bool { return d.load().has(doorStop) && d.clear(doorStop).has(doorStop) }
