package cluster

import (
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// A Server is a worker's share of a listener. It is a net.Listener: Accept, Addr and Close are safe
// to call from any goroutine.
//
// When the worker disconnects, Accept returns what was taken before, and then net.ErrClosed.
type Server struct {
	self  *Self
	reply *reply
	o     ListenOptions
	addr  net.Addr

	door    *door            // to other goroutines
	socket  int              // of a shared server with OnConnection; -1: none
	watcher *reactor.Watcher // of it
	ln      net.Listener     // of a shared server without
	closing bool             // it takes nothing more, and the primary was told so
}

func newServer(s *Self, r *reply, o *ListenOptions) *Server {
	server := &Server{self: s, reply: r, o: *o, socket: -1}
	server.door = newDoor(s.loop, o.MaxWaiting, server.onDoorClosed)
	return server
}

// acceptShared has the server accept from the socket that all workers have.
func (s *Server) acceptShared(h *ipc.Handle) error {
	socket, err := listenSocket(h, s.o.Backlog)
	if err != nil {
		return err
	}
	if s.o.OnConnection != nil {
		s.addr = addrOf(socket)
		s.watcher, err = s.self.loop.Watch(socket, reactor.Readable, func(reactor.Readiness) { s.accept() })
		if err != nil {
			fd.Close(socket)
			return err
		}
		s.socket = socket
		return nil
	}
	f := os.NewFile(uintptr(socket), "listener")
	s.ln, err = net.FileListener(f)
	_ = f.Close() // The listener has a duplicate of its own.
	if err != nil {
		return err
	}
	if ln, ok := s.ln.(*net.UnixListener); ok {
		ln.SetUnlinkOnClose(false) // The path is the primary's.
	}
	s.addr = s.ln.Addr()
	s.door.ln = s.ln
	return nil
}

// accept accepts from a shared socket on the loop.
func (s *Server) accept() {
	for range acceptBudget {
		if s.socket < 0 {
			return
		}
		conn, err := fd.Accept(s.socket)
		if err == unix.EAGAIN {
			return
		}
		if err != nil { // EMFILE, for instance.
			s.retryLater()
			return
		}
		d, err := streams.NewDuplex(s.self.loop, conn, nil)
		if err != nil {
			fd.Close(conn)
			return
		}
		s.emit(d)
	}
}

// retryLater has the server not accept for a moment.
func (s *Server) retryLater() {
	if s.watcher.Set(0) != nil {
		return // It is closed.
	}
	s.self.loop.SetTimeout(acceptRetryDelay, func() {
		if s.socket >= 0 {
			_ = s.watcher.Set(reactor.Readable) // It was possible before.
		}
	}).Unref()
}

// take takes a connection from the primary; nil: the server does not want it. begin is to be called
// when the primary was told, and not before: the program may answer and die, and a primary that
// does not know gives the connection to another worker. What the primary could not be told is
// closed.
func (s *Server) take(h *ipc.Handle) (begin func(said bool)) {
	switch {
	case s.closing || s.door.isClosing() || s.o.MaxConnections > 0 && s.door.openCount() >= s.o.MaxConnections:
		return nil
	case s.o.OnConnection != nil:
		d, err := h.Duplex(s.self.loop)
		if err != nil {
			return nil
		}
		return func(said bool) {
			if said {
				s.emit(d)
			} else {
				d.Destroy(nil)
			}
		}
	case s.door.full():
		return nil
	}
	conn, err := h.Conn()
	if err != nil {
		return nil
	}
	return func(said bool) {
		if !said || !s.door.push(conn) {
			_ = conn.Close() // Nobody has written to it.
		}
	}
}

// emit gives a connection to OnConnection.
func (s *Server) emit(d *streams.Duplex) {
	s.door.acquire()
	halves := 2
	closed := func() {
		if halves--; halves == 0 {
			s.door.release()
		}
	}
	d.Readable.OnClose(closed)
	d.Writable.OnClose(closed)
	reactor.Call(s.self.loop, s.o.OnConnection, d)
}

// closeOnLoop has the server take nothing more, as at the end of its worker. What was taken before
// can still be accepted.
func (s *Server) closeOnLoop() {
	if s.closing {
		return
	}
	s.closing = true
	s.closeSocket()
	self := s.self
	delete(self.servers, s.reply.key)
	self.closing[s] = struct{}{}
	self.release(s.reply)
	self.sendClose(s.reply.key)
	s.door.close(false)
}

// onDoorClosed is called on the loop when the server is closed and no connection of it is left; or
// when the program closes it, which does not wait for connections.
func (s *Server) onDoorClosed(idle bool) {
	s.closeOnLoop()
	if idle {
		delete(s.self.closing, s)
		delete(s.self.hub.servers, s)
		s.self.continueDisconnect()
	}
}

func (s *Server) closeSocket() {
	if s.socket >= 0 {
		s.watcher.Close()
		fd.Close(s.socket)
		s.socket = -1
	}
}

// closeWithLoop closes what the loop's end leaves open.
func (s *Server) closeWithLoop() {
	s.closing = true
	s.closeSocket()
	s.door.close(true)
}

// addrOf returns the address of a socket.
func addrOf(socket int) net.Addr {
	a, err := unix.Getsockname(socket)
	if err != nil {
		return nil
	}
	if name, ok := a.(*unix.SockaddrUnix); ok {
		return &net.UnixAddr{Name: name.Name, Net: "unix"}
	}
	return net.TCPAddrFromAddrPort(addrPort(a))
}
