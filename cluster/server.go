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

// A Server is the server of a Go worker on a listener of the cluster. It is a net.Listener: Accept,
// Addr and Close are safe to call from any goroutine. All else runs on the loop goroutine.
//
// When the worker disconnects, Accept returns the connections taken before, and then net.ErrClosed.
type Server struct {
	self  *Self
	reply *reply
	o     ListenOptions
	addr  net.Addr // never changed once done of Listen was called

	door    *door            // the part for other goroutines
	socket  int              // owned; of a shared server with OnConnection, else -1
	watcher *reactor.Watcher // of socket; nil without it
	ln      net.Listener     // of a shared server without OnConnection, else nil; door closes it
	closing bool             // closeOnLoop or closeWithLoop was called
}

// newServer returns a server that cannot accept yet.
func newServer(s *Self, r *reply, o *ListenOptions) *Server {
	server := &Server{self: s, reply: r, o: *o, socket: -1}
	server.door = newDoor(s.loop, o.MaxWaiting, server.onDoorClosed)
	return server
}

// acceptShared makes the server accept from the socket in h, which all workers have.
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
	_ = f.Close() // The listener has a duplicate.
	if err != nil {
		return err
	}
	if ln, ok := s.ln.(*net.UnixListener); ok {
		ln.SetUnlinkOnClose(false) // The path belongs to the primary.
	}
	s.addr = s.ln.Addr()
	s.door.ln = s.ln
	return nil
}

// accept accepts connections from a shared socket.
func (s *Server) accept() {
	for range acceptBudget {
		if s.socket < 0 {
			return
		}
		conn, err := fd.Accept(s.socket)
		if err == unix.EAGAIN {
			return
		}
		if err != nil { // EMFILE, for example.
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

// retryLater stops the watcher for acceptRetryDelay.
func (s *Server) retryLater() {
	if s.watcher.Set(0) != nil {
		return // The watcher is closed.
	}
	s.self.loop.SetTimeout(acceptRetryDelay, func() {
		if s.socket >= 0 {
			_ = s.watcher.Set(reactor.Readable) // The socket was watched before.
		}
	}).Unref()
}

// take takes a connection that the primary assigned, or returns nil to refuse it. begin must be
// called after the reply to the primary was sent (replied) or could not be sent. The program must
// not have the connection earlier: it could answer and die, and a primary without the reply would
// assign the connection to another worker. If the reply could not be sent, begin closes the
// connection.
func (s *Server) take(h *ipc.Handle) (begin func(replied bool)) {
	switch {
	case s.closing || s.door.isClosing() || s.o.MaxConnections > 0 && s.door.openCount() >= s.o.MaxConnections:
		return nil
	case s.o.OnConnection != nil:
		d, err := h.Duplex(s.self.loop)
		if err != nil {
			return nil
		}
		return func(replied bool) {
			if replied {
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
	return func(replied bool) {
		if !replied || !s.door.push(conn) {
			_ = conn.Close() // No byte was written to it.
		}
	}
}

// emit calls OnConnection, and counts the connection until both halves are closed.
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

// closeOnLoop stops the server, and reports that to the primary. It acts once. Connections taken
// before can still be accepted.
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

// onDoorClosed runs on the loop after Server.Close, and again (idle) once the server is closed and
// has no open connection.
func (s *Server) onDoorClosed(idle bool) {
	s.closeOnLoop()
	if idle {
		delete(s.self.closing, s)
		delete(s.self.hub.servers, s)
		s.self.continueDisconnect()
	}
}

// closeSocket closes the socket of a shared server with OnConnection.
func (s *Server) closeSocket() {
	if s.socket >= 0 {
		s.watcher.Close()
		fd.Close(s.socket)
		s.socket = -1
	}
}

// closeWithLoop closes the server's descriptors when the loop closes.
func (s *Server) closeWithLoop() {
	s.closing = true
	s.closeSocket()
	s.door.close(true)
}

// addrOf returns the address of a listening socket.
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
