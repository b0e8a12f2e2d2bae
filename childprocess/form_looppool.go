package childprocess

import (
	"slices"
	"sync"
	"time"

	"github.com/brood-go/brood/reactor"
)

// privateLoops has the loops of the calls that wait, which have no loop of a user to run on. It
// belongs to the program and not to a loop, since any goroutine may make such a call.
var privateLoops = loopPool{open: func() (*reactor.Loop, error) { return reactor.New(nil) }}

const (
	// maxIdleLoops is how many loops wait for the next call. Each has two descriptors and 64 KiB of
	// memory, or 320 after much output.
	maxIdleLoops = 16

	// idleLoopTime is how long they wait: long enough for calls in a row, and to make one takes 20
	// µs.
	idleLoopTime = time.Second
)

// loopPool lends loops, each to one goroutine at a time.
type loopPool struct {
	open func() (*reactor.Loop, error) // replaced by tests, before the first call

	mu       sync.Mutex
	idle     []idleLoop // the one that was used last is at the end, and is lent first
	sweeping bool       // a timer runs that calls sweep; so it does while idle is not empty
}

type idleLoop struct {
	loop  *reactor.Loop
	since time.Time
}

// get returns a loop on which nothing runs.
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

// put takes back a loop that has run to its end. One that watches SIGCHLD is closed: idle, it would
// go on receiving that.
func (p *loopPool) put(l *reactor.Loop) {
	all, err := childrenOf(l)
	if err != nil || all.exitWatch == ExitWatchSIGCHLD || l.Alive() || !p.keep(l) {
		_ = l.Close() // What it would report is the close of its own descriptors.
	}
}

// keep makes l idle unless there are enough of them.
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

// sweep closes the loops that have been idle for long enough. It runs on a goroutine of its timer,
// and comes again while there are others.
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

// abandonLoop kills what runs on a loop that runs no more, since nobody would be told of its end, and
// closes it.
func abandonLoop(l *reactor.Loop) {
	all, err := childrenOf(l)
	if err != nil {
		return
	}
	for c := all.open; c != nil; c = c.next {
		if c.state == childRunning {
			all.unfollow(c)
			c.process.Abort()
			c.state = childExited // There is no process to signal any more.
		}
		c.limits.disarmAtClose()
		for _, s := range c.streams {
			s.destroy()
		}
	}
	_ = l.Close()
}
