package socketlist

import "net"

// A TCPConn is a TCP connection that a [Server] counts: a Server of this process, or of the process
// from which the connection came. Use it like the *net.TCPConn inside, but close it by its own
// Close.
//
// Safe to call from any goroutine.
type TCPConn struct {
	*net.TCPConn
	counted *Counted
}

// Close closes the connection and takes it off the count.
//
// Safe to call from any goroutine.
func (c *TCPConn) Close() error {
	err := c.TCPConn.Close()
	c.counted.Release() // Last, so that the connection is closed when the count reaches zero.
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

// Close closes the connection and takes it off the count.
//
// Safe to call from any goroutine.
func (c *UnixConn) Close() error {
	err := c.UnixConn.Close()
	c.counted.Release()
	return err
}

func (c *UnixConn) countedConn() *Counted { return c.counted }

// Count returns conn as a *[TCPConn] or *[UnixConn] whose Close releases counted. If that is nil it
// returns conn itself.
func Count(conn net.Conn, counted *Counted) net.Conn {
	if counted == nil {
		return conn
	}
	switch conn := conn.(type) {
	case *net.TCPConn:
		return &TCPConn{conn, counted}
	case *net.UnixConn:
		return &UnixConn{conn, counted}
	}
	// Unreachable for stream sockets of package net. Not counting is the safe side, because no
	// Server then waits for this connection without end.
	counted.Release()
	return conn
}

// ServerOf returns the open or closing Server of l that accepted v, nil if there is none.
func (l *Lists) ServerOf(v any) *Server {
	c, ok := v.(interface{ countedConn() *Counted })
	if !ok {
		return nil
	}
	counted := c.countedConn()
	if counted.server == nil || counted.server.lists != l || counted.server.state == serverClosed {
		return nil
	}
	return counted.server
}
