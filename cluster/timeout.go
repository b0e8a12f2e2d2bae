package cluster

import (
	"time"

	"github.com/brood-go/brood/reactor"
)

// lateTimer is how late a timer is when the loop is to blame, which was busy with something else or
// did not run.
const timerTolerance = 10 * time.Millisecond

// setTimeout calls fn when the workers had d to do something. If the loop is late, what they have
// done meanwhile waits to be heard: once, they get as much time more as it is late. The timer does
// not keep the loop alive: the workers do.
func (c *Cluster) setTimeout(d time.Duration, fn func()) *reactor.Timer {
	due, again := time.Now().Add(d), false
	var t *reactor.Timer
	t = c.loop.SetTimeout(d, func() {
		if late := time.Since(due); late > timerTolerance && !again {
			again = true
			t.Reset(late)
			return
		}
		fn()
	})
	t.Unref()
	return t
}
