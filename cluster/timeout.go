package cluster

import (
	"time"

	"github.com/brood-go/brood/reactor"
)

// timerTolerance is the lateness of a timer that is normal. A timer that fires later shows that the
// loop was busy or did not run.
const timerTolerance = 10 * time.Millisecond

// setTimeout calls fn after d, the time that the workers have for something. If the loop was late,
// messages that they sent in time may be unread, so the timer runs once more, for as long as it was
// late. The timer does not keep the loop alive, because the workers do.
func (c *Cluster) setTimeout(d time.Duration, fn func()) *reactor.Timer {
	due, extended := time.Now().Add(d), false
	var t *reactor.Timer
	t = c.loop.SetTimeout(d, func() {
		if late := time.Since(due); late > timerTolerance && !extended {
			extended = true
			t.Reset(late)
			return
		}
		fn()
	})
	t.Unref()
	return t
}
