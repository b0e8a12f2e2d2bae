package host

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// lastCommands are the commands of $ in a program that is nothing but its scripts, for a signal that ends the program:
// it is to end them, too, also while a script is busy.
var lastCommands = endedBySignals{groups: map[int]struct{}{}, heard: map[os.Signal]int{}}

type endedBySignals struct {
	watch  sync.Once
	mu     sync.Mutex
	groups map[int]struct{}  // process ids of shells
	heard  map[os.Signal]int // listeners that scripts have for a signal, which then does not end the program
}

// begin and end are called with each command.
func (p *endedBySignals) begin(pid int) {
	p.watch.Do(func() {
		c := make(chan os.Signal, 1)
		for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
			if !signal.Ignored(s) {
				signal.Notify(c, s)
			}
		}
		go p.run(c) // It ends with the program.
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.groups[pid] = struct{}{}
}

func (p *endedBySignals) end(pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.groups, pid)
}

// listen notes that a script has one more listener for a signal, or one less.
func (p *endedBySignals) listen(s os.Signal, change int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard[s] += change
}

func (p *endedBySignals) run(c <-chan os.Signal) {
	for s := range c {
		p.mu.Lock()
		if p.heard[s] == 0 {
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
