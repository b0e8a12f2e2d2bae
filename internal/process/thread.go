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
//	func isMainThread() bool    whether this thread is the main one, which cannot end; false where that is unknown
//	func endingThread() int     the number of this thread, for awaitThread
//	func awaitThread(id int)    waits until that thread has ended; 0: returns at once

// A lease keeps the thread that has forked a child alive until the child was waited for: the kernel
// takes the end of that thread for the end of the parent (PR_SET_PDEATHSIG(2const)).
type lease struct {
	once      sync.Once
	onRelease func() // tells the thread's goroutine that it has one child less
}

// release must be called when the child was waited for.
//
// Safe to call from any goroutine, more than once, and for nil.
func (l *lease) release() {
	if l != nil {
		l.once.Do(l.onRelease)
	}
}

// An attempt tries once to start a process, on the thread that calls it.
type attempt = func() (Process, *Failure)

// A result is what an attempt has returned, or the error that kept it from being made.
type result struct {
	process Process
	failure *Failure
	err     error
	// number of the thread, which ends after this; 0: it does not, or the caller need not wait
	thread int
}

// A PanicError is a panic of a function of the user.
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

// errGoexit is the error of a function that has called runtime.Goexit.
var errGoexit = errors.New("runtime.Goexit was called")

// OnThrowAwayThread calls before, and if that succeeds start, on a new thread that runs no other
// goroutine, is not the main thread, and ends afterwards. So changes that before makes to the
// thread hold for the child alone. With keep the thread ends only after the child was waited for.
// The error is that of before, or a [PanicError] if before has panicked.
//
// The caller waits. The goroutine of that thread ends with the return, or with keep once the child
// was waited for.
func OnThrowAwayThread(before func() error, keep bool, start attempt) (Process, *Failure, error) {
	results := make(chan result, 1)
	go throwAway(before, keep, start, results)
	r := <-results
	awaitThread(r.thread)
	return r.process, r.failure, r.err
}

// throwAway is the goroutine of OnThrowAwayThread. It does not unlock its thread, so the thread
// ends with it.
func throwAway(before func() error, keep bool, start attempt, results chan<- result) {
	runtime.LockOSThread()
	if isMainThread() {
		// While this goroutine has the main thread, the next one gets another thread.
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
	defer send() // Also after runtime.Goexit.
	if r.err = protect(before); r.err != nil {
		return
	}
	r.process, r.failure = start()
	if r.failure != nil || !keep {
		r.thread = endingThread()
		return
	}
	released := make(chan struct{})
	r.process.thread = &lease{onRelease: func() { close(released) }}
	send()
	<-released
}

// protect calls fn and turns a panic into an error.
func protect(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	return fn()
}

// OnKeptThread calls start on a thread that lives at least as long as the child. The thread belongs
// to this program's keepers, so neither the caller nor anybody else can end it. The child starts
// from the directory and the namespaces of the program, not from those of the caller's thread.
//
// The caller waits. The thread and its goroutine end after the last of its children was waited for.
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

// A keeper is a goroutine that has locked its thread and forks children there, one at a time.
// keeperSet.mu guards busy and children.
type keeper struct {
	work     chan func() // runs on the thread; closed by release
	busy     bool        // it is forking a child
	children int         // its children that were not waited for, and the one it is forking
}

// keepers belong to the program, because "the end of the parent" means that of the program. Usually
// there is one; there are more when a child is slow to execute while others start.
var keepers keeperSet

type keeperSet struct {
	mu  sync.Mutex
	all []*keeper // those with children
}

// acquire returns a keeper that is not busy, and counts one child for it.
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
	go k.run() // It ends after release closes k.work. No goroutine waits for that.
	return k
}

// setIdle says that k can fork the next child.
func (s *keeperSet) setIdle(k *keeper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.busy = false
}

// release counts one child less for k. A keeper without children ends.
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

// run is the keeper's goroutine. In the end it unlocks its thread: no child depends on the thread
// any more, and nobody has changed it.
func (k *keeper) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for fn := range k.work {
		fn()
	}
}
