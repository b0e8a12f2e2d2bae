package reactor

import (
	"sync/atomic"
	"time"
)

// spareAlarm is a timer of the Go runtime that rings at the door, on a goroutine of its own. A ring
// cannot be taken back: a timer that is stopped just then costs one Poll that finds nothing to do.
// It is idle until the first set.
type spareAlarm struct {
	door    *door
	timer   *time.Timer
	wentOff atomic.Bool // it went off; any goroutine
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
