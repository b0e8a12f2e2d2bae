package signals

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// port receives the signals of one loop from the Go runtime. They arrive in one of two ways:
//
//   - While the loop's thread is inside Run and blocks the signal, by tgkill(2) to that thread.
//     This makes the loop's signalfd(2) readable. Each signal sent has a token, and reading it from
//     the signalfd takes the token back. A signal read without a token was not sent by a forwarder,
//     see source.accept.
//   - Otherwise by the bell, which the loop watches. It needs no particular thread and no mask.
//
// Neither uses Loop.Post, because that would keep the loop alive: a signal of an unref'd watcher,
// such as the SIGCHLD of a child that is not the loop's, must not keep Run from returning.
//
// The loop goroutine and the forwarders share it.
type port struct {
	// mu guards all fields. The loop goroutine also holds it while the thread's mask, or the set of
	// signals pending on the thread, changes, so that no forward comes in between.
	mu     sync.Mutex
	thread int                   // number of the loop's thread inside Run; 0: forward by the bell
	mask   unix.Sigset_t         // signals that the thread blocks inside Run and the signalfd reads
	tokens [maxSignal + 1]uint32 // by signal: sent to the thread and not yet read
	rung   unix.Sigset_t         // signals forwarded by the bell since takeRung
	bell   bell
}

// forward passes one signal on to the loop.
//
// Safe to call from any goroutine.
func (p *port) forward(s Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// tgkill fails for a real-time signal when the queue of pending ones is full (EAGAIN,
	// RLIMIT_SIGPENDING), and in a sandbox.
	if p.thread != 0 && hasSignal(&p.mask, s) && unix.Tgkill(os.Getpid(), p.thread, s) == nil {
		if s < firstQueued {
			p.tokens[s] = 1 // If one is still pending, the two are one.
		} else {
			p.tokens[s]++
		}
		return
	}
	p.ring(s)
}

// firstQueued is the kernel's SIGRTMIN: from here on several signals of one number can be pending.
const firstQueued Signal = 32

// ring forwards by the bell. The caller holds mu.
func (p *port) ring(s Signal) {
	addSignal(&p.rung, s)
	p.bell.ring()
}

// takeRung drains the bell and returns the signals forwarded by it.
func (p *port) takeRung() unix.Sigset_t {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bell.drain()
	rung := p.rung
	p.rung = unix.Sigset_t{}
	return rung
}

// forwarder is the goroutine that passes one signal on from os/signal to one loop. Each signal has
// a forwarder of its own, because os/signal never waits: it drops a signal for which the channel
// has no room. So only a repetition of the same signal can be dropped.
//
// The first watcher of the signal on the loop starts it, in source.add. When the last one is
// closed, or the loop is, source.remove ends it and waits for it.
type forwarder struct {
	signal Signal
	caught chan os.Signal // os/signal sends, the goroutine receives; stop closes it
	done   chan struct{}  // closed when the goroutine has ended
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

// stop ends the goroutine and waits for it: no forward comes afterwards. The loop goroutine calls
// it, without the port's lock, which the goroutine may need.
func (f *forwarder) stop() {
	releaseSignals(f.caught, f.signal)
	close(f.caught)
	<-f.done
}

// signalfdThreads are the threads on which a loop reads its signalfd, at most one loop on each. A
// loop that runs inside a callback of another one is on the same thread, where both would take each
// other's signals, so it gets them by the bell. This belongs to the process, because threads do.
var signalfdThreads = struct {
	mu      sync.Mutex // taken after dispositions.mu
	threads map[int]bool
}{threads: map[int]bool{}}

// acquireThread reports whether thread tid was free, and takes it.
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

// isSignalfdThread reports whether a loop reads its signalfd on thread tid.
func isSignalfdThread(tid int) bool {
	signalfdThreads.mu.Lock()
	defer signalfdThreads.mu.Unlock()
	return signalfdThreads.threads[tid]
}

// blockable reports whether s may be blocked on a loop's thread. A signal that may not always comes
// by the bell.
func blockable(s Signal) bool {
	switch s {
	case syscall.SIGURG:
		// The runtime interrupts goroutines with it. If it were blocked, a busy callback would hold
		// up the garbage collector.
		return false
	case syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU:
		// When SIGCONT is sent, the kernel discards pending stop signals; when a stop signal is
		// sent, it discards a pending SIGCONT.
		return false
	}
	return true
}

// reserved follows the runtime's table of signals: it leaves 32 to 34 to C libraries. os/signal
// ends at 64 even where the kernel has more.
func reserved(s Signal) bool { return 32 <= s && s <= 34 || s > 64 }
