package childprocess

import (
	"runtime"
	"sync"
	"time"

	"github.com/brood-go/brood/internal/process"
)

// starting is what is needed of a child until it runs or was refused. The spawner that forks it
// writes the result; the rest is the loop's.
type starting struct {
	spec  process.Spec
	table *layout // memory, or nil when its descriptors could not be had
	dot   string  // see Options.candidates

	preSpawn func() error // Options.PreSpawn

	memory layout
	file   [1]string // of spec.Files

	// The result of fork.
	process     process.Process
	startedAt   time.Time
	startMaxrss int64       // see ChildProcess.shared
	startErr    *SpawnError // also of prepare, and then there is nothing to fork

	// Of an Async child:
	signals   []queuedSignal // sent when it runs
	grace     time.Duration  // of Terminate; 0: it was not called
	race      closeRace
	holdsLoop bool // it is one of children.holders
}

// queuedSignal is one that was sent to a child, or to its group, before it ran.
type queuedSignal struct {
	signal Signal
	group  bool
}

func (s *starting) queueSignal(sig Signal, group bool) {
	s.signals = append(s.signals, queuedSignal{sig, group})
}

func (s *starting) queueTerminate(grace time.Duration) {
	if s.grace <= 0 || grace > 0 && grace < s.grace {
		s.grace = grace
	}
}

// closeRace is when the loop and the spawner meet for the last time. Whoever comes second knows that
// the other is through.
type closeRace struct {
	mu     sync.Mutex
	forked bool // the result is there
	closed bool // the loop is closed
}

// arrive notes that one of the two has come, and reports whether the other has come before.
func (p *closeRace) arrive(mine, other *bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	*mine = true
	return *other
}

// noteForked is told by the spawner. It reports false when the loop was closed, and has let go of
// the child.
func (c *ChildProcess) noteForked() bool {
	s := c.starting
	if s.race.arrive(&s.race.forked, &s.race.closed) {
		c.passToSurvivor()
		return false
	}
	return true
}

// noteLoopClosed is told by the loop when it is closed.
func (c *ChildProcess) noteLoopClosed() {
	s := c.starting
	if s.race.arrive(&s.race.closed, &s.race.forked) {
		c.passToSurvivor()
	}
}

// passToSurvivor hands a child whose loop is closed to its survivor.
func (c *ChildProcess) passToSurvivor() {
	s, survivor := c.starting, c.survivor
	switch {
	case s.startErr != nil && survivor != nil:
		survivor.releaseLoop()
	case s.startErr != nil:
	case survivor != nil:
		survivor.takeOver(s.process, s.startedAt)
	default: // There was no other loop.
		s.sendQueued(s.process)
		s.process.Close()
	}
}

// sendQueued sends a process what Kill and KillGroup have reported as sent.
func (s *starting) sendQueued(p process.Process) {
	for _, sig := range s.signals {
		if sig.group {
			_ = p.SignalGroup(sig.signal, false)
		} else {
			_ = p.Signal(sig.signal)
		}
	}
}

// setHold has the start of an Async child keep the loop alive, or not: children.holders counts the
// starts that do.
func (all *children) setHold(s *starting, hold bool) {
	switch {
	case hold == s.holdsLoop:
		return
	case hold:
		if all.holders++; all.holders == 1 {
			all.releaseHold = all.loop.Hold()
		}
	default:
		if all.holders--; all.holders == 0 {
			all.releaseHold()
		}
	}
	s.holdsLoop = hold
}

// startLater has the child forked on another thread. The streams exist at once, but wait for
// nothing before the child is known to run: so spawn comes before everything else.
func (c *ChildProcess) startLater(all *children, o *Options) error {
	s := c.starting
	c.loop, c.siblings = all.loop, all
	if s.table == nil {
		return c.refuseLater(o) // There is nothing to fork.
	}
	if err := c.adopt(s.table, o); err != nil {
		return err
	}
	c.holdStreams()
	all.add(c)
	all.refChanged(c)
	later := *o // The caller's is not kept.
	all.spawners.run(func(st *process.Starter) {
		c.fork(st)
		if c.noteForked() {
			// A loop that is closed now has let go of the child.
			_ = all.loop.Post(func() { c.onForked(&later) })
		}
	})
	return nil
}

// onForked is told, on the loop, what has become of the fork.
func (c *ChildProcess) onForked(o *Options) {
	if c.state != childStarting {
		return // The loop was closed meanwhile.
	}
	s := c.starting
	c.siblings.setHold(s, false)
	c.takeStartResult()
	c.announce()
	c.releaseStreams()
	if c.startErr != nil {
		return
	}
	c.feed()
	c.arm(o)
	s.sendQueued(c.process)
	if s.grace != 0 {
		c.killWithin(ErrTerminated, s.grace)
	}
}

func (c *ChildProcess) holdStreams() {
	if c.channel != nil {
		c.channel.Hold()
	}
	for _, s := range c.streams {
		if s.Readable != nil {
			s.Readable.Hold()
		}
		if s.Writable != nil {
			s.Writable.Hold()
		}
	}
}

func (c *ChildProcess) releaseStreams() {
	if c.channel != nil {
		c.channel.Release()
	}
	for _, s := range c.streams {
		if s.Readable != nil {
			s.Readable.Release()
		}
		if s.Writable != nil {
			s.Writable.Release()
		}
	}
}

// spawners start children on goroutines, for one loop. There are twice as many as can run at once,
// because each waits while its child executes, and more while all of these wait: a thread may be in
// an execve(2) for long, for a program on a disk that does not answer.
type spawners struct {
	mu      sync.Mutex
	queue   []func(*process.Starter)
	running int                // goroutines
	taken   int                // out of queue, so far
	watched bool               // a timer runs that calls relieve
	idle    []*process.Starter // of goroutines that have ended
	closed  bool
}

const (
	// maxSpawners is how many children start at once.
	maxSpawners = 64

	// spawnPatience is how long all spawners may be busy with one child each before others join
	// them. A usual child takes a fraction of a millisecond.
	spawnPatience = 5 * time.Millisecond

	// maxIdleStarters is how many starters are kept with their low descriptor numbers.
	maxIdleStarters = 4
)

// run has start called soon.
//
// Safe to call from any goroutine.
func (s *spawners) run(start func(*process.Starter)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, start)
	if s.running < min(2*runtime.GOMAXPROCS(0), maxSpawners) {
		s.grow(1)
	} else {
		s.watch()
	}
}

// grow is called under mu.
func (s *spawners) grow(n int) {
	for range n {
		s.running++
		go s.work() // It ends when the queue is empty. Nobody waits for it.
	}
}

// watch is called under mu, when children wait for a spawner.
func (s *spawners) watch() {
	if !s.watched {
		s.watched = true
		taken := s.taken
		time.AfterFunc(spawnPatience, func() { s.relieve(taken) })
	}
}

// relieve doubles the spawners if none of them has taken a child since. It runs on a goroutine of
// its timer.
func (s *spawners) relieve(taken int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = false
	if len(s.queue) == 0 {
		return
	}
	if s.taken == taken {
		s.grow(min(s.running, maxSpawners-s.running, len(s.queue)))
	}
	if s.running < maxSpawners {
		s.watch()
	}
}

func (s *spawners) work() {
	starter := s.get()
	for {
		start, ok := s.next()
		if !ok {
			s.put(starter)
			return
		}
		start(starter)
	}
}

func (s *spawners) next() (start func(*process.Starter), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		s.running--
		return nil, false
	}
	s.taken++
	start = s.queue[0]
	s.queue[0] = nil
	s.queue = s.queue[1:]
	return start, true
}

// get returns a starter for one goroutine, which puts it back.
func (s *spawners) get() *process.Starter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		starter := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return starter
	}
	return new(process.Starter)
}

func (s *spawners) put(starter *process.Starter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.idle) == maxIdleStarters {
		starter.Release()
		return
	}
	s.idle = append(s.idle, starter)
}

// close gives up what is idle. Goroutines that still start children give up theirs.
func (s *spawners) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, starter := range s.idle {
		starter.Release()
	}
	s.idle = nil
}
