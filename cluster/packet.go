package cluster

import "net"

// A packetConn is a worker's UDP socket, which it shares with other workers. Its Close tells the
// primary.
//
// Its methods are safe to call from any goroutine.
type packetConn struct {
	*net.UDPConn
	onClose func() // runs after Close; safe to call from any goroutine
}

// Close closes this process's descriptor of the socket. Later calls return net.ErrClosed.
func (c *packetConn) Close() error {
	defer c.onClose()
	return c.UDPConn.Close()
}

// servePacket takes the UDP socket out of a reply, and reports to the primary that it listens.
func (s *Self) servePacket(r *reply) (net.PacketConn, error) {
	switch {
	case s.state != selfJoined: // Disconnect was called before the reply came.
		s.sendClose(r.key)
		return nil, net.ErrClosed
	case r.handle == nil:
		return nil, errBadReply
	}
	conn, err := r.handle.PacketConn()
	if err != nil {
		s.sendClose(r.key)
		return nil, err
	}
	c := &packetConn{UDPConn: conn.(*net.UDPConn)}
	// If the loop is closed, the channel's end has told the primary.
	c.onClose = func() { _ = s.loop.Post(func() { s.onPacketClosed(r, c) }) }
	s.packets[c] = struct{}{}
	s.sendListening(r.query, conn.LocalAddr().(*net.UDPAddr).Port)
	return c, nil
}

// onPacketClosed reports to the primary, once, that the program has closed a UDP socket.
func (s *Self) onPacketClosed(r *reply, c *packetConn) {
	if _, ok := s.packets[c]; ok {
		delete(s.packets, c)
		s.sendClose(r.key)
		s.release(r)
	}
}
