package pool

import (
	"time"

	"github.com/brood-go/brood/reactor"
)

// alarm is a timer that is made when it is first set; the zero value is not set. It does not keep
// the loop alive: Pool.updateHold decides that.
type alarm struct{ timer *reactor.Timer }

// set calls fn after d, instead of a call that is still to come. fn must be the same each time,
// because the timer keeps the first one.
func (a *alarm) set(l *reactor.Loop, d time.Duration, fn func()) {
	if a.timer == nil {
		a.timer = l.SetTimeout(d, fn)
		a.timer.Unref()
		return
	}
	a.timer.Reset(d)
}

// stop cancels the call, if one is still to come.
func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
