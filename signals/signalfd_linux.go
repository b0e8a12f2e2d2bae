package signals

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// source is the loop's side of the signals: a bell, and a signalfd(2) that is read while the loop
// is inside Run, where its thread is known and blocks the signals. [reactor.Loop.Poll] may be on
// another thread each time, and the bell does it alone.
//
// A signalfd by itself would lose most signals in a Go program, because the runtime unblocks them
// on every thread it makes and the kernel prefers such a thread. So every signal enters the program
// through the runtime's handler and os/signal, and a forwarder for each watched signal passes it on
// to the loop, see port. That is also what makes one signal reach every loop and every
// signal.Notify in the program.
type source struct {
	hub        *hub
	port       port
	forwarders map[Signal]*forwarder

	bellWatcher *reactor.Watcher
	fd          int              // the signalfd; -1 where there is none
	watcher     *reactor.Watcher // of fd; idle outside of Run
	unbind      func()

	thread  int           // the thread that is claimed, 0 when none is
	blocked unix.Sigset_t // what that thread did not block before
	records [recordsPerRead * recordSize]byte
}

const (
	recordSize     = 128 // bytes of a struct signalfd_siginfo
	recordsPerRead = 16  // signals a turn; the rest stays in the kernel for the next one
)

func openSource(h *hub) (_ *source, err error) {
	s := &source{hub: h, fd: -1, forwarders: map[Signal]*forwarder{}}
	s.port.bell = noBell
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.port.bell, err = openBell(); err != nil {
		return nil, err
	}
	if s.bellWatcher, err = s.watch(s.port.bell.readFD, reactor.Readable, s.answerBell); err != nil {
		return nil, err
	}
	if err = s.openSignalfd(); err != nil {
		return nil, err
	}
	s.unbind = h.loop.BindThread(s.enter, s.leave)
	return s, nil
}

// openSignalfd does nothing where signalfd(2) is refused: some sandboxes do not have it.
func (s *source) openSignalfd() (err error) {
	if s.hub.bellOnly {
		return nil
	}
	s.fd, err = fd.Private(unix.Signalfd(-1, &s.port.mask, unix.SFD_CLOEXEC|unix.SFD_NONBLOCK))
	switch {
	case fd.Refused(err):
		s.fd = -1
		return nil
	case err != nil:
		s.fd = -1
		return os.NewSyscallError("signalfd", err)
	}
	s.watcher, err = s.watch(s.fd, 0, s.answerSignalfd)
	return err
}

// forgoSignalfd leaves everything to the bell: a filter that refuses signalfd(2) has come into
// force since it was opened.
func (s *source) forgoSignalfd() {
	s.leave()
	s.watcher.Close()
	fd.Close(s.fd)
	s.watcher, s.fd = nil, -1
	s.port.mu.Lock()
	defer s.port.mu.Unlock()
	s.port.mask = unix.Sigset_t{}
}

// watch has fn called after the callbacks of all other descriptors. What keeps the loop alive is
// counted by the hub.
func (s *source) watch(descriptor int, want reactor.Readiness, fn func(reactor.Readiness)) (*reactor.Watcher, error) {
	w, err := s.hub.loop.Watch(descriptor, want, fn)
	if err != nil {
		return nil, err
	}
	w.Unref()
	w.Late()
	return w, nil
}

// close releases what openSource got so far.
func (s *source) close() {
	if s.unbind != nil {
		s.unbind() // This leaves the thread when it is entered.
	}
	for _, w := range []*reactor.Watcher{s.bellWatcher, s.watcher} {
		if w != nil {
			w.Close()
		}
	}
	s.port.bell.close()
	fd.Close(s.fd)
}

// add blocks before it claims, so that the mask is complete when the first signal comes.
func (s *source) add(sig Signal) error {
	if s.fd >= 0 && blockable(sig) {
		switch err := s.extendMask(sig); {
		case fd.Refused(err):
			s.forgoSignalfd()
		case err != nil:
			return os.NewSyscallError("signalfd", err)
		}
	}
	s.forwarders[sig] = startForwarder(sig, &s.port)
	return nil
}

func (s *source) extendMask(sig Signal) error {
	p := &s.port
	p.mu.Lock()
	defer p.mu.Unlock()
	mask := p.mask
	addSignal(&mask, sig)
	if err := s.setSignalfd(&mask); err != nil {
		return err
	}
	p.mask = mask
	if p.thread != 0 {
		s.block(setOf(sig))
	}
	return nil
}

func (s *source) remove(sig Signal) {
	s.forwarders[sig].stop()
	delete(s.forwarders, sig)
	// It was refused: nothing else is wrong with a signalfd and a valid set.
	if s.narrowMask(sig) != nil {
		s.forgoSignalfd()
	}
	s.port.mu.Lock()
	defer s.port.mu.Unlock()
	removeSignal(&s.port.rung, sig)
}

// narrowMask takes a forwarded signal that is pending on the thread out of the kernel before the
// thread unblocks it: nobody would expect it any more, and it would do whatever the signal did
// before it was watched.
func (s *source) narrowMask(sig Signal) error {
	p := &s.port
	p.mu.Lock()
	defer p.mu.Unlock()
	if !hasSignal(&p.mask, sig) {
		return nil
	}
	if p.tokens[sig] > 0 {
		only := setOf(sig)
		if err := s.setSignalfd(&only); err != nil {
			return err
		}
		for ; p.tokens[sig] > 0; p.tokens[sig]-- {
			s.read(1) // Those of this thread come before those of the process.
		}
	}
	mask := p.mask
	removeSignal(&mask, sig)
	if err := s.setSignalfd(&mask); err != nil {
		return err
	}
	p.mask = mask
	if hasSignal(&s.blocked, sig) {
		s.unblock(setOf(sig))
	}
	return nil
}

func (s *source) setSignalfd(mask *unix.Sigset_t) error {
	_, err := unix.Signalfd(s.fd, mask, 0)
	return err
}

// enter is called when Run has locked the loop's thread. When something is in the way, the bell
// goes on serving.
func (s *source) enter() {
	if s.fd < 0 {
		return
	}
	tid := unix.Gettid()
	if !acquireThread(tid) {
		return
	}
	if s.watcher.Set(reactor.Readable) != nil {
		releaseThread(tid)
		return
	}
	s.thread = tid
	s.attach()
}

func (s *source) leave() {
	if s.thread == 0 {
		return
	}
	s.detach()
	_ = s.watcher.Set(0) // It cannot fail.
	releaseThread(s.thread)
	s.thread = 0
}

// attach has the thread block the signals, and the forwarders use it.
func (s *source) attach() {
	p := &s.port
	p.mu.Lock()
	defer p.mu.Unlock()
	p.thread = s.thread
	s.block(p.mask)
}

// detach undoes attach. What was forwarded to the thread and not read yet goes over to the bell:
// unblocked, it would enter the program a second time.
func (s *source) detach() {
	p := &s.port
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.thread == 0 {
		return
	}
	p.thread = 0
	for p.forwarded() {
		n := s.read(recordsPerRead)
		if n == 0 {
			// They were handled where somebody had unblocked them, and are on their way here once
			// more.
			clear(p.tokens[:])
		}
		for i := range n {
			if sig := s.signalOf(i); s.accept(sig) {
				p.ring(sig)
			}
		}
	}
	s.unblock(s.blocked)
}

// forwarded reports whether there are tokens.
func (p *port) forwarded() bool { return p.tokens != [maxSignal + 1]uint32{} }

// block adds to the thread's mask and to blocked.
func (s *source) block(set unix.Sigset_t) {
	var old unix.Sigset_t
	// It cannot fail with these arguments, here and below.
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old)
	for i := range set.Val {
		s.blocked.Val[i] |= set.Val[i] &^ old.Val[i]
	}
}

// unblock takes out of both a set that is part of blocked.
func (s *source) unblock(set unix.Sigset_t) {
	_ = unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, nil)
	for i := range set.Val {
		s.blocked.Val[i] &^= set.Val[i]
	}
}

// read fills records with at most limit signals and returns their number.
func (s *source) read(limit int) int {
	n, _ := fd.Read(s.fd, s.records[:limit*recordSize]) // EAGAIN: none is pending.
	return n / recordSize
}

// signalOf returns the signal of record i, its first field.
func (s *source) signalOf(i int) Signal {
	return Signal(binary.NativeEndian.Uint32(s.records[i*recordSize:]))
}

// catch reports whether a signal that was read is one of a forwarder, and takes its token back.
//
// One without a token was on its way into the program: it was sent to this thread, by the kernel,
// such as SIGPIPE, or by a tgkill; or it was sent to the process, and this thread was faster than
// those that do not block it. It belongs to everybody who asked for it, not to this loop alone. So
// it is sent on, to this thread while that does not block it: then the runtime's handler runs
// before tgkill returns, and the signal comes back by the forwarders.
//
// It is called under the port's lock, which keeps forwards to this thread out of the gap.
func (s *source) accept(sig Signal) bool {
	p := &s.port
	if p.tokens[sig] > 0 {
		p.tokens[sig]--
		return true
	}
	gap := setOf(sig)
	_ = unix.PthreadSigmask(unix.SIG_UNBLOCK, &gap, nil)
	if unix.Tgkill(os.Getpid(), s.thread, sig) != nil {
		// A sandbox refuses the other. This thread, or any that does not block it, takes it.
		_ = unix.Kill(os.Getpid(), sig)
	}
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &gap, nil)
	return false
}

// answerSignalfd runs in the poll phase.
func (s *source) answerSignalfd(reactor.Readiness) {
	s.takeRecords()
	s.hub.deliver() // Last: a callback may close everything here.
}

func (s *source) takeRecords() {
	p := &s.port
	// From the read on: a forward in between would take its token for one of a signal that was just
	// read.
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range s.read(recordsPerRead) {
		if sig := s.signalOf(i); s.accept(sig) {
			s.hub.enqueue(sig, 1)
		}
	}
}

// answerBell runs in the poll phase.
func (s *source) answerBell(reactor.Readiness) {
	rung := s.port.takeRung()
	for sig := Signal(1); sig <= maxSignal; sig++ {
		if hasSignal(&rung, sig) {
			s.hub.enqueue(sig, 1)
		}
	}
	s.hub.deliver()
}
