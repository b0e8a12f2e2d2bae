package pool

import (
	"time"

	"github.com/brood-go/brood/reactor"
)

// alarm is a timer that may not have been set. It does not keep the loop alive: what the pool does
// for somebody does that, see Pool.updateHold.
type alarm struct{ timer *reactor.Timer }

// set has fn called in d. It may be set again, with the same fn.
func (a *alarm) set(l *reactor.Loop, d time.Duration, fn func()) {
	if a.timer == nil {
		a.timer = l.SetTimeout(d, fn)
		a.timer.Unref()
		return
	}
	a.timer.Reset(d)
}

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
