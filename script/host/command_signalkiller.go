package host

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// signalKiller kills the commands of $ when a signal is about to end the program, also while the
// script is busy. There is one if [Options.EndOnSignals] is set; the methods of a nil signalKiller
// do nothing. run has a goroutine of its own; the other methods are called on the loop goroutine.
type signalKiller struct {
	signals chan os.Signal   // nil before the first command and after close; loop goroutine only
	mu      sync.Mutex       // mu guards the fields below.
	groups  map[int]struct{} // process ids of running commands
	// the script's listeners for each signal; if there is one, the signal does not end the program
	listeners map[os.Signal]int
}

func newSignalKiller() *signalKiller {
	return &signalKiller{groups: map[int]struct{}{}, listeners: map[os.Signal]int{}}
}

// add registers a command until remove. The first one starts watching the signals.
func (p *signalKiller) add(pid int) {
	if p == nil {
		return
	}
	if p.signals == nil {
		p.signals = make(chan os.Signal, 1)
		for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
			if !signal.Ignored(s) {
				signal.Notify(p.signals, s)
			}
		}
		go p.run(p.signals) // run ends when close closes the channel; close does not wait for it.
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.groups[pid] = struct{}{}
}

func (p *signalKiller) remove(pid int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.groups, pid)
}

// countListener adds change, 1 or -1, to the script's listeners for a signal.
func (p *signalKiller) countListener(s os.Signal, change int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners[s] += change
}

// close restores what the signals did before.
func (p *signalKiller) close() {
	if p == nil || p.signals == nil {
		return
	}
	signal.Stop(p.signals)
	close(p.signals)
	p.signals = nil
}

func (p *signalKiller) run(signals <-chan os.Signal) {
	for s := range signals {
		p.mu.Lock()
		if p.listeners[s] == 0 {
			for pid := range p.groups {
				// The group, or only the process if it leads none.
				_ = syscall.Kill(-pid, syscall.SIGKILL)
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			signal.Reset(s)
			_ = syscall.Kill(os.Getpid(), s.(syscall.Signal))
		}
		p.mu.Unlock()
	}
}
