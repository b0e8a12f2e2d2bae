package signals

import (
	"os"
	"os/signal"
	"sync"
)

// dispositions are the watched signals. They belong to the process and not to a loop, because the
// kernel's dispositions do. The lock keeps two loops from undoing each other's changes.
var dispositions = struct {
	mu       sync.Mutex // taken before signalfdThreads.mu
	bySignal map[Signal]disposition
}{bySignal: map[Signal]disposition{}}

// disposition is one watched signal. dispositions.mu guards it.
type disposition struct {
	channels int  // channels given to acquireSignal and not yet to releaseSignals; at least 1
	ignored  bool // the signal was ignored before the first of them
}

// acquireSignal makes the Go runtime catch s and send it to c.
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
		// Ignore tells the runtime that its handler is gone. So Notify installs it again.
		signal.Ignore(s)
	}
	signal.Notify(c, s)
}

// releaseSignals undoes acquireSignal for all signals of c. When it returns, nothing is sent to c
// any more. Each signal of which c was the last channel has the disposition from before the first
// one.
//
// Safe to call from any goroutine.
func releaseSignals(c chan os.Signal, all ...Signal) {
	dispositions.mu.Lock()
	defer dispositions.mu.Unlock()
	var unwatched []Signal
	for _, s := range all {
		entry := dispositions.bySignal[s]
		entry.channels--
		if entry.channels > 0 {
			dispositions.bySignal[s] = entry
			continue
		}
		delete(dispositions.bySignal, s)
		unwatched = append(unwatched, s)
		if entry.ignored {
			// Before Stop, so that there is no moment at which the signal would end the process.
			signal.Ignore(s)
		}
		if defaults[s] {
			// Also before Stop, because Stop leaves the runtime's own handler installed, and it
			// must not get a moment to answer.
			_ = setDefault(s) // It succeeded in Default.
		}
	}
	signal.Stop(c) // Once for all, because it takes c from every signal.
	for _, s := range unwatched {
		if defaults[s] {
			// If the program began with SIGHUP or SIGINT ignored, Stop ignores it again.
			_ = setDefault(s)
		}
	}
}
