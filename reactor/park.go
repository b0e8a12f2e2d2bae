package reactor

import (
	"runtime"
	"time"
)

// A platform supplies:
//
//	func openParking(p *poller) (*parking, error)     nil where the runtime's poller does not take p
//	func (k *parking) prepare(timeout time.Duration)  before a wait; negative: no time-out
//	func (k *parking) wait() (int, error)             as poller.wait, on the goroutine alone and not on its thread
//	func (k *parking) done()                          after a wait, or in place of one
//	func (k *parking) close() error
//	type parkedWaker struct                           with a waker and a parking: the waker of a loop that sleeps in it

// openParking has the loop sleep in the runtime's poller if Options.Netpoll says so.
func (l *Loop) openParking() (err error) {
	if !l.opts.Netpoll {
		return nil
	}
	if l.parking, err = openParking(&l.poller); l.parking != nil {
		l.door.waker = &parkedWaker{l.door.waker, l.parking}
	}
	return err
}

// park is sleep without the thread, which other goroutines have meanwhile.
func (l *Loop) park(timeout time.Duration) (int, error) {
	l.parking.prepare(timeout)
	defer l.parking.done()
	if !l.door.trySleep(l.refs > 0) {
		return l.poller.wait(0)
	}
	l.unlockThread()
	n, err := l.parking.wait()
	if n == 0 && l.yields > 1 {
		// The first of several goroutines that were given something has posted. The others are
		// about to: what they post is taken together then.
		runtime.Gosched()
	}
	l.yields = 0
	l.lockThread()
	l.door.setAwake()
	return n, err
}

// Yield lets a goroutine run that the callback has made runnable, as by sending it something, once
// the ticks that are queued have run. Otherwise it may have to wait although the loop has nothing
// to do: the loop sleeps in a system call, which keeps the processor of its thread, in the sense of
// GOMAXPROCS, until the runtime takes that away. A loop with [Options].Netpoll gives it up by
// itself; it takes several calls as a sign that as many goroutines are going to post.
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
