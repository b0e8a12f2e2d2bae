package childprocess

import (
	"runtime"
	"sync"
	"time"

	"github.com/brood-go/brood/internal/process"
)

// starting is the state of a child from newChild until it runs or was refused. The goroutine that
// forks the child writes the result of fork. Everything else is used on the goroutine that prepares
// the start, and then on the loop goroutine.
type starting struct {
	spec   process.Spec
	layout *layout // &layoutMemory; nil if its descriptors could not be opened
	dot    string  // see Options.candidates

	preSpawn func() error // Options.PreSpawn

	layoutMemory layout
	file         [1]string // memory for spec.Files

	// The result of fork; valid for the loop after fork, for an Async child in onForked.
	process     process.Process
	startedAt   time.Time
	startMaxrss int64       // see ChildProcess.startMaxrss
	startErr    *SpawnError // set by prepare, too; then fork does nothing

	// Of an Async child, used on the loop goroutine.
	signals   []queuedSignal // to be sent when it runs
	grace     time.Duration  // the argument of Terminate; 0: not called
	race      closeRace
	holdsLoop bool // counted in children.holders
}

// queuedSignal is a signal that Kill or KillGroup was given before the child ran.
type queuedSignal struct {
	signal Signal
	group  bool
}

// queueSignal keeps a signal until the child runs.
func (s *starting) queueSignal(sig Signal, group bool) {
	s.signals = append(s.signals, queuedSignal{sig, group})
}

// queueTerminate keeps the shortest grace until the child runs. A negative one, which means no
// SIGKILL, counts as the longest.
func (s *starting) queueTerminate(grace time.Duration) {
	if s.grace <= 0 || grace > 0 && grace < s.grace {
		s.grace = grace
	}
}

// closeRace synchronizes the loop's Close with the spawner of an Async child. The second of the two
// to come takes care of the child.
type closeRace struct {
	mu     sync.Mutex // guards the fields below
	forked bool       // the result of fork is set
	closed bool       // the loop was closed
}

// arrive notes that the caller has come, in mine, and reports whether the other had come before.
func (p *closeRace) arrive(mine, other *bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	*mine = true
	return *other
}

// noteForked is called by the spawner after fork. It reports false if the loop was closed; the
// child is taken care of then.
func (c *ChildProcess) noteForked() bool {
	s := c.starting
	if s.race.arrive(&s.race.forked, &s.race.closed) {
		c.passToSurvivor()
		return false
	}
	return true
}

// noteLoopClosed is called by the Close of the loop, while the child is starting.
func (c *ChildProcess) noteLoopClosed() {
	s := c.starting
	if s.race.arrive(&s.race.closed, &s.race.forked) {
		c.passToSurvivor()
	}
}

// passToSurvivor gives the forked child of a closed loop, or the failure to fork it, to its
// survivor.
func (c *ChildProcess) passToSurvivor() {
	s, survivor := c.starting, c.survivor
	switch {
	case s.startErr != nil && survivor != nil:
		survivor.releaseLoop()
	case s.startErr != nil:
	case survivor != nil:
		survivor.takeOver(s.process, s.startedAt)
	default: // No other loop could be had: nothing waits for the child.
		s.sendQueued(s.process)
		s.process.Close()
	}
}

// sendQueued sends p the signals that Kill and KillGroup have reported as sent.
func (s *starting) sendQueued(p process.Process) {
	for _, sig := range s.signals {
		if sig.group {
			_ = p.SignalGroup(sig.signal, false)
		} else {
			_ = p.Signal(sig.signal)
		}
	}
}

// setHold makes the start of an Async child keep the loop alive, or no longer. children.holders
// counts these starts, for one Loop.Hold.
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

// startLater lets a spawner fork the child. The streams exist at once, but are held until the child
// runs, because spawn must be the first event.
func (c *ChildProcess) startLater(all *children, o *Options) error {
	s := c.starting
	c.loop, c.siblings = all.loop, all
	if s.layout == nil {
		return c.refuseLater(o) // There is nothing to fork.
	}
	if err := c.adopt(s.layout, o); err != nil {
		return err
	}
	c.holdStreams()
	all.add(c)
	all.refChanged(c)
	later := *o // A copy, because the caller may change its options before onForked.
	all.spawners.run(func(st *process.Starter) {
		c.fork(st)
		if c.noteForked() {
			// If the loop is closed, it has given up the child.
			_ = all.loop.Post(func() { c.onForked(&later) })
		}
	})
	return nil
}

// onForked is called on the loop goroutine after fork.
func (c *ChildProcess) onForked(o *Options) {
	if c.state != childStarting {
		return // The loop was closed.
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

// holdStreams keeps streams and channel from waiting for readiness until releaseStreams, so that
// none of their events precedes spawn.
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

// spawners start Async children on goroutines, for one loop. Up to 2*GOMAXPROCS goroutines run,
// because each waits while its child executes, and up to maxSpawners when all of them wait:
// execve(2) of a program on a slow disk can take long. Methods without another rule are safe to
// call from any goroutine. mu guards all fields.
type spawners struct {
	mu      sync.Mutex
	queue   []func(*process.Starter) // in the order of run
	running int                      // goroutines of work
	taken   int                      // starts taken out of queue so far
	watched bool                     // a timer will call relieve
	idle    []*process.Starter       // owned; of goroutines that have ended
	closed  bool                     // put keeps no more starters
}

const (
	// maxSpawners is the most goroutines, and so the most starts at once.
	maxSpawners = 64

	// spawnPatience is how long all spawners may be busy with one child each before there are more
	// of them. A start usually takes a fraction of a millisecond.
	spawnPatience = 5 * time.Millisecond

	// maxIdleStarters is the most starters that are kept, each with its reserved low descriptor
	// numbers.
	maxIdleStarters = 4
)

// run queues start, for one of the goroutines.
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

// grow starts n goroutines. The caller holds mu.
func (s *spawners) grow(n int) {
	for range n {
		s.running++
		go s.work() // It ends when the queue is empty. Nobody waits for it.
	}
}

// watch sets the timer for relieve. The caller holds mu, and starts are queued.
func (s *spawners) watch() {
	if !s.watched {
		s.watched = true
		taken := s.taken
		time.AfterFunc(spawnPatience, func() { s.relieve(taken) })
	}
}

// relieve doubles the goroutines if none has taken a start since watch. It runs on its timer's
// goroutine.
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

// work is a goroutine: it takes starts until the queue is empty.
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

// next takes a start out of the queue. If there is none, ok is false and the goroutine must end.
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

// get returns a starter for the use of one goroutine, which must put it back.
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

// close releases the idle starters. Each goroutine that still runs releases its own in put.
func (s *spawners) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, starter := range s.idle {
		starter.Release()
	}
	s.idle = nil
}
