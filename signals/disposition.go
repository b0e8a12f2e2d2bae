package signals

import (
	"os"
	"os/signal"
	"sync"
)

// dispositions are the signals that are watched. Dispositions belong to the process and not to a loop, so
// this does too. The lock keeps two loops from undoing each other's changes.
var dispositions = struct {
	mu       sync.Mutex
	bySignal map[Signal]disposition
}{bySignal: map[Signal]disposition{}}

// disposition is one signal that is watched.
type disposition struct {
	channels int  // given to acquireSignal and not yet to releaseSignal
	ignored  bool // the disposition before the first of them
}

// acquireSignal has the Go runtime catch s and send it to c.
//
// Safe to call from any goroutine.
func acquireSignal(s Signal, c chan os.Signal) {
	dispositions.mu.Lock()
	defer dispositions.mu.Unlock()
	entry, ok := dispositions.bySignal[s]
	if !ok {
		entry.ignored = signal.Ignored(s)
	}
	entry.channels++
	dispositions.bySignal[s] = entry
	if defaults[s] && entry.channels == 1 {
		// Only so the runtime learns that its handler is gone, and Notify puts it back.
		signal.Ignore(s)
	}
	signal.Notify(c, s)
}

// releaseSignal undoes acquireSignal. When it returns, nothing is sent to c any more, and if c was
// the last channel of s, the disposition from before the first is back.
//
// Safe to call from any goroutine.
func releaseSignal(s Signal, c chan os.Signal) {
	dispositions.mu.Lock()
	defer dispositions.mu.Unlock()
	entry := dispositions.bySignal[s]
	entry.channels--
	if entry.channels > 0 {
		dispositions.bySignal[s] = entry
		signal.Stop(c)
		return
	}
	delete(dispositions.bySignal, s)
	if entry.ignored {
		// In place of Stop, not after it: there is no moment at which the signal would end the
		// process.
		signal.Ignore(s)
	}
	if defaults[s] {
		// Before Stop as well: the runtime's own handler, which Stop leaves installed, has no
		// moment to answer.
		_ = setDefault(s) // It has succeeded before.
	}
	signal.Stop(c)
	if defaults[s] {
		// Stop installs another disposition for SIGHUP and SIGINT if the program began with them
		// ignored.
		_ = setDefault(s)
	}
}
