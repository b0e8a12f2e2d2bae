package childprocess

import (
	"slices"
	"sync"
	"time"

	"github.com/brood-go/brood/reactor"
)

// privateLoops lends loops to calls that wait, because their callers have none. It is per program,
// because any goroutine may make such a call.
var privateLoops = loopPool{open: func() (*reactor.Loop, error) { return reactor.New(nil) }}

const (
	// maxIdleLoops is the most loops that wait for the next call. Each has two descriptors and 64
	// KiB of memory, or 320 after much output.
	maxIdleLoops = 16

	// idleLoopTime is how long an idle loop is kept. That is enough for calls in a row; opening a
	// loop takes 20 µs.
	idleLoopTime = time.Second
)

// loopPool lends loops, each to one goroutine at a time. Its methods are safe to call from any
// goroutine.
type loopPool struct {
	open func() (*reactor.Loop, error) // set by tests before the first call

	mu       sync.Mutex // guards the fields below
	idle     []idleLoop // in the order of since; the last is lent first
	sweeping bool       // a timer will call sweep; true while idle is not empty
}

type idleLoop struct {
	loop  *reactor.Loop
	since time.Time
}

// get returns a loop without children. The caller has it until put or abandonLoop.
func (p *loopPool) get() (*reactor.Loop, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		l := p.idle[n-1].loop
		p.idle[n-1] = idleLoop{}
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return l, nil
	}
	p.mu.Unlock()
	return p.open()
}

// put takes back a loop whose Run has returned nil, or that has not run. A loop that watches
// SIGCHLD is closed, because even an idle one would receive that signal.
func (p *loopPool) put(l *reactor.Loop) {
	all, err := childrenOf(l)
	if err != nil || all.exitWatch == ExitWatchSIGCHLD || l.Alive() || !p.keep(l) {
		_ = l.Close() // Best effort: only closing its own descriptors can fail.
	}
}

// keep adds l to idle. It reports false if idle is full.
func (p *loopPool) keep(l *reactor.Loop) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == maxIdleLoops {
		return false
	}
	p.idle = append(p.idle, idleLoop{l, time.Now()})
	if !p.sweeping {
		p.sweeping = true
		time.AfterFunc(idleLoopTime, p.sweep)
	}
	return true
}

// sweep closes the loops that have been idle for idleLoopTime. It runs on its timer's goroutine,
// and sets the timer again while others are idle.
func (p *loopPool) sweep() {
	p.mu.Lock()
	now := time.Now()
	n := 0
	for n < len(p.idle) && now.Sub(p.idle[n].since) >= idleLoopTime {
		n++
	}
	old := slices.Clone(p.idle[:n])
	p.idle = slices.Delete(p.idle, 0, n)
	if p.sweeping = len(p.idle) > 0; p.sweeping {
		time.AfterFunc(idleLoopTime-now.Sub(p.idle[0].since), p.sweep)
	}
	p.mu.Unlock()
	for _, i := range old {
		_ = i.loop.Close() // See put.
	}
}

// abandonLoop kills and reaps the children of a broken loop, because no event will report their
// exits, and closes the loop. Run must have returned for good.
func abandonLoop(l *reactor.Loop) {
	all, err := childrenOf(l)
	if err != nil {
		return
	}
	for c := all.open; c != nil; c = c.next {
		if c.state == childRunning {
			all.unfollow(c)
			c.process.Abort()
			c.state = childExited // A signal must not go to a pid that was reaped.
		}
		c.limits.disarmAtClose()
		for _, s := range c.streams {
			s.destroy()
		}
	}
	_ = l.Close()
}
