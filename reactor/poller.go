package reactor

import "errors"

// A platform supplies the following; the portable files use nothing else of it.
//
//	type poller struct{ fd int … }
//	func (p *poller) open() error                     makes the kernel object, close-on-exec; the error is complete
//	func (p *poller) close() error
//	func (p *poller) add(fd int, t token, want Readiness, claimed bool) error
//	                                                  errUnpollable when fd is of a kind that cannot be polled; claimed says
//	                                                  that another watcher may have fd: EEXIST if it still does
//	func (p *poller) modify(fd int, t token, old, want Readiness) error
//	func (p *poller) remove(fd int, old Readiness)    best effort: fd may have been closed already
//	func (p *poller) renew(live []*Watcher) error     has the kernel forget all registrations but those of live; the poller's
//	                                                  descriptor keeps its number; on error all is as it was
//	func (p *poller) wait(timeout time.Duration) (n int, err error)
//	                                                  0: do not sleep; negative: no time-out; never shorter than timeout, but
//	                                                  an interrupting signal may end it early with 0 events; the error is
//	                                                  complete
//	func (p *poller) event(i int) (token, Readiness)  event i of the last wait; a hang-up or an error comes with both Readable
//	                                                  and Writable, of which the loop keeps what is wanted
//	func newWaker(p *poller, forcePipe bool) (waker, error)
//	func openAlarm(l *Loop) (*alarm, error)
//	func (a *alarm) set(d time.Duration)              d > 0: makes the poller's descriptor readable after d, even outside of
//	                                                  wait, until a wait has seen it, which ends for it; anew each time
//	func (a *alarm) stop()                            takes back set, and what no wait has seen
//	func (a *alarm) fired() bool                      since the last call a wait has seen that the time had come
//	func (a *alarm) close() error

// maxEvents bounds the events taken from the kernel in one poll. Those left over come first in the
// next one, since the kernel rotates its list.
const maxEvents = 512

// errUnpollable is what add returns for regular files and their like.
var errUnpollable = errors.New("not pollable")

// A waker ends the loop's sleep from another goroutine.
type waker interface {
	wake()           // any goroutine, under the door's lock
	drain()          // loop goroutine: the wake-up was seen
	fd() int         // to be watched by the loop; -1 when the poller has it already
	mode() Readiness // edgeTriggered, or 0
	close() error
}
