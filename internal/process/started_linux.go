package process

import "sync"

// started are the children of this program that this package has started, and nobody has waited
// for. It belongs to the program, because whoever looks for other children has to know those of
// every loop and goroutine.
var started = struct {
	mu       sync.Mutex
	byPid    map[int]ticket
	underway map[ticket]bool
	last     ticket
}{byPid: map[int]ticket{}, underway: map[ticket]bool{}}

// A ticket is the number of a start, in the order in which they begin. 0 is none.
type ticket uint64

// beginStart is called before a child may exist.
func beginStart() ticket {
	started.mu.Lock()
	defer started.mu.Unlock()
	started.last++
	started.underway[started.last] = true
	return started.last
}

// end says that the start has come to its end: with a child, or with 0, when there is none, or it
// was waited for.
func (t ticket) finish(pid int) {
	started.mu.Lock()
	defer started.mu.Unlock()
	delete(started.underway, t)
	if pid > 0 {
		started.byPid[pid] = t
	}
}

// forget says that the child was waited for. Its number may have been given to a later start
// meanwhile.
func (t ticket) forget(pid int) {
	started.mu.Lock()
	defer started.mu.Unlock()
	if started.byPid[pid] == t {
		delete(started.byPid, pid)
	}
}

// lastTicket returns the number of the latest start.
func lastTicket() ticket {
	started.mu.Lock()
	defer started.mu.Unlock()
	return started.last
}

// ours reports whether this package has started the child. It is not known while a start is
// underway that had begun when the child was seen, after the start with the number seen.
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
