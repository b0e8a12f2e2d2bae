package reactor

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/fd"
)

// parking is how a loop with [Options].Netpoll sleeps: its goroutine waits in the runtime's poller,
// which watches the loop's epoll instance like any descriptor. Another goroutine ends that wait by
// a deadline in the past, which has the runtime make the loop's goroutine runnable where that other
// one runs: no system call, and no other thread.
type parking struct {
	file *os.File // a copy of the poller's descriptor
	conn syscall.RawConn
	// since before the loop was marked as asleep, until after it was marked as awake
	parked atomic.Bool

	// Used on the loop goroutine only.
	poller   *poller
	deadline time.Time // that file has, unless a wake-up has changed it; zero: none
	pollFunc func(epfd uintptr) bool
	n        int // what look has got
	err      error
}

func openParking(p *poller) (*parking, error) {
	// The mode is that of the epoll instance, which has no use for it; package os goes by it.
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
		// It fails when the runtime's poller has not taken the descriptor.
		err = k.file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		_ = k.file.Close()
		return nil, wrap("epoll_ctl", p.fd, err)
	}
	return k, nil
}

// lookAgain reports whether the poller has an event. The runtime hears of changes only, so none may
// be left behind.
func (k *parking) poll(uintptr) bool {
	k.n, k.err = k.poller.wait(0)
	return k.n > 0 || k.err != nil
}

// prepare is called before the loop is marked as asleep: a wake-up that comes from then on must not
// be undone.
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
	_ = k.file.SetReadDeadline(t) // It has worked before, and the file is open.
}

// wait parks the goroutine until there is an event, the time is over, or wake was called.
func (k *parking) wait() (int, error) {
	k.n, k.err = 0, nil
	if err := k.conn.Read(k.pollFunc); errors.Is(err, os.ErrDeadlineExceeded) {
		k.setDeadline(time.Time{})
		return 0, nil
	}
	return k.n, k.err
}

// done is called when the loop was marked as awake.
func (k *parking) done() { k.parked.Store(false) }

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

func (k *parking) wake() { _ = k.file.SetReadDeadline(longAgo) }

func (k *parking) close() error { return k.file.Close() }

// parkedWaker wakes a loop that is parked. Where it is embedded in another one, that has to see it.
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
