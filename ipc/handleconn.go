package ipc

import "net"

// A TCPConn is a TCP connection that a [Server] counts: its own, or that of the process the connection came from. It is
// used like the *net.TCPConn inside; it must be closed by its own Close, though.
//
// Safe to call from any goroutine.
type TCPConn struct {
	*net.TCPConn
	member *membership
}

// Close closes the connection and has it counted no longer.
//
// Safe to call from any goroutine.
func (c *TCPConn) Close() error {
	err := c.TCPConn.Close()
	c.member.leave() // Last: who is told that all are closed may rely on it.
	return err
}

func (c *TCPConn) membership() *membership { return c.member }

// A UnixConn is a connection over an AF_UNIX stream socket that a [Server] counts, as [TCPConn] is one over TCP.
//
// Safe to call from any goroutine.
type UnixConn struct {
	*net.UnixConn
	member *membership
}

// Close closes the connection and has it counted no longer.
//
// Safe to call from any goroutine.
func (c *UnixConn) Close() error {
	err := c.UnixConn.Close()
	c.member.leave()
	return err
}

func (c *UnixConn) membership() *membership { return c.member }

// count returns conn so that its Close leaves m. Without m it is conn itself.
func count(conn net.Conn, m *membership) net.Conn {
	if m == nil {
		return conn
	}
	switch conn := conn.(type) {
	case *net.TCPConn:
		return &TCPConn{conn, m}
	case *net.UnixConn:
		return &UnixConn{conn, m}
	}
	// Unreachable for stream sockets of package net. Not counting is the safe side: nobody waits for this one for ever.
	m.leave()
	return conn
}
