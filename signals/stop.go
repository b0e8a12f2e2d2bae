package signals

import (
	"io"
	"maps"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/brood-go/brood/reactor"
)

// repeatWindow is how long a signal that comes again is taken for the same request to stop.
// timeout(1) and service managers signal a process and then its group, within microseconds. Nobody
// presses ^C twice in this time.
const repeatWindow = 100 * time.Millisecond

// A Stopper waits for the signal that asks the program to stop. Make one with [StopOn]. Its methods
// must be called on the loop goroutine unless their comment says otherwise.
type Stopper struct {
	all    *stoppers
	gently func(Signal)
	watched  []Signal       // those of them that the program did not ignore
	window time.Duration  // in which the first one may be repeated
	received   chan os.Signal // all of which
	first  atomic.Int64   // the Signal that has come, 0 for none
	quit   chan struct{}  // closed by Close: the goroutine is to end
	// closed when the goroutine has ended, and the signals do what they did before
	done  chan struct{}
	closed bool
}

// StopOn has the first of some signals stop the program gently, and the second one end it. Without
// any in which, these are SIGINT and SIGTERM. One that the program ignores, because nohup(1) or a
// shell has started it that way, stays ignored.
//
// When the first one comes, gently is called once, on the loop goroutine in the posted phase of a
// turn. It begins the end: it stops listening, say, and has children terminate, so that nothing
// keeps Run alive any more. The Stopper itself does not keep Run alive; when no Run or Poll is
// under way gently is called by the next one.
//
// From then on the signals do what they did before StopOn, which for SIGINT, SIGTERM and SIGHUP is
// to end the process. So the second one ends it even when the loop is in a callback that never
// returns. A process that ends so has died by the signal, and a shell sees that: $? is 130 after
// SIGINT. [Default] makes the same of signals for which the Go runtime has other answers, such as
// SIGQUIT. The same signal again within 100 ms is no second one, because some senders signal a
// process and then its group.
//
// A [Watch] of the same signal, or a channel that the program gave to [os/signal.Notify], gets both
// signals as well, and then the second one does not end the process.
//
// Errors are *[WatchError] as those of Watch. StopOn panics when l or gently is nil.
func StopOn(l *reactor.Loop, gently func(Signal), which ...Signal) (*Stopper, error) {
	return stopOn(l, gently, repeatWindow, which...)
}

// stopOn is StopOn with a window of its own.
func stopOn(l *reactor.Loop, gently func(Signal), window time.Duration, which ...Signal) (*Stopper, error) {
	switch {
	case l == nil:
		panic("signals: StopOn on a nil Loop")
	case gently == nil:
		panic("signals: StopOn: nil callback")
	}
	if len(which) == 0 {
		which = []Signal{syscall.SIGINT, syscall.SIGTERM}
	}
	s := &Stopper{gently: gently, window: window, quit: make(chan struct{}), done: make(chan struct{})}
	for _, sig := range which {
		if err := refusalOf(sig); err != nil {
			return nil, &WatchError{sig, err}
		}
		if !signal.Ignored(sig) {
			s.watched = append(s.watched, sig)
		}
	}
	kept, err := l.Local(stoppersKey{}, func() (io.Closer, error) { return &stoppers{l, map[*Stopper]bool{}}, nil })
	if err != nil {
		return nil, &WatchError{which[0], err}
	}
	s.all = kept.(*stoppers)
	s.all.open[s] = true
	// A first and a second one of each; the runtime drops what has no room.
	s.received = make(chan os.Signal, 2*len(s.watched))
	for _, sig := range s.watched {
		acquireSignal(sig, s.received)
	}
	// It ends when the second signal would be the last, or with Close, which waits for it.
	go s.wait()
	return s, nil
}

// Signal returns the signal that has come, also before gently is called, and 0 if none has.
//
// Safe to call from any goroutine.
func (s *Stopper) Signal() Signal { return Signal(s.first.Load()) }

// Close gives the signals back what they did before. gently is not called any more. Closing twice
// is harmless, and the loop closes its Stoppers with itself.
func (s *Stopper) Close() {
	if s.closed {
		return
	}
	s.closed = true
	delete(s.all.open, s)
	close(s.quit)
	<-s.done
}

// wait is a Stopper's goroutine. It is none of the loop's, because a second signal must get through
// to a program whose loop is stuck.
func (s *Stopper) wait() {
	defer close(s.done)
	var first, second os.Signal
	select {
	case first = <-s.received:
		s.first.Store(int64(first.(Signal)))
		_ = s.all.loop.Post(s.stop) // On a closed loop there is nothing to be stopped.
		second = s.awaitSecond(first)
	case <-s.quit:
	}
	for _, sig := range s.watched {
		releaseSignal(sig, s.received)
	}
	// One that has come until now was kept from doing what it does, so it is sent again.
	for first != nil && second == nil && len(s.received) > 0 {
		if again := <-s.received; again != first {
			second = again
		}
	}
	if second != nil {
		_ = syscall.Kill(os.Getpid(), second.(Signal)) // To oneself it cannot fail.
	}
}

// another waits for the end of the window, or of the Stopper, in which first may be repeated. It
// returns a signal other than that, nil if none came.
func (s *Stopper) awaitSecond(first os.Signal) os.Signal {
	window := time.NewTimer(s.window)
	defer window.Stop()
	for {
		select {
		case again := <-s.received:
			if again != first {
				return again
			}
		case <-window.C:
			return nil
		case <-s.quit:
			return nil
		}
	}
}

// stop runs on the loop goroutine.
func (s *Stopper) stop() {
	if !s.closed {
		s.gently(s.Signal())
	}
}

// stoppers are those of one loop, which keeps them and closes them with itself. They belong to the
// loop goroutine.
type stoppers struct {
	loop *reactor.Loop
	open map[*Stopper]bool
}

type stoppersKey struct{}

func (all *stoppers) Close() error {
	for s := range maps.Clone(all.open) {
		s.Close()
	}
	return nil
}
