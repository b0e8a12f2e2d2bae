package cluster

import (
	"errors"
	"net"
	"sync"

	"github.com/brood-go/brood/reactor"
)

// A door is the part of a Server that other goroutines use, all of it in this file: its connections
// on their way from the loop to Accept, and how many are open. Its methods are safe to call from
// any goroutine.
type door struct {
	loop   *reactor.Loop
	conns  chan net.Conn // its capacity is how many may wait
	closed chan struct{}
	// that Accept accepts from; nil: from conns. Set before the door is used.
	ln       net.Listener
	onClosed func(idle bool) // is called on the loop, see Server.onDoorClosed

	mu      sync.Mutex
	count   int  // connections that are open, waiting ones included
	closing bool // closed is closed
}

func newDoor(l *reactor.Loop, waiting int, finish func(idle bool)) *door {
	return &door{loop: l, conns: make(chan net.Conn, waiting), closed: make(chan struct{}), onClosed: finish}
}

// Accept waits for the next connection. After Close, and when the worker has disconnected, it
// returns an error that wraps net.ErrClosed. The connection is a *net.TCPConn or *net.UnixConn with
// another Close.
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
		d.acquire() // Before: the worker must not be taken for idle between the accept and this.
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
	case conn := <-d.conns: // It came before the end.
		return conn, nil
	default:
		return nil, &net.OpError{Op: "accept", Net: s.addr.Network(), Addr: s.addr, Err: net.ErrClosed}
	}
}

// Addr returns where the server listens.
//
// Safe to call from any goroutine.
func (s *Server) Addr() net.Addr { return s.addr }

// Close has the server take nothing more; what was taken and not accepted is closed. Connections
// that were accepted stay. Closing twice is harmless, and it returns nil. The address becomes free
// when no other worker has it, see Options.KeepListeners of a Go primary.
//
// Safe to call from any goroutine.
func (s *Server) Close() error {
	s.door.close(true)
	// A loop that is closed has told the primary by its end.
	_ = s.door.loop.Post(func() { s.onDoorClosed(false) })
	return nil
}

// full reports whether no more connections may wait.
func (d *door) full() bool { return len(d.conns) == cap(d.conns) }

// push has a connection wait for Accept, and reports whether one may: since full and shut have said
// so, Close may have been called.
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

// isClosing reports whether nothing more comes in.
func (d *door) isClosing() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closing
}

// release is called when a connection was closed.
func (d *door) release() {
	d.mu.Lock()
	d.count--
	idle := d.closing && d.count == 0
	d.mu.Unlock()
	if idle {
		d.reportIdle()
	}
}

// close has nothing more come in. With drop what waits is closed; without, Accept returns it yet.
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
		_ = d.ln.Close() // It was open.
	}
	for drop {
		select {
		case conn := <-d.conns:
			_ = conn.Close() // Nobody has written to it.
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

// counted returns a connection whose Close tells the door.
func (d *door) counted(conn net.Conn) net.Conn {
	switch conn := conn.(type) {
	case *net.TCPConn:
		return &tcpConn{TCPConn: conn, release: sync.OnceFunc(d.release)}
	case *net.UnixConn:
		return &unixConn{UnixConn: conn, release: sync.OnceFunc(d.release)}
	}
	return &plainConn{Conn: conn, release: sync.OnceFunc(d.release)}
}

// tcpConn, unixConn and plainConn are connections that a Server waits for.
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
