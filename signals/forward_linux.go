package signals

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// port is where the signals that the Go runtime caught come to a loop. They arrive in one of two
// ways:
//
//   - While the loop's thread is inside Run and blocks the signal, by tgkill(2) to that thread:
//     this makes the loop's signalfd(2) readable. Each one sent is a token. Whoever then reads the
//     signal from the signalfd takes the token back; a signal read without a token is none of ours,
//     see source.catch.
//   - Otherwise by the bell, which the loop watches. It needs no particular thread and no mask.
//
// Neither is Loop.Post, which would keep the loop alive: a signal of an unref'd watcher, such as
// the SIGCHLD of somebody else's child, must not keep Run from returning.
type port struct {
	// held while the thread's mask or what is pending on it changes: a forward never falls between
	mu     sync.Mutex
	thread int                   // of the loop inside Run; 0: forward by the bell
	mask   unix.Sigset_t         // what the thread blocks then, and the signalfd reads
	tokens [maxSignal + 1]uint32 // by signal
	rung   unix.Sigset_t         // forwarded by the bell
	bell   bell
}

// forward passes one signal on to the loop.
//
// Safe to call from any goroutine.
func (p *port) forward(s Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// It fails for a real-time signal when the queue of pending ones is full (EAGAIN,
	// RLIMIT_SIGPENDING), and in a sandbox.
	if p.thread != 0 && hasSignal(&p.mask, s) && unix.Tgkill(os.Getpid(), p.thread, s) == nil {
		if s < firstQueued {
			p.tokens[s] = 1 // One that is still pending and this one are one by now.
		} else {
			p.tokens[s]++
		}
		return
	}
	p.ring(s)
}

// firstQueued is the kernel's SIGRTMIN: from here on several signals of one number can be pending.
const firstQueued Signal = 32

// ring forwards by the bell. It is called under mu.
func (p *port) ring(s Signal) {
	addSignal(&p.rung, s)
	p.bell.ring()
}

// takeRung silences the bell and returns what it rang for.
func (p *port) takeRung() unix.Sigset_t {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bell.drain()
	rung := p.rung
	p.rung = unix.Sigset_t{}
	return rung
}

// forwarder is the goroutine that passes one signal on from os/signal to one loop. Each signal has
// its own because os/signal never waits: it drops what does not fit into a channel. With a channel
// for each there is nothing to drop but a repetition of the signal that the forwarder has not yet
// looked at.
//
// The first watcher of the signal on the loop starts it, in source.add; the closing of the last
// one, or of the loop, ends it and waits for it, in source.remove.
type forwarder struct {
	signal Signal
	caught chan os.Signal
	done  chan struct{}
}

func startForwarder(s Signal, p *port) *forwarder {
	f := &forwarder{signal: s, caught: make(chan os.Signal, 1), done: make(chan struct{})}
	acquireSignal(s, f.caught)
	go func() {
		defer close(f.done)
		for range f.caught {
			p.forward(s)
		}
	}()
	return f
}

// stop is called on the loop goroutine, which must not hold the port's lock. No forward comes after
// it.
func (f *forwarder) stop() {
	releaseSignal(f.signal, f.caught)
	close(f.caught)
	<-f.done
}

// readers are the threads on which a loop reads its signalfd: one each. A loop that runs inside a
// callback of another is on the other's thread, where both would take each other's signals; it gets
// them by the bell. Threads belong to the process, so this does too.
var signalfdThreads = struct {
	mu      sync.Mutex
	threads map[int]bool
}{threads: map[int]bool{}}

// acquireThread reports whether thread tid had no reader, which it has from then on.
func acquireThread(tid int) bool {
	signalfdThreads.mu.Lock()
	defer signalfdThreads.mu.Unlock()
	if signalfdThreads.threads[tid] {
		return false
	}
	signalfdThreads.threads[tid] = true
	return true
}

func releaseThread(tid int) {
	signalfdThreads.mu.Lock()
	defer signalfdThreads.mu.Unlock()
	delete(signalfdThreads.threads, tid)
}

// blockable reports whether s may be blocked on a loop's thread. Those that may not always come by
// the bell.
func blockable(s Signal) bool {
	switch s {
	case syscall.SIGURG:
		// The runtime interrupts goroutines with it: blocked, a busy callback would hold up the
		// garbage collector.
		return false
	case syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU:
		// The kernel throws a pending SIGCONT away when one of the others is sent, and these when
		// SIGCONT is.
		return false
	}
	return true
}

// reserved is by the runtime's table of signals: it leaves 32 to 34 to C libraries, and os/signal
// ends at 64 even where the kernel has more.
func reserved(s Signal) bool { return 32 <= s && s <= 34 || s > 64 }
