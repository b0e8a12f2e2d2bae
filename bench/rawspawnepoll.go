package main

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// rawSpawner is the best event loop with syscall.ForkExec: an epoll watches both outputs and the
// pidfd of every child. The descriptors may block, because each is read once for each readiness.
// None is removed from the epoll, because its close does that.
type rawSpawner struct {
	epoll    int
	file     string
	attr     syscall.ProcAttr
	sys      syscall.SysProcAttr
	buf      []byte
	children []epollChild // by slot
}

// epollChild is a running child. open is the number of out, err and pidfd that have not come to
// their end.
type epollChild struct{ in, out, err, pidfd, open int }

// rawEpollSpawn starts n children with three pipes. As in brood, the next child starts when one has
// come to its end.
func rawEpollSpawn(n, inFlight int) time.Duration {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	check(err)
	s := &rawSpawner{epoll: epoll, file: nop(), buf: make([]byte, chunk), children: make([]epollChild, min(n, inFlight))}
	s.attr = syscall.ProcAttr{Env: os.Environ(), Files: make([]uintptr, 3), Sys: &s.sys}
	var events [64]unix.EpollEvent
	start := time.Now()
	for slot := range s.children {
		s.start(slot)
	}
	started, running := len(s.children), len(s.children)
	for running > 0 {
		for _, ev := range events[:rawEpollWait(s.epoll, events[:])] {
			slot := int(ev.Pad)
			if !s.ready(slot, int(ev.Fd)) {
				continue
			}
			if started < n {
				started++
				s.start(slot)
			} else {
				running--
			}
		}
	}
	d := time.Since(start)
	rawClose(epoll)
	return d
}

func (s *rawSpawner) start(slot int) {
	var in, out, errs [2]int
	for _, p := range []*[2]int{&in, &out, &errs} {
		check(syscall.Pipe2(p[:], syscall.O_CLOEXEC))
	}
	c := &s.children[slot]
	s.sys.PidFD = &c.pidfd
	s.attr.Files[0], s.attr.Files[1], s.attr.Files[2] = uintptr(in[0]), uintptr(out[1]), uintptr(errs[1])
	_, err := syscall.ForkExec(s.file, []string{s.file}, &s.attr)
	check(err)
	for _, fd := range []int{in[0], out[1], errs[1]} {
		rawClose(fd)
	}
	c.in, c.out, c.err, c.open = in[1], out[0], errs[0], 3
	for _, fd := range []int{c.out, c.err, c.pidfd} {
		check(unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{
			Events: unix.EPOLLIN, Fd: int32(fd), Pad: int32(slot),
		}))
	}
}

// ready reads from a pipe or reaps the child, and reports whether that was the last event of the
// child. It is never called for an earlier child of the slot: a wait returns at most one event for
// each descriptor, and the slot is free only after the last event of all three.
func (s *rawSpawner) ready(slot, fd int) (done bool) {
	c := &s.children[slot]
	if fd == c.pidfd {
		rawReap(fd)
	} else if rawCall(unix.SYS_READ, fd, s.buf) > 0 {
		return false
	}
	rawClose(fd)
	if c.open--; c.open > 0 {
		return false
	}
	rawClose(c.in)
	return true
}
