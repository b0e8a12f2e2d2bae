package reactor

import (
	"runtime"
	"time"
)

// A platform supplies:
//
//	func openParking(p *poller) (*parking, error)     nil where the runtime's poller does not take p
//	func (k *parking) prepare(timeout time.Duration)  must be called before wait; negative: no time-out
//	func (k *parking) wait() (int, error)             poller.wait that blocks the goroutine and not its thread
//	func (k *parking) done()                          must be called after prepare, with or without a wait
//	func (k *parking) close() error
//	type parkedWaker struct                           with a waker and a parking: the waker of a loop with a parking

// openParking makes the loop sleep in the runtime's poller if Options.Netpoll is set.
func (l *Loop) openParking() (err error) {
	if !l.opts.Netpoll {
		return nil
	}
	if l.parking, err = openParking(&l.poller); l.parking != nil {
		l.door.waker = &parkedWaker{l.door.waker, l.parking}
	}
	return err
}

// reopenParking makes the runtime's poller watch what renew has put in the place of the poller's
// former kernel object. If that fails, the loop sleeps in a system call from then on.
func (l *Loop) reopenParking() {
	if l.parking == nil {
		return
	}
	next, _ := openParking(&l.poller)
	usual := l.door.waker.(*parkedWaker).waker
	l.door.mu.Lock() // A wake-up may be using the former parking.
	if l.door.waker = usual; next != nil {
		l.door.waker = &parkedWaker{usual, next}
	}
	l.door.mu.Unlock()
	_ = l.parking.close() // Nothing is lost by an error.
	l.parking = next
}

// park is sleep with Options.Netpoll: the loop's thread runs other goroutines meanwhile.
func (l *Loop) park(timeout time.Duration) (int, error) {
	l.parking.prepare(timeout)
	defer l.parking.done()
	if !l.door.trySleep(l.refs > 0) {
		return l.poller.wait(0)
	}
	l.unlockThread()
	n, err := l.parking.wait()
	if n == 0 && l.yields > 1 {
		// One of several goroutines that got work from the loop has posted, and the others are
		// about to. Let them run first, so that the loop takes their posts together.
		runtime.Gosched()
	}
	l.yields = 0
	l.lockThread()
	l.door.setAwake()
	return n, err
}

// Yield lets a goroutine run that the callback has made runnable, such as by sending it something.
// It does so once the queued ticks have run. Without Yield the goroutine may have to wait although
// the loop has nothing to do: the loop sleeps in a system call and keeps its thread's processor
// (one of GOMAXPROCS) until the runtime takes that away. A loop with [Options].Netpoll gives the
// processor up by itself; there, several calls in a turn announce that several goroutines are going
// to post.
func (l *Loop) Yield() {
	l.check("Yield")
	l.yields++
	if l.parking == nil && l.yields == 1 && !l.closed {
		l.NextTick(l.yieldTick)
	}
}

// yieldNow is the tick of Yield.
func (l *Loop) yieldNow() {
	l.yields = 0
	runtime.Gosched()
}
