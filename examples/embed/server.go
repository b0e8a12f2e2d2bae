package main

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// A server has a loop of its own and brood's. All of it happens on the goroutine that calls serve.
type server struct {
	brood    *reactor.Loop
	listener int // a descriptor, not blocking
	clients  map[*client]bool
	stop     *signals.Stopper
}

// serve runs the server until SIGINT or SIGTERM.
func serve(addr string) error {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	s := &server{brood: loop, clients: map[*client]bool{}}
	err = s.serve(addr)
	for c := range s.clients {
		c.leave()
	}
	// The own loop is over, so brood may have the thread: until the last command has ended.
	return errors.Join(err, loop.Run(), loop.Close())
}

func (s *server) serve(addr string) (err error) {
	// The own loop looks at Signal after each turn, so there is nothing else to be done.
	if s.stop, err = signals.StopOn(s.brood, func(signals.Signal) {}); err != nil {
		return err
	}
	file, listening, err := listen(addr)
	if err != nil {
		return err
	}
	defer file.Close()
	s.listener = int(file.Fd())
	if err := unix.SetNonblock(s.listener, true); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	fmt.Println("listening on", listening)
	if err := s.loop(); err != nil {
		return err
	}
	fmt.Println("stopped by", signals.Name(s.stop.Signal()))
	return nil
}

// listen returns a listening socket as a file, for a loop that is not Go's.
func listen(addr string) (*os.File, net.Addr, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close() // The file is a duplicate.
	file, err := ln.(*net.TCPListener).File()
	return file, ln.Addr(), err
}

// loop is the own loop. brood's descriptor is one of those it watches.
func (s *server) loop() error {
	fd := s.brood.FD()
	if fd < 0 {
		return errors.New("no descriptor left for the timers of the loop")
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(s.listener), Events: unix.POLLIN}}
	for s.stop.Signal() == 0 {
		if _, err := unix.Poll(fds, -1); err == unix.EINTR {
			continue
		} else if err != nil {
			return os.NewSyscallError("poll", err)
		}
		if fds[0].Revents != 0 {
			if _, err := s.brood.Poll(0); err != nil {
				return err
			}
		}
		if fds[1].Revents != 0 {
			if err := s.accept(); err != nil {
				return err
			}
		}
	}
	return nil
}

// accept hands the next connection to brood. No child can be started between the calls, because
// that happens on this thread, so it does not matter that the descriptor is close-on-exec only
// after the second one.
func (s *server) accept() error {
	fd, _, err := unix.Accept(s.listener)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR || err == unix.ECONNABORTED:
		return nil // The client has gone since.
	// No descriptor is left, say. A server that is to outlive that waits here until one is.
	case err != nil:
		return os.NewSyscallError("accept", err)
	}
	unix.CloseOnExec(fd)
	if err = s.add(fd); err != nil {
		// The others are served.
		fmt.Fprintln(os.Stderr, "embed:", errors.Join(err, unix.Close(fd)))
	}
	return nil
}
