package process

import "sync"

// started are the children of this program that this package has started and that were not waited
// for. It belongs to the program, because Orphans needs to know the children of every loop and
// goroutine.
var started = struct {
	mu       sync.Mutex
	byPid    map[int]ticket  // the ticket of each child
	underway map[ticket]bool // starts that have begun and not finished
	last     ticket          // of the latest start; 0 before the first
}{byPid: map[int]ticket{}, underway: map[ticket]bool{}}

// A ticket is the number of a start, in the order in which they begin, from 1 on.
type ticket uint64

// beginStart must be called before the child may exist.
func beginStart() ticket {
	started.mu.Lock()
	defer started.mu.Unlock()
	started.last++
	started.underway[started.last] = true
	return started.last
}

// finish must be called once the start is over. pid is the child, or 0 if there is none or it was
// already waited for.
func (t ticket) finish(pid int) {
	started.mu.Lock()
	defer started.mu.Unlock()
	delete(started.underway, t)
	if pid > 0 {
		started.byPid[pid] = t
	}
}

// forget must be called once the child was waited for. It leaves a later child with the same number
// alone.
func (t ticket) forget(pid int) {
	started.mu.Lock()
	defer started.mu.Unlock()
	if started.byPid[pid] == t {
		delete(started.byPid, pid)
	}
}

func lastTicket() ticket {
	started.mu.Lock()
	defer started.mu.Unlock()
	return started.last
}

// startedHere reports whether this package has started the child. seen is the latest ticket when
// the child was seen. As long as a start up to seen is underway, known is false, because the child
// may be its child.
func startedHere(pid int, seen ticket) (is, known bool) {
	started.mu.Lock()
	defer started.mu.Unlock()
	if started.byPid[pid] != 0 {
		return true, true
	}
	for t := range started.underway {
		if t <= seen {
			return false, false
		}
	}
	return false, true
}
