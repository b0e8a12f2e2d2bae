package reactor

import "errors"

// A platform supplies the following; the portable files use nothing else of it. The loop goroutine
// makes all of these calls but waker.wake.
//
//	type poller struct{ fd int … }                    fd is owned; -1 after close
//	func (p *poller) open() error                     makes the kernel object, close-on-exec; returns an *OpError
//	func (p *poller) close() error
//	func (p *poller) add(fd int, t token, want Readiness, claimed bool) error
//	                                                  errUnpollable when fd is of a kind that cannot be polled; claimed says
//	                                                  that another watcher may have fd: EEXIST if it still does
//	func (p *poller) modify(fd int, t token, old, want Readiness) error
//	func (p *poller) remove(fd int, old Readiness)    best effort: fd may have been closed already
//	func (p *poller) renew(live []*Watcher) error     makes the kernel forget all registrations but those of live; the poller's
//	                                                  descriptor keeps its number; an error leaves everything as it was
//	func (p *poller) wait(timeout time.Duration) (n int, err error)
//	                                                  0: does not sleep; negative: no time-out; sleeps no less than timeout, but
//	                                                  a signal may end it early with 0 events; returns an *OpError
//	func (p *poller) event(i int) (token, Readiness)  event i of the last wait; a hang-up or an error comes with both Readable
//	                                                  and Writable, of which the loop keeps the wanted ones
//	func newWaker(p *poller, forcePipe bool) (waker, error)
//	func openAlarm(l *Loop) (*alarm, error)
//	func (a *alarm) set(d time.Duration)              d > 0: makes the poller's descriptor readable after d, even outside of
//	                                                  wait; the next wait sees it, and then it is over; replaces an earlier set
//	func (a *alarm) stop()                            takes back set, and an expiration that no wait has seen
//	func (a *alarm) fired() bool                      whether a wait has seen the expiration since the last call
//	func (a *alarm) close() error

// maxEvents bounds the events taken from the kernel in one poll. The kernel rotates its list, so
// the next poll begins with the events left over.
const maxEvents = 512

// errUnpollable is the error of add for regular files and the like.
var errUnpollable = errors.New("not pollable")

// A waker ends the loop's sleep from another goroutine.
type waker interface {
	wake()           // any goroutine; the caller holds door.mu
	drain()          // loop goroutine: takes the wake-up off the descriptor
	fd() int         // the descriptor that the loop watches; -1: the poller has the waker itself
	mode() Readiness // edgeTriggered, or 0
	close() error    // closes its descriptors
}
