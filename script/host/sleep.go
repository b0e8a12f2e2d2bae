package host

import (
	"math"
	"time"

	"github.com/brood-go/brood/script/engine"
)

// sleep blocks the loop for ms milliseconds, or until Interrupt.
func (h *Host) sleep(ms float64) {
	select {
	case <-h.wakeSleep: // left by an interruption that is over
	default:
	}
	if h.engine.Interrupted() {
		return
	}
	var over <-chan time.Time
	if ms < math.MaxInt64/float64(time.Millisecond) {
		t := time.NewTimer(time.Duration(ms * float64(time.Millisecond)))
		defer t.Stop()
		over = t.C
	}
	select {
	case <-h.wakeSleep:
	case <-over:
	}
}

func bindSleep(b *builder) {
	b.fn("sleep", func(c *engine.Call) (engine.Value, error) {
		b.h.sleep(c.Arg(0).Float())
		return c.Undefined(), nil
	})
}
