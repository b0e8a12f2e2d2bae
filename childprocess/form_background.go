package childprocess

import (
	"context"
	"sync"
	"time"

	"github.com/brood-go/brood/reactor"
)

// background is the loop on which the children of [Output] and its like run, whichever goroutine
// asks for them. Like privateLoops it belongs to the program.
var background backgroundLoop

// backgroundIdleTime is how long the loop goes on when nobody uses it.
const backgroundIdleTime = time.Second

// backgroundLoop starts a loop for the first user and ends it some time after the last one.
type backgroundLoop struct {
	mu      sync.Mutex
	current *sharedLoop // nil while there is none
}

// sharedLoop is one that runs on a goroutine of its own.
type sharedLoop struct {
	loop        *reactor.Loop
	releaseHold func() // of the Hold that keeps it running
	exitWatch   ExitWatch

	starters spawners // for the goroutines that start the children

	// stopped is done when the loop does not run any more. Its cause is then what Run has returned,
	// if that was an error: those who wait for something on the loop wait for this too.
	stopped context.Context
	stop    context.CancelCauseFunc

	users int // under backgroundLoop.mu, and so is idle
	idle  *time.Timer
}

// acquire returns the loop, for a user who will release it.
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
		// It ends with Run, when retire has released the loop or its poll fails. Nobody has to wait
		// for that.
		go b.run(s)
	}
	if s.idle != nil {
		s.idle.Stop()
	}
	s.users++
	return s, nil
}

// release is called once for each acquire.
func (b *backgroundLoop) release(s *sharedLoop) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.users--
	if s.users == 0 && b.current == s {
		s.idle = time.AfterFunc(backgroundIdleTime, func() { b.retire(s) })
	}
}

// retire lets the loop end unless it is used again.
func (b *backgroundLoop) retire(s *sharedLoop) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.users == 0 && b.current == s {
		b.current = nil
		s.releaseHold()
	}
}

func (b *backgroundLoop) run(s *sharedLoop) {
	err := s.loop.Run()
	s.starters.close()
	if err == nil {
		_ = s.loop.Close() // See loopPool.put.
	} else {
		b.mu.Lock()
		if b.current == s {
			b.current = nil // The next user gets another one.
		}
		b.mu.Unlock()
		s.releaseHold()
		abandonLoop(s.loop)
	}
	s.stop(err)
}
