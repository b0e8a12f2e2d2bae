package reactor

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/fd"
)

// parking makes a loop with [Options].Netpoll sleep: its goroutine waits in the runtime's poller,
// which watches the loop's epoll instance like any other descriptor. Another goroutine ends that
// wait by a deadline in the past. The runtime then makes the loop's goroutine runnable on the
// thread of that other one, without a system call and without a second thread.
type parking struct {
	// owned: a duplicate of the poller's descriptor; any goroutine may set its deadline
	file *os.File
	conn syscall.RawConn
	// parked is set from before the loop is marked as asleep until after it is marked as awake. The
	// loop goroutine stores it, wake-ups read it.
	parked atomic.Bool

	// Only the loop goroutine touches these.
	poller *poller
	// latest deadline that prepare or wait set; a wake-up may have replaced it; zero: none
	deadline time.Time
	pollFunc func(fd uintptr) bool // poll, made once
	n        int                   // result of the latest poll
	err      error                 // its error
}

func openParking(p *poller) (*parking, error) {
	// The mode belongs to the epoll instance, which does not use it. Package os looks at it.
	if err := fd.SetNonblock(p.fd, true); err != nil {
		return nil, wrap("fcntl", p.fd, err)
	}
	copied, err := fd.Duplicate(p.fd, 0)
	if err != nil {
		return nil, wrap("fcntl", p.fd, err)
	}
	k := &parking{file: os.NewFile(uintptr(copied), "epoll"), poller: p}
	k.pollFunc = k.poll
	k.conn, err = k.file.SyscallConn()
	if err == nil {
		// This fails if the runtime's poller has not taken the descriptor.
		err = k.file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		_ = k.file.Close()
		return nil, wrap("epoll_ctl", p.fd, err)
	}
	return k, nil
}

// poll reports whether the poller has an event. Because the runtime learns of changes only, the
// goroutine must not wait while an event is left.
func (k *parking) poll(uintptr) bool {
	k.n, k.err = k.poller.wait(0)
	return k.n > 0 || k.err != nil
}

// prepare must be called before the loop is marked as asleep, because it must not overwrite the
// deadline of a wake-up that comes after that.
func (k *parking) prepare(timeout time.Duration) {
	k.parked.Store(true)
	var deadline time.Time
	if timeout >= 0 {
		deadline = time.Now().Add(timeout)
	}
	if !deadline.Equal(k.deadline) {
		k.setDeadline(deadline)
	}
}

func (k *parking) setDeadline(t time.Time) {
	k.deadline = t
	_ = k.file.SetReadDeadline(t) // It succeeded in openParking, and the file is open.
}

// wait parks the goroutine until there is an event, the time is over, or wake is called.
func (k *parking) wait() (int, error) {
	k.n, k.err = 0, nil
	if err := k.conn.Read(k.pollFunc); errors.Is(err, os.ErrDeadlineExceeded) {
		k.setDeadline(time.Time{})
		return 0, nil
	}
	return k.n, k.err
}

// done must be called after the loop was marked as awake.
func (k *parking) done() { k.parked.Store(false) }

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

func (k *parking) wake() { _ = k.file.SetReadDeadline(longAgo) }

func (k *parking) close() error { return k.file.Close() }

// parkedWaker wakes a parked loop by a deadline. A loop that is not parked may be embedded in
// another one, which has to see the wake-up: it gets the usual one.
type parkedWaker struct {
	waker
	parking *parking
}

func (w *parkedWaker) wake() {
	if w.parking.parked.Load() {
		w.parking.wake()
		return
	}
	w.waker.wake()
}
