package socketlist

import (
	"errors"
	"net"
	"syscall"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
)

var (
	// ErrListener is the error of [Lists.NewServer] for a listener of another type.
	ErrListener = errors.New("not a *net.TCPListener or *net.UnixListener")

	// ErrProcessEnded is the error of [Server.Connections] when the channel to a process with
	// connections closed before that process replied with its count.
	ErrProcessEnded = errors.New("ipc: child closed before reply received")

	// ErrCount is the error of [Server.Connections] when the reply of a process is not a number.
	ErrCount = errors.New("the reply is not a number of connections")
)

// A Server is a listener that counts the open connections that it accepted, including those sent to
// other processes, Go or Node, over channels of its loop. It does the same as a net.Server in Node:
// [Server.Connections] counts the connections of all processes, and the close event comes when the
// last one is closed.
//
// Accept, Addr, Close and SyscallConn make it a net.Listener that can itself be sent, and are safe
// to call from any goroutine. The other methods must be called on the loop goroutine.
//
// A process counts from the first connection that is sent to it until its channel closes. If a
// process shares the listener itself, the connections that it accepts are not counted here.
type Server struct {
	lists *Lists // constant
	// Safe to use on any goroutine; constant.
	ln interface {
		net.Listener
		syscall.Conn
	}
	key       string // unique in lists; constant
	tally     tally  // the open connections in this process
	state     serverState
	processes []*process // the processes to which connections were sent, in order of the first one

	release    func() // releases the loop's Hold; nil after Unref and once closed
	closeEvent events.Event[struct{}]
}

// serverState goes from open to closing by Close, and to closed when no connection is open.
type serverState uint8

const (
	serverOpen serverState = iota
	serverClosing
	serverClosed
)

// NewServer returns a Server that accepts from ln, a *net.TCPListener or *net.UnixListener, for the
// loop. It takes ownership of ln unless it returns an error. The Server keeps Run alive until its
// close event, see [Server.Unref]. Errors are [ErrListener], and syscall.EINVAL for a nil pointer.
func (l *Lists) NewServer(ln net.Listener) (*Server, error) {
	s := &Server{lists: l}
	switch ln := ln.(type) {
	case *net.TCPListener:
		s.ln = ln
	case *net.UnixListener:
		s.ln = ln
	default:
		return nil, ErrListener
	}
	if _, err := s.ln.SyscallConn(); err != nil { // A nil pointer.
		return nil, err
	}
	s.tally.loop, s.tally.idle = l.loop, s.closeIfIdle
	s.key = l.uniqueKey(ln.Addr())
	l.servers[s.key] = s
	s.release = l.loop.Hold()
	return s, nil
}

// Key returns the key under which the connections of s are counted.
func (s *Server) Key() string { return s.key }

// Processes returns the number of processes whose connections are counted and waited for.
func (s *Server) Processes() int { return len(s.processes) }

// Accept waits for the next connection and returns it as a *[TCPConn] or *[UnixConn], which is
// counted until it is closed or sent to another process.
//
// Safe to call from any goroutine. Must not be called on the loop goroutine: it would block the
// loop.
func (s *Server) Accept() (net.Conn, error) {
	// The connection is announced before it can come. Otherwise Close, on another goroutine, could
	// find no connection open while this one is on its way.
	s.tally.beginAccept()
	conn, err := s.ln.Accept()
	s.tally.endAccept(err == nil)
	if err != nil {
		return nil, err
	}
	return Count(conn, &Counted{tally: &s.tally, server: s}), nil
}

// Addr returns the listener's address.
//
// Safe to call from any goroutine.
func (s *Server) Addr() net.Addr { return s.ln.Addr() }

// SyscallConn gives access to the listener's descriptor.
//
// Safe to call from any goroutine.
func (s *Server) SyscallConn() (syscall.RawConn, error) { return s.ln.SyscallConn() }

// Close closes the listener, and asks the processes with connections to say when these are closed.
// Connections stay open. When the last one is closed, in this process or another, the close event
// comes. Errors are those of the listener's Close.
//
// Safe to call from any goroutine.
func (s *Server) Close() error {
	err := s.ln.Close()
	// Post fails on a closed loop, which has closed the listener and has no events any more.
	_ = s.lists.loop.Post(s.beginClose)
	return err
}

// OnClose calls fn once, after Close, when no connection is left: those of this process are closed,
// and each process with connections has said that they are closed, or its channel is closed.
//
// Preconditions:
//
//   - fn is not nil, or OnClose panics.
func (s *Server) OnClose(fn func()) *events.Listener {
	if fn == nil {
		panic("socketlist: OnClose: nil callback")
	}
	return s.closeEvent.On(func(struct{}) { fn() })
}

// Ref undoes [Server.Unref].
func (s *Server) Ref() {
	if s.release == nil && s.state != serverClosed && !s.lists.closed {
		s.release = s.lists.loop.Hold()
	}
}

// Unref lets Run return although the Server is open. Closing the loop then closes the listener.
func (s *Server) Unref() {
	if s.release != nil {
		s.release()
		s.release = nil
	}
}

// beginClose is Close on the loop.
func (s *Server) beginClose() {
	if s.state != serverOpen {
		return
	}
	s.state = serverClosing
	for _, pr := range s.processes {
		pr.askClosed()
	}
	s.closeIfIdle()
}

// closeIfIdle closes a closing server if no connection is left. Call it on the loop when that may
// have become true.
func (s *Server) closeIfIdle() {
	if s.state != serverClosing || s.lists.closed {
		return
	}
	for _, pr := range s.processes {
		if !pr.allClosed() {
			return
		}
	}
	if !s.tally.drained() {
		return
	}
	s.state = serverClosed
	delete(s.lists.servers, s.key)
	for _, pr := range s.processes {
		pr.forget()
	}
	s.processes = nil
	s.lists.loop.QueueClosing(func() {
		s.Unref()
		reactor.Emit(s.lists.loop, &s.closeEvent, struct{}{})
	})
}

// abandon closes the server with the loop, without events.
func (s *Server) abandon() error {
	open := s.state == serverOpen
	s.state = serverClosed
	s.processes = nil
	if open {
		return s.ln.Close()
	}
	return nil
}
