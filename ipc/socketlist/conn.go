package socketlist

import "net"

// A TCPConn is a TCP connection that a [Server] counts: its own, or that of the process the
// connection came from. It is used like the *net.TCPConn inside; it must be closed by its own
// Close, though.
//
// Safe to call from any goroutine.
type TCPConn struct {
	*net.TCPConn
	counted *Counted
}

// Close closes the connection and has it counted no longer.
//
// Safe to call from any goroutine.
func (c *TCPConn) Close() error {
	err := c.TCPConn.Close()
	c.counted.Release() // Last: who is told that all are closed may rely on it.
	return err
}

func (c *TCPConn) countedConn() *Counted { return c.counted }

// A UnixConn is a connection over an AF_UNIX stream socket that a [Server] counts, as [TCPConn] is
// one over TCP.
//
// Safe to call from any goroutine.
type UnixConn struct {
	*net.UnixConn
	counted *Counted
}

// Close closes the connection and has it counted no longer.
//
// Safe to call from any goroutine.
func (c *UnixConn) Close() error {
	err := c.UnixConn.Close()
	c.counted.Release()
	return err
}

func (c *UnixConn) countedConn() *Counted { return c.counted }

// Count returns conn so that its Close leaves m. Without m it is conn itself.
func Count(conn net.Conn, m *Counted) net.Conn {
	if m == nil {
		return conn
	}
	switch conn := conn.(type) {
	case *net.TCPConn:
		return &TCPConn{conn, m}
	case *net.UnixConn:
		return &UnixConn{conn, m}
	}
	// Unreachable for stream sockets of package net. Not counting is the safe side: nobody waits
	// for this one for ever.
	m.Release()
	return conn
}

// ServerOf returns the Server of h that accepted v and counts it, nil when there is none.
func (h *Lists) ServerOf(v any) *Server {
	c, ok := v.(interface{ countedConn() *Counted })
	if !ok {
		return nil
	}
	m := c.countedConn()
	if m.server == nil || m.server.lists != h || m.server.state == serverClosed {
		return nil
	}
	return m.server
}
