package reactor

import (
	"math"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// poller is an epoll instance, see epoll(7). Registrations are level-triggered. Only the loop
// goroutine touches it.
type poller struct {
	fd int // owned; -1 after close
	// epoll_pwait2(2) was refused (missing before Linux 5.11): time-outs are whole milliseconds
	noTimeval bool
	events    [maxEvents]unix.EpollEvent // filled by the last wait
}

func (p *poller) open() error {
	epfd, err := fd.Private(unix.EpollCreate1(unix.EPOLL_CLOEXEC))
	if err != nil {
		return wrap("epoll_create1", -1, err)
	}
	p.fd = epfd
	return nil
}

func (p *poller) close() error {
	epfd := p.fd
	p.fd = -1
	return wrap("close", epfd, unix.Close(epfd))
}

// add lets the kernel decide whether fd is taken, because the kernel forgets a descriptor once it
// is closed everywhere.
func (p *poller) add(fd int, t token, want Readiness, _ bool) error {
	err := epollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, t, want)
	// A sandbox that refuses the call may say EPERM, too. The probe tells the two apart: an epoll
	// instance asked about itself says EINVAL.
	if err == unix.EPERM && unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, p.fd, nil) == unix.EINVAL {
		return errUnpollable
	}
	return err
}

func (p *poller) modify(fd int, t token, _, want Readiness) error {
	return epollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, t, want)
}

func (p *poller) remove(fd int, _ Readiness) {
	// Best effort: the descriptor may be closed, which removed it (EBADF), or its number reused for
	// a file that is not in the set (ENOENT).
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil)
}

// renew replaces the epoll instance by a new one with only the registrations of live.
func (p *poller) renew(live []*Watcher) error {
	next, err := fd.Private(unix.EpollCreate1(unix.EPOLL_CLOEXEC))
	if err != nil {
		return wrap("epoll_create1", -1, err)
	}
	defer fd.Close(next) // On success p.fd is a copy of it.
	for _, w := range live {
		// If the set does not have fd, then w's descriptor was closed, and the number may belong to
		// another file.
		if epollCtl(p.fd, unix.EPOLL_CTL_MOD, w.fd, w.token, w.want) != nil {
			continue
		}
		if err := epollCtl(next, unix.EPOLL_CTL_ADD, w.fd, w.token, w.want); err != nil {
			return wrap("epoll_ctl", w.fd, err)
		}
	}
	return wrap("dup3", p.fd, unix.Dup3(next, p.fd, unix.O_CLOEXEC))
}

// epollCtl registers fd. The event's data, 64 bits for the user, carry the token.
func epollCtl(epfd, op, fd int, t token, want Readiness) error {
	ev := unix.EpollEvent{Fd: int32(t.slot), Pad: int32(t.gen)}
	if want&Readable != 0 {
		ev.Events |= unix.EPOLLIN
	}
	if want&Writable != 0 {
		ev.Events |= unix.EPOLLOUT
	}
	if want&Hangup != 0 {
		ev.Events |= unix.EPOLLRDHUP
	}
	if want&edgeTriggered != 0 {
		ev.Events |= unix.EPOLLET
	}
	return unix.EpollCtl(epfd, op, fd, &ev)
}

func (p *poller) event(i int) (token, Readiness) {
	ev := &p.events[i]
	var got Readiness
	if ev.Events&unix.EPOLLIN != 0 {
		got |= Readable
	}
	if ev.Events&unix.EPOLLOUT != 0 {
		got |= Writable
	}
	if ev.Events&unix.EPOLLRDHUP != 0 {
		got |= Hangup
	}
	if ev.Events&unix.EPOLLHUP != 0 {
		got |= Hangup | Readable | Writable
	}
	if ev.Events&unix.EPOLLERR != 0 {
		got |= Error | Readable | Writable
	}
	return token{uint32(ev.Fd), uint32(ev.Pad)}, got
}

func (p *poller) wait(timeout time.Duration) (int, error) {
	if timeout > 0 && !p.noTimeval {
		n, errno := epollPwait2(p.fd, p.events[:], timeout)
		if errno == 0 || !fd.Refused(errno) {
			return waited(n, errno)
		}
		p.noTimeval = true // epoll_pwait(2) reports errors of the other arguments, too.
	}
	n, errno := epollPwait(p.fd, p.events[:], milliseconds(timeout))
	return waited(n, errno)
}

func waited(n int, errno unix.Errno) (int, error) {
	switch errno {
	case 0:
		return n, nil
	case unix.EINTR:
		return 0, nil // The turn goes on and computes the time-out anew.
	}
	return 0, wrap("epoll_wait", -1, errno)
}

// milliseconds rounds up, so that a timer is never early. A longer time than fits ends early with
// no event.
func milliseconds(d time.Duration) int {
	if d <= 0 {
		return int(d) // 0 or forever
	}
	ms := d / time.Millisecond
	if d%time.Millisecond != 0 {
		ms++
	}
	return int(min(ms, math.MaxInt32))
}
