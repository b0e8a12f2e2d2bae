package signals

import (
	"os"
	"os/signal"
	"sync"
)

// dispositions is what the watchers of all loops share, because the kernel and os/signal have it once per process: which
// signals are watched, and which of those were ignored before. It holds no handles and delivers nothing.
var dispositions = struct {
	mu      sync.Mutex
	claimed map[Signal]claim
}{claimed: map[Signal]claim{}}

// claim is one signal that is watched.
type claim struct {
	channels int  // given to claimSignal and not yet to releaseSignal
	ignored  bool // the disposition before the first of them
}

// claimSignal has the Go runtime catch s and send it to c.
//
// Safe to call from any goroutine.
func claimSignal(s Signal, c chan os.Signal) {
	d := &dispositions
	d.mu.Lock()
	defer d.mu.Unlock()
	entry, ok := d.claimed[s]
	if !ok {
		entry.ignored = signal.Ignored(s)
	}
	entry.channels++
	d.claimed[s] = entry
	signal.Notify(c, s)
}

// releaseSignal undoes claimSignal. When it returns, nothing is sent to c any more.
//
// Safe to call from any goroutine.
func releaseSignal(s Signal, c chan os.Signal) {
	d := &dispositions
	d.mu.Lock()
	defer d.mu.Unlock()
	entry := d.claimed[s]
	entry.channels--
	if entry.channels > 0 {
		d.claimed[s] = entry
		signal.Stop(c)
		return
	}
	delete(d.claimed, s)
	if entry.ignored {
		// In place of Stop, not after it: there is no moment at which the signal would end the process.
		signal.Ignore(s)
	}
	signal.Stop(c)
}
