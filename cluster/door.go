package cluster

import (
	"errors"
	"net"
	"sync"

	"github.com/brood-go/brood/reactor"
)

// A door is the part of a Server that other goroutines use: the queue of connections from the loop
// to Accept, and the number of open connections. All code of a Server that runs elsewhere than on
// the loop goroutine is in this file. A door's methods are safe to call from any goroutine.
type door struct {
	loop   *reactor.Loop
	conns  chan net.Conn // connections that wait for Accept; the door owns them
	closed chan struct{}
	// listener of a shared server, which Accept accepts from; nil: Accept takes from conns. It is
	// set before the door is used.
	ln       net.Listener
	onClosed func(idle bool) // see Server.onDoorClosed; runs on the loop goroutine

	mu      sync.Mutex
	count   int  // open connections, including those in conns and a call of ln.Accept
	closing bool // close was called; the channel closed is closed
}

// newDoor returns a door with room for waiting connections.
func newDoor(l *reactor.Loop, waiting int, onClosed func(idle bool)) *door {
	return &door{loop: l, conns: make(chan net.Conn, waiting), closed: make(chan struct{}), onClosed: onClosed}
}

// Accept waits for the next connection. It returns an error that wraps net.ErrClosed after Close,
// and after the worker has disconnected. A server with OnConnection returns errors.ErrUnsupported.
// The connection is a *net.TCPConn or *net.UnixConn with its own Close. The caller must Close it.
//
// Safe to call from any goroutine. Must not be called on the loop goroutine: it would wait for
// itself.
func (s *Server) Accept() (net.Conn, error) {
	s.self.loop.MustNotWait("cluster: Server.Accept")
	d := s.door
	if s.o.OnConnection != nil {
		return nil, &net.OpError{Op: "accept", Net: s.addr.Network(), Addr: s.addr, Err: errors.ErrUnsupported}
	}
	if d.ln != nil {
		d.acquire() // First, so that the worker is not idle between the two calls.
		conn, err := d.ln.Accept()
		if err != nil {
			d.release()
			return nil, err
		}
		return d.counted(conn), nil
	}
	select {
	case conn := <-d.conns:
		return conn, nil
	default:
	}
	select {
	case conn := <-d.conns:
		return conn, nil
	case <-d.closed:
	}
	select {
	case conn := <-d.conns: // It came before the close.
		return conn, nil
	default:
		return nil, &net.OpError{Op: "accept", Net: s.addr.Network(), Addr: s.addr, Err: net.ErrClosed}
	}
}

// Addr returns the address that the server listens on.
//
// Safe to call from any goroutine.
func (s *Server) Addr() net.Addr { return s.addr }

// Close stops the server. Connections that wait for Accept are closed; accepted ones stay open. It
// returns nil, and later calls do nothing. If no other worker listens on the address, the address
// becomes free, unless the primary keeps it (Options.KeepListeners).
//
// Safe to call from any goroutine.
func (s *Server) Close() error {
	s.door.close(true)
	// If the loop is closed, the channel's end has told the primary.
	_ = s.door.loop.Post(func() { s.onDoorClosed(false) })
	return nil
}

// full reports whether conns has no room.
func (d *door) full() bool { return len(d.conns) == cap(d.conns) }

// push queues conn for Accept. It returns false if there is no room, or if Close was called after
// full and isClosing were asked.
func (d *door) push(conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closing {
		select {
		case d.conns <- d.counted(conn):
			d.count++
			return true
		default:
		}
	}
	return false
}

// acquire counts an open connection.
func (d *door) acquire() {
	d.mu.Lock()
	d.count++
	d.mu.Unlock()
}

func (d *door) openCount() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

// isClosing reports whether the door takes no further connection.
func (d *door) isClosing() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closing
}

// release uncounts a connection that was closed.
func (d *door) release() {
	d.mu.Lock()
	d.count--
	idle := d.closing && d.count == 0
	d.mu.Unlock()
	if idle {
		d.reportIdle()
	}
}

// close makes the door take no further connection. With drop it closes the waiting ones; otherwise
// Accept still returns them.
func (d *door) close(drop bool) {
	d.mu.Lock()
	first := !d.closing
	if first {
		d.closing = true
		close(d.closed)
	}
	idle := d.count == 0
	d.mu.Unlock()
	if first && d.ln != nil {
		_ = d.ln.Close() // The listener was open.
	}
	for drop {
		select {
		case conn := <-d.conns:
			_ = conn.Close() // No byte was written to it.
			continue
		default:
		}
		break
	}
	if idle && first {
		d.reportIdle()
	}
}

// reportIdle posts to the loop that no connection is left.
func (d *door) reportIdle() {
	_ = d.loop.Post(func() { d.onClosed(true) }) // A closed loop need not know.
}

// counted returns conn with a Close that calls release, once.
func (d *door) counted(conn net.Conn) net.Conn {
	switch conn := conn.(type) {
	case *net.TCPConn:
		return &tcpConn{TCPConn: conn, release: sync.OnceFunc(d.release)}
	case *net.UnixConn:
		return &unixConn{UnixConn: conn, release: sync.OnceFunc(d.release)}
	}
	return &plainConn{Conn: conn, release: sync.OnceFunc(d.release)}
}

// tcpConn, unixConn and plainConn are connections of a Server. Their Close calls release.
type (
	tcpConn struct {
		*net.TCPConn
		release func()
	}
	unixConn struct {
		*net.UnixConn
		release func()
	}
	plainConn struct {
		net.Conn
		release func()
	}
)

// Close closes the connection.
func (c *tcpConn) Close() error {
	defer c.release()
	return c.TCPConn.Close()
}

// Close closes the connection.
func (c *unixConn) Close() error {
	defer c.release()
	return c.UnixConn.Close()
}

// Close closes the connection.
func (c *plainConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
