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

// repeatWindow is how long a repeated signal counts as the same request to stop. timeout(1) and
// service managers signal a process and then its group, within microseconds. Nobody presses ^C
// twice in this time.
const repeatWindow = 100 * time.Millisecond

// A Stopper waits for the signal that asks the program to stop. Make one with [StopOn]. Its methods
// must be called on the loop goroutine unless their comment says otherwise.
type Stopper struct {
	// StopOn sets these, and nothing changes them.
	all      *stoppers
	gently   func(Signal)
	watched  []Signal       // signals given to StopOn that the program did not ignore
	window   time.Duration  // time in which a repetition of the first signal does not count
	received chan os.Signal // os/signal sends the watched signals, the goroutine receives
	quit     chan struct{}  // closed by Close: the goroutine must end
	done     chan struct{}  // closed when the goroutine has ended and released the signals

	first  atomic.Int64 // the first Signal, 0 before it; the goroutine stores it, any may load it
	closed bool         // Close was called; loop goroutine only
}

// StopOn makes the first of some signals stop the program gently, and the second one end it.
// Without any in which, these are SIGINT and SIGTERM. A signal that the program ignores, because
// nohup(1) or a shell started it that way, stays ignored.
//
// When the first signal comes, gently is called once, on the loop goroutine in the posted phase of
// a turn. It begins the end of the program: for example it stops listening and terminates children,
// so that nothing keeps Run alive any more. The Stopper itself does not keep Run alive. If no Run
// or Poll is under way, the next one calls gently.
//
// From then on the signals do what they did before StopOn, which for SIGINT, SIGTERM and SIGHUP is
// to end the process. So the second signal ends it even if the loop is in a callback that never
// returns. Then the process has died by the signal, and a shell sees that: $? is 130 after SIGINT.
// [Default] gives signals to which the Go runtime reacts otherwise, such as SIGQUIT, the same
// effect. The first signal again within 100 ms does not count, because some senders signal a
// process and then its group.
//
// A [Watch] of the same signal, or a channel that the program gave to [os/signal.Notify], gets both
// signals as well, and then the second one does not end the process.
//
// Errors are *[WatchError] as those of Watch. StopOn panics when l or gently is nil.
func StopOn(l *reactor.Loop, gently func(Signal), which ...Signal) (*Stopper, error) {
	return stopOn(l, gently, repeatWindow, which...)
}

// stopOn is StopOn with a given window.
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
	// A first and a second one of each. The runtime drops signals that have no room.
	s.received = make(chan os.Signal, 2*len(s.watched))
	for _, sig := range s.watched {
		acquireSignal(sig, s.received)
	}
	// The goroutine ends when the next signal may end the process, or after Close, which waits for
	// it.
	go s.wait()
	return s, nil
}

// Signal returns the first signal, also before gently is called, and 0 if none has come.
//
// Safe to call from any goroutine.
func (s *Stopper) Signal() Signal { return Signal(s.first.Load()) }

// Close makes the signals do what they did before StopOn. gently is not called any more. Closing
// twice is harmless, and closing the loop closes its Stoppers.
func (s *Stopper) Close() {
	if s.closed {
		return
	}
	s.closed = true
	delete(s.all.open, s)
	close(s.quit)
	<-s.done
}

// wait is the Stopper's goroutine. It does not use the loop, because a second signal must get
// through to a program whose loop is stuck.
func (s *Stopper) wait() {
	defer close(s.done)
	var first, second os.Signal
	select {
	case first = <-s.received:
		s.first.Store(int64(first.(Signal)))
		_ = s.all.loop.Post(s.stop) // On a closed loop there is nothing to stop.
		second = s.awaitSecond(first)
	case <-s.quit:
	}
	releaseSignals(s.received, s.watched...)
	// A signal received until now did not have its effect, so it is sent again.
	for first != nil && second == nil && len(s.received) > 0 {
		if again := <-s.received; again != first {
			second = again
		}
	}
	if second != nil {
		_ = syscall.Kill(os.Getpid(), second.(Signal)) // To its own process it cannot fail.
	}
}

// awaitSecond waits until the window for repetitions of first is over, or Close. It returns a
// signal other than first, nil if none came.
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

// stop is posted by wait and runs on the loop goroutine.
func (s *Stopper) stop() {
	if !s.closed {
		s.gently(s.Signal())
	}
}

// stoppers are the open Stoppers of one loop. The loop keeps them, see [reactor.Loop.Local], and
// closes them. Only the loop goroutine touches them, but Stopper.wait reads loop.
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
