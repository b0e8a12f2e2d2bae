package childprocess

import (
	"context"
	"sync"
	"time"

	"github.com/brood-go/brood/reactor"
)

// background runs the children of [Output] and its relatives, and survivors. Any goroutine may use
// it. It belongs to the program, like privateLoops, because its users have no loop.
var background backgroundLoop

// backgroundIdleTime is the time from the last release until the loop ends.
const backgroundIdleTime = time.Second

// backgroundLoop starts a loop for the first user and ends it backgroundIdleTime after the last
// one. Its methods are safe to call from any goroutine.
type backgroundLoop struct {
	mu      sync.Mutex  // guards current, and users and idle of every sharedLoop
	current *sharedLoop // nil: no loop runs; acquire starts one
}

// sharedLoop is a reactor.Loop that runs on a goroutine of its own (backgroundLoop.run) and is
// closed by it. All fields but users and idle are set before another goroutine can have it.
type sharedLoop struct {
	loop        *reactor.Loop
	releaseHold func()    // ends the Hold that keeps Run from returning
	exitWatch   ExitWatch // the loop's way to see exits

	starters spawners // lends starters to tasks, which fork on their goroutines; runs nothing

	// stopped is done when Run has returned. Its cause is Run's error, if there was one. A caller
	// that waits for an event of the loop must also wait for stopped, because a broken loop emits
	// nothing.
	stopped context.Context
	stop    context.CancelCauseFunc

	users int         // acquires without a release
	idle  *time.Timer // calls retire; nil until users was 0 for the first time
}

// acquire returns the running loop, and starts one if there is none. The caller must release it.
func (b *backgroundLoop) acquire() (*sharedLoop, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.current
	if s == nil {
		l, err := privateLoops.get()
		if err != nil {
			return nil, err
		}
		all, err := childrenOf(l)
		if err != nil {
			privateLoops.put(l)
			return nil, err
		}
		s = &sharedLoop{loop: l, releaseHold: l.Hold(), exitWatch: all.exitWatch}
		s.stopped, s.stop = context.WithCancelCause(context.Background())
		b.current = s
		// The goroutine ends with Run: after retire, or when the loop's poll fails. Nobody waits
		// for it.
		go b.run(s)
	}
	if s.idle != nil {
		s.idle.Stop()
	}
	s.users++
	return s, nil
}

func (b *backgroundLoop) release(s *sharedLoop) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.users--
	if s.users == 0 && b.current == s {
		s.idle = time.AfterFunc(backgroundIdleTime, func() { b.retire(s) })
	}
}

// retire lets Run return, unless the loop was acquired again.
func (b *backgroundLoop) retire(s *sharedLoop) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.users == 0 && b.current == s {
		b.current = nil
		s.releaseHold()
	}
}

// run is the goroutine of the loop. It owns the loop and closes it.
func (b *backgroundLoop) run(s *sharedLoop) {
	err := s.loop.Run()
	s.starters.close()
	if err == nil {
		_ = s.loop.Close() // See loopPool.put.
	} else {
		b.mu.Lock()
		if b.current == s {
			b.current = nil // The next acquire starts another.
		}
		b.mu.Unlock()
		s.releaseHold()
		abandonLoop(s.loop)
	}
	s.stop(err)
}
