package process

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

// A platform supplies:
//
//	func isMainThread() bool   whether this thread is the one that cannot end; false where that is not known

// A lease is a child's right to the thread that has forked it: the kernel takes the end of that
// thread for the end of the parent (PR_SET_PDEATHSIG(2const)).
type lease struct {
	once sync.Once
	onRelease  func()
}

// release is called when the child has ended. It is safe to call from any goroutine, more than
// once, and for nil.
func (l *lease) release() {
	if l != nil {
		l.once.Do(l.onRelease)
	}
}

// A start makes one attempt to start a process, on the thread that calls it.
type attempt = func() (Process, *Failure)

// A result is what a start has returned, or why there was none.
type result struct {
	process Process
	failure *Failure
	err     error
	thread  int // that ends after it has told this; 0: it does not end, or nobody needs to know
}

// A PanicError is what a function of the user has panicked with.
type PanicError struct {
	Value any
	Stack []byte // of the goroutine, as debug.Stack writes it
}

// Error returns a text such as "panic: runtime error: index out of range".
func (e *PanicError) Error() string { return fmt.Sprint("panic: ", e.Value) }

// Unwrap returns the value if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// errGoexit is the error of a function that has ended its goroutine.
var errGoexit = errors.New("runtime.Goexit was called")

// OnThrowAwayThread calls before, and if that succeeds start, on a thread that nobody else uses,
// which is not the main thread and ends afterwards: what before changes of it holds for the child
// alone. With keep the thread ends when the child has. The error is that of before, a [PanicError]
// if it has panicked.
//
// The caller waits. The goroutine of that thread ends with the return, or with keep when the child
// was waited for.
func OnThrowAwayThread(before func() error, keep bool, start attempt) (Process, *Failure, error) {
	results := make(chan result, 1)
	go throwAway(before, keep, start, results)
	r := <-results
	awaitThread(r.thread)
	return r.process, r.failure, r.err
}

// throwAway is the goroutine of OnThrowAwayThread. It does not unlock its thread, which therefore
// ends with it.
func throwAway(before func() error, keep bool, start attempt, results chan<- result) {
	runtime.LockOSThread()
	if isMainThread() {
		// While this goroutine has the main thread the next one gets another.
		next := make(chan result, 1)
		go throwAway(before, keep, start, next)
		results <- <-next
		runtime.UnlockOSThread()
		return
	}
	r, sent := result{process: Process{Pidfd: -1}, err: errGoexit}, false
	send := func() {
		if !sent {
			sent = true
			results <- r
		}
	}
	defer send() // runtime.Goexit runs this.
	if r.err = protect(before); r.err != nil {
		return
	}
	r.process, r.failure = start()
	if r.failure != nil || !keep {
		r.thread = endingThread()
		return
	}
	ended := make(chan struct{})
	r.process.thread = &lease{onRelease: func() { close(ended) }}
	send()
	<-ended
}

// protect makes an error of a panic.
func protect(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	return fn()
}

// OnKeptThread calls start on a thread that lives at least as long as the child does: one that this
// program has for that, so that neither the caller nor anybody else can end it. The child is one of
// that thread's: it is in the directory and in the namespaces of the program, not in those of the
// caller's thread.
//
// The caller waits. The thread, and its goroutine, are there until the last of its children was
// waited for.
func OnKeptThread(start attempt) (Process, *Failure) {
	k := keepers.acquire()
	results := make(chan result, 1)
	k.work <- func() {
		r := result{}
		r.process, r.failure = start()
		results <- r
	}
	r := <-results
	if r.failure == nil {
		r.process.thread = &lease{onRelease: func() { keepers.release(k) }}
	} else {
		defer keepers.release(k)
	}
	keepers.setIdle(k)
	return r.process, r.failure
}

// A keeper is a goroutine that has locked its thread, and forks children there, one at a time.
type keeper struct {
	work     chan func()
	busy     bool
	children int // it has, and one that it is to get
}

// keepers belong to the program because "the end of the parent" is that of the program. Usually
// there is one; more when a child is slow to execute while others start.
var keepers keeperSet

type keeperSet struct {
	mu  sync.Mutex
	all []*keeper
}

// take returns a keeper that is not busy, for one child.
func (s *keeperSet) acquire() *keeper {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.all {
		if !k.busy {
			k.busy = true
			k.children++
			return k
		}
	}
	k := &keeper{work: make(chan func()), busy: true, children: 1}
	s.all = append(s.all, k)
	go k.run() // It ends when leave says so. Nobody waits for that.
	return k
}

// free says that k can fork the next child.
func (s *keeperSet) setIdle(k *keeper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.busy = false
}

// leave says that a child of k is no more. One without children ends when it is not needed at once.
func (s *keeperSet) release(k *keeper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.children--
	if k.children > 0 {
		return
	}
	for i := range s.all {
		if s.all[i] == k {
			s.all = append(s.all[:i], s.all[i+1:]...)
			break
		}
	}
	close(k.work)
}

// run unlocks its thread in the end: it has no child then that would notice, and nothing of it was
// changed.
func (k *keeper) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for fn := range k.work {
		fn()
	}
}
