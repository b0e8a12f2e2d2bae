// Package disposition is what this module keeps of the signal dispositions of the process: which signals are watched, and
// how a child is forked that ignores none. Dispositions belong to the process and not to a loop, so the state here is the
// process's too, and has the one lock that keeps watching and forking from undoing each other.
package disposition

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// maxSignal is the highest number that any supported system has (128 on MIPS, where the kernel refuses what it lacks).
const maxSignal = 128

var process = struct {
	// mu is held for writing while a claim changes and while signals are, for a fork, not ignored; and for reading by every
	// other fork, whose child would otherwise see them ignored again in its middle.
	mu      sync.RWMutex
	claimed map[syscall.Signal]claim

	foreign foreignDefaults
}{claimed: map[syscall.Signal]claim{}}

// foreignDefaults has the signals that os/signal cannot touch at their default while forks are under way, which share it:
// programs that make(1) has started ignore some of these, and must not fork one at a time for that.
type foreignDefaults struct {
	mu      sync.Mutex
	forks   int
	restore func() // what the first of them has changed
}

func (f *foreignDefaults) enter() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.forks == 0 {
		f.restore = defaultForeign()
	}
	f.forks++
}

func (f *foreignDefaults) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forks--
	if f.forks == 0 {
		f.restore()
	}
}

// claim is one signal that is watched.
type claim struct {
	channels int  // given to Claim and not yet to Release
	ignored  bool // the disposition before the first of them
}

// Claim has the Go runtime catch s and send it to c.
//
// Safe to call from any goroutine.
func Claim(s syscall.Signal, c chan os.Signal) {
	p := &process
	p.mu.Lock()
	defer p.mu.Unlock()
	entry, ok := p.claimed[s]
	if !ok {
		entry.ignored = signal.Ignored(s)
	}
	entry.channels++
	p.claimed[s] = entry
	signal.Notify(c, s)
}

// Release undoes Claim. When it returns, nothing is sent to c any more, and if c was the last channel of s, the disposition
// from before the first is back.
//
// Safe to call from any goroutine.
func Release(s syscall.Signal, c chan os.Signal) {
	p := &process
	p.mu.Lock()
	defer p.mu.Unlock()
	entry := p.claimed[s]
	entry.channels--
	if entry.channels > 0 {
		p.claimed[s] = entry
		signal.Stop(c)
		return
	}
	delete(p.claimed, s)
	if entry.ignored {
		// In place of Stop, not after it: there is no moment at which the signal would end the process.
		signal.Ignore(s)
	}
	signal.Stop(c)
}

// Default has a child that is forked now start with every signal at its default, and returns what undoes it. execve(2) sets
// handlers back but keeps SIG_IGN; so a signal that is ignored here gets a handler for the time of the fork, one that does
// nothing, which for this program is the same.
//
// Safe to call from any goroutine.
func Default() (restore func()) {
	p := &process
	p.mu.RLock()
	p.foreign.enter()
	if len(ignored()) == 0 {
		return func() {
			p.foreign.leave()
			p.mu.RUnlock()
		}
	}
	p.foreign.leave()
	p.mu.RUnlock()
	p.mu.Lock()
	p.foreign.enter()
	list := ignored()
	nowhere := make(chan os.Signal, 1)
	if len(list) > 0 { // To Notify and Ignore no list means all signals.
		signal.Notify(nowhere, list...)
	}
	return func() {
		if len(list) > 0 {
			// First this: a signal that comes between Stop and Ignore would end the program. It takes the list from the
			// channel too. Stop alone does not bring back every SIG_IGN that was inherited.
			signal.Ignore(list...)
		}
		signal.Stop(nowhere)
		p.foreign.leave()
		p.mu.Unlock()
	}
}

// ignored returns the signals that a child would start with ignored.
func ignored() []os.Signal { return append(ignoredByGo(), inheritedIgnored()...) }

// ignoredByGo leaves out the foreign ones, which os/signal reports and nevertheless cannot touch.
func ignoredByGo() (list []os.Signal) {
	for s := syscall.Signal(1); s < maxSignal; s++ {
		if signal.Ignored(s) && !isForeign(s) {
			list = append(list, s)
		}
	}
	return list
}
