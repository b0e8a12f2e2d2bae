package main

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/signals"
)

// watchSignals watches the signals that other processes may send. The keyboard sends none, because
// in raw mode its keys are the program's.
func (s *session) watchSignals() error {
	for sig, fn := range map[signals.Signal]func(signals.Signal){
		unix.SIGWINCH: func(signals.Signal) { s.resize() },
		unix.SIGTSTP:  s.suspend,
		unix.SIGCONT:  s.continued,
		unix.SIGHUP:   s.leave,
		unix.SIGINT:   s.leave,
		unix.SIGQUIT:  s.leave,
		unix.SIGTERM:  s.leave,
	} {
		w, err := signals.Watch(s.loop, sig, fn)
		if err != nil {
			return err
		}
		w.Unref()
	}
	return nil
}

// resize gives the program's terminal the size of this one.
func (s *session) resize() {
	if rows, cols := ownSize(); rows > 0 && cols > 0 {
		_ = s.child.Terminal().Resize(rows, cols) // Best effort: it may be closed already.
	}
}

// suspend stops this program with its terminal in its own mode. The program on the inner terminal
// runs on, and waits when it has shown more than fits. Nothing is passed through before resume is
// called, which may be a few turns after this program runs again: in the wrong mode it would be
// echoed or translated twice.
func (s *session) suspend(signals.Signal) {
	s.keys.Pause()
	s.child.Terminal().Readable.Pause()
	s.mode.restore()
	_ = unix.Kill(os.Getpid(), unix.SIGSTOP) // To oneself it cannot fail.
}

// continued goes on after suspend, or after SIGSTOP, which cannot be caught. The size may have
// changed meanwhile.
func (s *session) continued(signals.Signal) {
	_ = s.mode.renew() // Best effort: without it keys are echoed twice.
	s.resize()
	s.keys.Resume()
	s.child.Terminal().Readable.Resume()
}

// leave ends the session, and the program with it.
func (s *session) leave(sig signals.Signal) {
	if s.got == 0 {
		s.got = sig
		s.child.Terminate(killGrace)
	}
}
