package reactor

import (
	"sync/atomic"
	"time"
)

// spareAlarm is the alarm without a timerfd: a timer of the Go runtime that rings at the door, on a
// goroutine of its own. A ring cannot be taken back, so a timer that is stopped just then costs one
// Poll that finds nothing to do.
type spareAlarm struct {
	door    *door
	timer   *time.Timer // loop goroutine only; nil until the first set
	wentOff atomic.Bool // true from ring to fired; any goroutine
}

func (a *spareAlarm) set(d time.Duration) {
	if a.timer == nil {
		a.timer = time.AfterFunc(d, a.ring)
	} else {
		a.timer.Reset(d)
	}
}

func (a *spareAlarm) ring() {
	a.wentOff.Store(true)
	a.door.ring()
}

func (a *spareAlarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}

func (a *spareAlarm) fired() bool { return a.timer != nil && a.wentOff.Swap(false) }
