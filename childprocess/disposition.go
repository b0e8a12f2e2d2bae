package childprocess

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// dispositions is held while signals are, for a fork, not ignored. Dispositions belong to the process, so this lock is the
// process's too: two loops must not restore each other's.
var dispositions sync.Mutex

// defaultDispositions has a child that is forked now start with every signal at its default, and returns what undoes it.
// execve(2) sets handlers back but keeps SIG_IGN; so a signal that is ignored here gets a handler for the time of the fork,
// one that does nothing, which for this program is the same.
func defaultDispositions() (restore func()) {
	byGo, inherited := ignoredByGo(), inheritedIgnored()
	if len(byGo)+len(inherited) == 0 {
		return func() {}
	}
	dispositions.Lock()
	nowhere := make(chan os.Signal, 1)
	signal.Notify(nowhere, append(byGo, inherited...)...)
	return func() {
		signal.Stop(nowhere) // This ignores again what was ignored when the program started.
		if len(byGo) > 0 {
			signal.Ignore(byGo...)
		}
		dispositions.Unlock()
	}
}

func ignoredByGo() (list []os.Signal) {
	for s := syscall.Signal(1); s < maxSignal; s++ {
		if signal.Ignored(s) {
			list = append(list, s)
		}
	}
	return list
}
