package cluster

import "net"

// A packetConn is a worker's share of a UDP socket, whose Close tells the primary.
//
// Its methods are safe to call from any goroutine.
type packetConn struct {
	*net.UDPConn
	onClose func()
}

// Close closes the socket here.
func (c *packetConn) Close() error {
	defer c.onClose()
	return c.UDPConn.Close()
}

// servePacket makes the UDP socket of a reply, and tells the primary that it is there.
func (s *Self) servePacket(r *reply) (net.PacketConn, error) {
	switch {
	case s.state != selfJoined: // It has been told to disconnect meanwhile.
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
	// A loop that is closed has told the primary by its end.
	c.onClose = func() { _ = s.loop.Post(func() { s.onPacketClosed(r, c) }) }
	s.packets[c] = struct{}{}
	s.sendListening(r.query, conn.LocalAddr().(*net.UDPAddr).Port)
	return c, nil
}

// onPacketClosed tells the primary, once, that a UDP socket was closed.
func (s *Self) onPacketClosed(r *reply, c *packetConn) {
	if _, ok := s.packets[c]; ok {
		delete(s.packets, c)
		s.sendClose(r.key)
		s.release(r)
	}
}
