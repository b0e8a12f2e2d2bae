//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package reactor

import (
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxWait bounds the time-out given to kevent(2): macOS refuses more than 100,000,000 seconds, a
// 32-bit system has no room for 69 years, and some systems round to clock ticks that an int must
// hold. A longer sleep ends early with no event.
const maxWait = 24 * time.Hour

// poller is a kqueue(2). Readable and Writable are two filters, each with a registration (a knote)
// of its own in the kernel. Only the loop goroutine touches a poller, but a userWaker uses its
// descriptor.
//
// EV_RECEIPT, which would report on each change of a list, is not used: without room for the
// receipts FreeBSD and OpenBSD stop after the first change, and NetBSD before 10 does not have it.
// Without it, and without room for events, kevent(2) stops at the first change that fails and
// returns its errno, on every system.
type poller struct {
	fd      int                   // owned; -1 after close
	events  []unix.Kevent_t       // filled by the last wait
	changes changeList            // room for the changes of one call
	timeout unix.Timespec         // argument of the last wait
	regs    []registration        // by descriptor; both filters off: not registered
	ready   [maxEvents]readyEvent // meaning of the events of the last wait, one for each watcher

	alarmFired bool // true from a wait that saw the alarm's event to alarm.fired
}

type readyEvent struct {
	token token
	got   Readiness
}

// maxChanges is how many changes one registration can need: each of its two filters is removed and
// added again, because EV_ADD does not change EV_CLEAR on a registered filter.
const maxChanges = 4

func (p *poller) open() error {
	// A child of fork(2) does not inherit a kqueue, but a program that replaces this one would.
	syscall.ForkLock.RLock()
	fd, err := unix.Kqueue()
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return wrap("kqueue", -1, err)
	}
	p.fd = fd
	p.events = newKevents(maxEvents)
	return nil
}

func (p *poller) close() error {
	fd := p.fd
	p.fd = -1
	return wrap("close", fd, unix.Close(fd))
}

// add asks whether a claimed descriptor is still registered, because EV_ADD would silently replace
// the registration.
func (p *poller) add(fd int, t token, want Readiness, claimed bool) error {
	if fd == p.fd {
		// The answer of epoll. Not every system refuses it, and EINVAL of kevent(2) would count as
		// a refusal of this kind of descriptor.
		return unix.EINVAL
	}
	if t.slot > maxSlot {
		return unix.ENOSPC
	}
	reg, chr, err := describe(fd)
	if err != nil {
		return err
	}
	if claimed && p.attached(fd) {
		return unix.EEXIST
	}
	reg.token = t
	accepted, err := p.apply(fd, &reg, want)
	switch {
	case err == nil:
		if fd >= len(p.regs) {
			p.regs = slices.Grow(p.regs, fd+1-len(p.regs))[:fd+1]
		}
		p.regs[fd] = reg
		return nil
	case accepted || !isRefusal(err) || reg.kind != kindOther || chr && isTerminal(fd):
		// A descriptor that others write to is not always ready, and reading it may block. Among
		// the usual ones that is only /dev/tty of macOS (EINVAL). The terminal itself, which a
		// shell passes on, can be polled.
		return err
	}
	return errUnpollable
}

func (p *poller) modify(fd int, t token, _, want Readiness) error {
	reg := p.registered(fd)
	if reg == nil || reg.token != t {
		// The descriptor was closed, and its number belongs to another watcher by now.
		return unix.ENOENT
	}
	_, err := p.apply(fd, reg, want)
	return err
}

func (p *poller) remove(fd int, _ Readiness) {
	reg := p.registered(fd)
	if reg == nil {
		return
	}
	if p.submit(fd, reg, filterOff, filterOff) != nil {
		p.detach(fd)
	}
	*reg = registration{}
}

// renew has nothing to do: close(2) removes a descriptor's filters, even if others have the file.
func (p *poller) renew([]*Watcher) error { return nil }

func (p *poller) wait(timeout time.Duration) (int, error) {
	var ts *unix.Timespec
	if timeout >= 0 {
		p.timeout = unix.NsecToTimespec(int64(min(timeout, maxWait)))
		ts = &p.timeout
	}
	n, err := unix.Kevent(p.fd, nil, p.events, ts)
	switch err {
	case nil:
		return p.collect(n), nil
	case unix.EINTR, unix.ETIMEDOUT:
		// The turn goes on and computes the time-out anew. macOS was seen to return ETIMEDOUT,
		// which its manual page does not list, at the end of the time-out
		// (https://go.dev/issue/59679).
		return 0, nil
	}
	return 0, wrap("kevent", -1, err)
}

// collect translates the kernel's n events to ready and returns how many there are: one for each
// watcher, which is called once a turn although its descriptor has two filters. The events of the
// wake-up and the alarm are left out, because all they had to do was end the wait.
func (p *poller) collect(n int) int {
	m := 0
	for i := range n {
		k := &p.events[i]
		if k.Filter == unix.EVFILT_TIMER {
			p.alarmFired = true
			continue
		}
		// udata alone is not enough: NetBSD 7 was seen to return events with every field zero
		// (https://go.dev/issue/14127).
		udata := udataOf(k)
		reg := p.registered(int(k.Ident))
		if udata == 0 || reg == nil || reg.token.udata() != udata {
			continue
		}
		got := reg.readiness(k)
		if at := reg.readyAt; at < m && p.ready[at].token == reg.token {
			p.ready[at].got |= got
			continue
		}
		p.ready[m] = readyEvent{reg.token, got}
		reg.readyAt = m
		m++
	}
	return m
}

func (p *poller) event(i int) (token, Readiness) {
	return p.ready[i].token, p.ready[i].got
}

// registered returns the registration of a descriptor, nil if it has none.
func (p *poller) registered(fd int) *registration {
	if fd < 0 || fd >= len(p.regs) || p.regs[fd].read == filterOff && p.regs[fd].write == filterOff {
		return nil
	}
	return &p.regs[fd]
}

// apply changes the kernel's filters and reg, which must belong to fd, to want. Usually one call
// with the differences is enough. On failure everything is as it was, and accepted says whether the
// kernel would have taken a part of it.
func (p *poller) apply(fd int, reg *registration, want Readiness) (accepted bool, err error) {
	read, write := reg.filters(want)
	if err := p.submit(fd, reg, read, write); err != nil {
		if read, write, accepted, err = p.applyEach(fd, reg, read, write); err != nil {
			return accepted, err
		}
	}
	reg.want, reg.read, reg.write = want, read, write
	return true, nil
}

// applyEach is apply after something in the list was refused. Because it is unknown how many
// changes the kernel has made, it begins with no filter and adds one at a time. It returns the
// modes that were registered. A guard that is refused is not an error if the other filter is
// registered.
func (p *poller) applyEach(fd int, reg *registration, read, write filterMode) (_, _ filterMode, accepted bool, err error) {
	p.detach(fd)
	readErr := p.attach(fd, reg, unix.EVFILT_READ, read)
	writeErr := p.attach(fd, reg, unix.EVFILT_WRITE, write)
	if reg.readerGone(writeErr) && p.replaceRead(fd, reg, filterLevel) == nil {
		return filterLevel, filterOff, true, nil
	}
	accepted = readErr == nil && read != filterOff || writeErr == nil && write != filterOff
	if accepted && readErr != nil && read == filterGuard {
		read, readErr = filterOff, nil
	}
	if accepted && writeErr != nil && write == filterGuard {
		write, writeErr = filterOff, nil
	}
	if err = firstError(readErr, writeErr); err != nil {
		p.detach(fd)
		// Best effort: the kernel accepted these a moment ago, or the descriptor is closed.
		_ = p.attach(fd, reg, unix.EVFILT_READ, reg.read)
		_ = p.attach(fd, reg, unix.EVFILT_WRITE, reg.write)
	}
	return read, write, accepted, err
}

// submit makes the changes from reg's modes to the two given ones, in one call.
func (p *poller) submit(fd int, reg *registration, read, write filterMode) error {
	n := p.plan(0, fd, reg, unix.EVFILT_READ, reg.read, read)
	n = p.plan(n, fd, reg, unix.EVFILT_WRITE, reg.write, write)
	return p.change(n)
}

// plan appends to the n changes those that take a filter from one mode to another, and returns the
// new number.
func (p *poller) plan(n, fd int, reg *registration, filter int, from, to filterMode) int {
	if from.flags() == to.flags() {
		return n
	}
	list := p.changes.kevents()
	if from != filterOff {
		setKevent(&list[n], fd, filter, unix.EV_DELETE, 0, 0, reg.token.udata())
		n++
	}
	if to != filterOff {
		setKevent(&list[n], fd, filter, to.flags(), 0, 0, reg.token.udata())
		n++
	}
	return n
}

// change makes the first n changes. It never waits, because it leaves no room for events.
func (p *poller) change(n int) error {
	if n == 0 {
		return nil
	}
	_, err := unix.Kevent(p.fd, p.changes.kevents()[:n], nil, nil)
	if err == unix.EINTR {
		return nil // By the manual page all changes have been applied by then.
	}
	return err
}

// attach registers one filter, which must not be registered.
func (p *poller) attach(fd int, reg *registration, filter int, m filterMode) error {
	return p.change(p.plan(0, fd, reg, filter, filterOff, m))
}

// replaceRead registers the read filter, and removes it first if it is registered.
func (p *poller) replaceRead(fd int, reg *registration, m filterMode) error {
	p.detachFilter(fd, unix.EVFILT_READ)
	return p.attach(fd, reg, unix.EVFILT_READ, m)
}

// detach removes the filters of fd, if there are any.
func (p *poller) detach(fd int) {
	p.detachFilter(fd, unix.EVFILT_READ)
	p.detachFilter(fd, unix.EVFILT_WRITE)
}

func (p *poller) detachFilter(fd, filter int) {
	setKevent(&p.changes.kevents()[0], fd, filter, unix.EV_DELETE, 0, 0, 0)
	// Best effort: the descriptor may be closed (EBADF) or the filter not there (ENOENT).
	_ = p.change(1)
}

// attached reports whether the kernel still has a filter of the watcher that is on record for fd.
// EV_ENABLE finds a filter without changing it, because all are enabled. Most systems also store
// udata anew, which is the same.
func (p *poller) attached(fd int) bool {
	reg := p.registered(fd)
	if reg == nil {
		return false
	}
	for _, filter := range [...]int{unix.EVFILT_READ, unix.EVFILT_WRITE} {
		setKevent(&p.changes.kevents()[0], fd, filter, unix.EV_ENABLE, 0, 0, reg.token.udata())
		if p.change(1) == nil {
			return true
		}
	}
	return false
}

// describe finds out of which kind fd is, and whether it is a character device. Regular files count
// as unpollable although kqueue takes them: it would report them until the file offset is at the
// end and then never again, and on some systems only once. Directories and block devices are
// unpollable as with epoll.
func describe(fd int) (reg registration, chr bool, err error) {
	var st unix.Stat_t
	for {
		if err = unix.Fstat(fd, &st); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return registration{}, false, err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFBLK:
		return registration{}, false, errUnpollable
	case unix.S_IFSOCK:
		return registration{kind: kindSocket}, false, nil
	case unix.S_IFIFO:
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		return registration{kind: kindPipe, access: flags & unix.O_ACCMODE}, false, err
	case unix.S_IFCHR:
		return registration{}, true, nil
	}
	return registration{}, false, nil
}

// isRefusal reports whether err means that descriptors of this kind have no such filter: EINVAL on
// macOS, ENODEV for FreeBSD's devices, EOPNOTSUPP on NetBSD and DragonFly, EPERM where old kernels
// return 1, ENXIO for a device without a driver.
func isRefusal(err error) bool {
	switch err {
	case unix.EINVAL, unix.ENODEV, unix.EOPNOTSUPP, unix.EPERM, unix.ENXIO:
		return true
	}
	return err == unix.ENOTSUP // not a case above, because on some systems it is EOPNOTSUPP
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TIOCGETA)
	return err == nil
}
