package signals

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// source is the loop's side of the signals: a bell, and a signalfd(2) that the loop reads while it
// is inside Run, where its thread is known and blocks the signals. In [reactor.Loop.Poll], which
// may be on another thread each time, all signals come by the bell.
//
// A signalfd by itself would lose most signals in a Go program: the runtime unblocks them on every
// thread it makes, and the kernel prefers such a thread. So every signal enters the program through
// the runtime's handler and os/signal, and a forwarder for each watched signal passes it on to the
// loop, see port. For the same reason one signal reaches every loop and every signal.Notify in the
// program.
//
// Only the loop goroutine touches a source, but the forwarders share its port.
type source struct {
	hub        *hub
	port       port
	forwarders map[Signal]*forwarder // one for each watched signal

	bellWatcher *reactor.Watcher // of port.bell
	fd          int              // the signalfd, owned; -1: there is none
	watcher     *reactor.Watcher // of fd; idle outside of Run; nil while fd is -1
	// takes enter and leave off the loop; nil before openSource has bound them
	unbind func()

	thread int // number of the thread in signalfdThreads that is ours; 0: none
	// signals that block has blocked on that thread and unblock has not unblocked
	blocked unix.Sigset_t
	records [recordsPerRead * recordSize]byte // filled by read
}

const (
	recordSize     = 128 // bytes of a struct signalfd_siginfo
	recordsPerRead = 16  // signals a turn; the others stay in the kernel for the next one
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

// openSignalfd leaves fd at -1 where signalfd(2) is refused, as in some sandboxes.
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

// forgoSignalfd leaves everything to the bell, because a filter that refuses signalfd(2) has come
// into force since it was opened.
func (s *source) forgoSignalfd() {
	s.leave()
	s.watcher.Close()
	fd.Close(s.fd)
	s.watcher, s.fd = nil, -1
	s.port.mu.Lock()
	defer s.port.mu.Unlock()
	s.port.mask = unix.Sigset_t{}
}

// watch makes a watcher whose callbacks come after those of all other descriptors. It does not keep
// the loop alive, because the hub does that.
func (s *source) watch(descriptor int, want reactor.Readiness, fn func(reactor.Readiness)) (*reactor.Watcher, error) {
	w, err := s.hub.loop.Watch(descriptor, want, fn)
	if err != nil {
		return nil, err
	}
	w.Unref()
	w.Late()
	return w, nil
}

// close releases everything that openSource has acquired so far.
func (s *source) close() {
	if s.unbind != nil {
		s.unbind() // This calls leave if the thread is entered.
	}
	for _, w := range []*reactor.Watcher{s.bellWatcher, s.watcher} {
		if w != nil {
			w.Close()
		}
	}
	s.port.bell.close()
	fd.Close(s.fd)
}

// add blocks the signal before a forwarder exists, so that the mask is complete when the first
// signal comes.
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
	// The only possible error: signalfd(2) was refused, because the descriptor and the set are
	// valid.
	if s.narrowMask(sig) != nil {
		s.forgoSignalfd()
	}
	s.port.mu.Lock()
	defer s.port.mu.Unlock()
	removeSignal(&s.port.rung, sig)
}

// narrowMask takes sig out of the mask. If a forwarded sig is pending on the thread, it reads that
// first: unblocked, the signal would do what it did before it was watched.
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
			s.read(1) // The signals of this thread come before those of the process.
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

// enter is called on the loop's thread when Run has locked it. If a step fails, signals go on
// coming by the bell.
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

// attach makes the thread block the signals, and the forwarders use the thread.
func (s *source) attach() {
	p := &s.port
	p.mu.Lock()
	defer p.mu.Unlock()
	p.thread = s.thread
	s.block(p.mask)
}

// detach undoes attach. Signals that were forwarded to the thread and not yet read go over to the
// bell: unblocked, they would enter the program a second time.
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
			// A callback has unblocked them: the runtime has handled them then, and they are on
			// their way here once more.
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

// forwarded reports whether there is a token. The caller holds mu.
func (p *port) forwarded() bool { return p.tokens != [maxSignal + 1]uint32{} }

// block adds set to the thread's mask, and the signals that were not in the mask to blocked.
func (s *source) block(set unix.Sigset_t) {
	var old unix.Sigset_t
	// It cannot fail with these arguments, here and below.
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old)
	for i := range set.Val {
		s.blocked.Val[i] |= set.Val[i] &^ old.Val[i]
	}
}

// unblock takes set, which must be a part of blocked, out of the mask and out of blocked.
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

// signalOf returns the signal of record i, which is the first field.
func (s *source) signalOf(i int) Signal {
	return Signal(binary.NativeEndian.Uint32(s.records[i*recordSize:]))
}

// accept reports whether a signal that was read came from a forwarder, and takes its token back.
//
// A signal without a token was on its way into the program. Either it was sent to this thread, by
// the kernel, such as SIGPIPE, or by a tgkill; or it was sent to the process, and this thread was
// faster than those that do not block it. It is meant for every loop and channel that watches it,
// so accept sends it on: to this thread while that does not block it. Then the runtime's handler
// runs before tgkill returns, and the signal comes back by the forwarders.
//
// The caller holds the port's lock, so that no forward to this thread comes while it does not block
// the signal.
func (s *source) accept(sig Signal) bool {
	p := &s.port
	if p.tokens[sig] > 0 {
		p.tokens[sig]--
		return true
	}
	gap := setOf(sig)
	_ = unix.PthreadSigmask(unix.SIG_UNBLOCK, &gap, nil)
	if unix.Tgkill(os.Getpid(), s.thread, sig) != nil {
		// A sandbox refuses tgkill. Then this thread, or another one that does not block it, takes
		// the signal.
		_ = unix.Kill(os.Getpid(), sig)
	}
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &gap, nil)
	return false
}

// answerSignalfd runs in the poll phase.
func (s *source) answerSignalfd(reactor.Readiness) {
	s.takeRecords()
	s.hub.deliver() // Last, because a callback may close this source.
}

func (s *source) takeRecords() {
	p := &s.port
	// The lock is held from the read on: a forward in between would take its token for that of a
	// signal that was just read.
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
