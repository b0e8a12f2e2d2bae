package host

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// signalKiller are the commands of $ of a host with [Options.EndOnSignals], for a signal that
// ends the program: it is to end them, too, also while the script is busy. nil is that of a host
// without, which has none. begin, end, listen and close are called on the loop goroutine; run has
// one of its own.
type signalKiller struct {
	signals chan os.Signal // nil until there is a command
	mu      sync.Mutex
	groups  map[int]struct{} // process ids of shells
	// listeners that the script has for a signal, which then does not end the program
	listeners map[os.Signal]int
}

func newSignalKiller() *signalKiller {
	return &signalKiller{groups: map[int]struct{}{}, listeners: map[os.Signal]int{}}
}

// add and end are called with each command.
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
		go p.run(p.signals) // It ends with close.
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

// countListener notes that the script has one more listener for a signal, or one less.
func (p *signalKiller) countListener(s os.Signal, change int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners[s] += change
}

// close has signals do what they did before.
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
				_ = syscall.Kill(-pid, syscall.SIGKILL) // Of one that leads no group
				_ = syscall.Kill(pid, syscall.SIGKILL)  // itself is ended.
			}
			signal.Reset(s)
			_ = syscall.Kill(os.Getpid(), s.(syscall.Signal))
		}
		p.mu.Unlock()
	}
}
