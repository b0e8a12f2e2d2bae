package socketlist

import (
	"errors"
	"net"
	"syscall"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
)

var (
	// ErrListener is the error of [NewServer] for a listener of another type.
	ErrListener = errors.New("not a *net.TCPListener or *net.UnixListener")

	// ErrProcessEnded is what [Server.Connections] ends with when the channel to a process that was
	// sent connections ended before that process told how many it has.
	ErrProcessEnded = errors.New("ipc: child closed before reply received")

	// ErrCount is what Connections ends with when a process has answered something else than a
	// number.
	ErrCount = errors.New("the reply is not a number of connections")
)

// A Server is a listener that knows how many of the connections it accepted are open, also those
// that were sent to other processes over channels of its loop, be they Go or Node. It does for them
// what a net.Server does in Node: [Server.Connections] counts them wherever they live, and the
// close event comes when the last one is gone.
//
// Accept, Addr, Close and SyscallConn make it a net.Listener that can itself be sent, and are safe
// to call from any goroutine. The other methods must be called on the loop goroutine.
//
// A process is counted, and waited for, from the first connection it is sent until its channel
// ends. A process that shares the listener itself accepts for itself: its connections are not
// counted here.
type Server struct {
	lists *Lists
	ln    interface {
		net.Listener
		syscall.Conn
	}
	key       string
	tally     tally // the connections of this process
	state     serverState
	processes []*process // the processes that were sent a connection, in that order

	release    func() // ends the loop's Hold; nil after Unref and at the end
	closeEvent events.Event[struct{}]
}

// serverState goes from open to closing by Close, and on to closed when nothing is left.
type serverState uint8

const (
	serverOpen serverState = iota
	serverClosing
	serverClosed
)

// NewServer returns a Server that accepts from ln, a *net.TCPListener or *net.UnixListener, for the
// loop. It takes ownership of ln once it returned no error. The Server keeps Run alive until its
// close event, see [Server.Unref]. Errors are [ErrListener], and syscall.EINVAL for a nil pointer.
func (h *Lists) NewServer(ln net.Listener) (*Server, error) {
	s := &Server{lists: h}
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
	s.tally.loop, s.tally.idle = h.loop, s.closeIfIdle
	s.key = h.uniqueKey(ln.Addr())
	h.servers[s.key] = s
	s.release = h.loop.Hold()
	return s, nil
}

// Key returns what the connections of s are counted under.
func (s *Server) Key() string { return s.key }

// Processes returns the number of processes that were sent connections and are counted and waited
// for.
func (s *Server) Processes() int { return len(s.processes) }

// Accept waits for the next connection and returns it as a *[TCPConn] or *[UnixConn], which is
// counted until it is closed or sent to another process.
//
// Safe to call from any goroutine. Must not be called on the loop goroutine: it would block the
// loop.
func (s *Server) Accept() (net.Conn, error) {
	// Announced before it can come: otherwise Close, on another goroutine, could find nothing open
	// although this connection is on its way.
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

// Close closes the listener, and asks the processes that were sent connections to tell when they
// are gone. Connections stay open; when the last one, wherever it lives, is closed, the close event
// comes. Errors are those of the listener's Close.
//
// Safe to call from any goroutine.
func (s *Server) Close() error {
	err := s.ln.Close()
	// A closed loop has closed the listener, and there are no events any more.
	_ = s.lists.loop.Post(s.beginClose)
	return err
}

// OnClose calls fn once, after Close, when no connection is left: those of this process are closed,
// and the processes that were sent some have said that theirs are, or their channel has ended.
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

func (s *Server) beginClose() {
	if s.state != serverOpen {
		return
	}
	s.state = serverClosing
	for _, p := range s.processes {
		p.askClosed()
	}
	s.closeIfIdle()
}

// closeIfIdle closes the server for good when nothing is left. It is called on the loop when that may
// have become true.
func (s *Server) closeIfIdle() {
	if s.state != serverClosing || s.lists.closed {
		return
	}
	for _, p := range s.processes {
		if !p.allClosed() {
			return
		}
	}
	if !s.tally.drained() {
		return
	}
	s.state = serverClosed
	delete(s.lists.servers, s.key)
	for _, p := range s.processes {
		p.forget()
	}
	s.processes = nil
	s.lists.loop.QueueClosing(func() {
		s.Unref()
		reactor.Emit(s.lists.loop, &s.closeEvent, struct{}{})
	})
}

// abandon closes the server without events, with the loop.
func (s *Server) abandon() error {
	open := s.state == serverOpen
	s.state = serverClosed
	s.processes = nil
	if open {
		return s.ln.Close()
	}
	return nil
}
