package main

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
	"github.com/brood-go/brood/streams"
)

// The descriptors of this program's own terminal.
const (
	stdin  = 0
	stdout = 1
)

const (
	// killGrace is the time that the program has to end when this one is told to.
	killGrace = 2 * time.Second

	// closeGrace is the time for which the output of processes in the background is still shown.
	closeGrace = 200 * time.Millisecond
)

// session is one program on a terminal of its own, between the two sides of this program's
// terminal.
type session struct {
	loop  *reactor.Loop
	mode  rawMode
	child *childprocess.ChildProcess
	keys  *streams.Readable // stdin

	failed error          // the error event
	got    signals.Signal // the signal that ended the session; 0 if none did
}

// open starts the program. The terminal is in raw mode from then on, if there is no error, and run
// puts it back.
func open(file string, args []string) (s *session, err error) {
	s = &session{mode: rawMode{fd: stdin}}
	if s.loop, err = reactor.New(nil); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	// Before the size is asked for, so that no change of it is missed.
	if err = s.watchSignals(); err != nil {
		return nil, err
	}
	if err = s.mode.enter(); err != nil {
		return nil, err
	}
	if err = s.start(file, args); err != nil {
		return nil, err
	}
	return s, s.connect()
}

func (s *session) start(file string, args []string) (err error) {
	o := &childprocess.Options{KillSignal: unix.SIGHUP, KillGrace: killGrace, CloseGrace: closeGrace}
	size := &childprocess.PTYOptions{}
	if size.Rows, size.Cols = ownSize(); size.Rows == 0 || size.Cols == 0 {
		size = nil // This terminal does not know its size, so the child gets the default.
	}
	o.Stdio = childprocess.AllStdio(childprocess.PTY(size))
	if s.child, err = childprocess.Spawn(s.loop, file, args, o); err != nil {
		return err
	}
	s.child.OnError(func(err error) { s.failed = errors.Join(s.failed, err) })
	return nil
}

// connect joins the two terminals. When the child's has ended, stdin has no reader, and is closed.
func (s *session) connect() error {
	var err error
	if s.keys, err = streams.NewReadable(s.loop, stdin, nil); err != nil {
		return err
	}
	show, err := streams.NewWritable(s.loop, stdout, nil)
	if err != nil {
		return err
	}
	t := s.child.Terminal()
	s.keys.Pipe(t.Writable, nil)
	t.Readable.Pipe(show, nil)
	// The person is gone. So is the terminal, which hangs the program up.
	hangUp := func(error) { t.Destroy(nil) }
	s.keys.OnEnd(func() { hangUp(nil) })
	s.keys.OnError(hangUp)
	show.OnError(hangUp)
	return nil
}

// run passes keys and output through until the program has ended, and returns the exit code.
func (s *session) run() (code int, err error) {
	// Also when a callback panics: the trace is then printed on a terminal in its own mode.
	defer s.close()
	if err := s.loop.Run(); err != nil {
		return exitFailed, err
	}
	status, _ := s.child.Status()
	switch {
	case s.got != 0:
		return exitSignal + int(s.got), nil
	case s.failed != nil:
		return exitFailed, s.failed
	case status.Signal != 0:
		return exitSignal + int(status.Signal), nil
	}
	return status.Code, nil
}

func (s *session) close() {
	s.mode.restore()
	_ = s.loop.Close() // Run has returned the error, if there was one.
}

// ownSize returns the size of this program's terminal, 0 if it is not known.
func ownSize() (rows, cols uint16) {
	width, height, err := term.GetSize(stdin)
	if err != nil {
		return 0, 0
	}
	return uint16(height), uint16(width) // As the kernel has them.
}
