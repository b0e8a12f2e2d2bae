package cluster

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// ListenOptions configure a worker's server. A nil *ListenOptions means all defaults.
type ListenOptions struct {
	// Backlog bounds the connections that the kernel keeps and nobody has accepted. 0: the most
	// that the system allows, or 511 if a Node primary accepts.
	Backlog int

	// OnConnection is called on the loop goroutine with each connection, and owns it. Nil:
	// connections come from [Server.Accept].
	OnConnection func(*streams.Duplex)

	// MaxWaiting bounds the connections that wait for Accept. If the primary accepts, it assigns
	// later ones to another worker. 0: DefaultMaxWaiting; at most 65536.
	MaxWaiting int

	// MaxConnections bounds the open connections. The primary assigns later ones to another worker.
	// If the workers accept, see [Shared], it has no effect. 0: no limit.
	MaxConnections int

	// ReuseAddr lets several sockets bind the same address, for ListenPacket.
	ReuseAddr bool
}

// DefaultMaxWaiting is the default of ListenOptions.MaxWaiting, in connections.
const DefaultMaxWaiting = 128

// maxWaiting bounds MaxWaiting, because a door has room for all of them from the beginning.
const maxWaiting = 1 << 16

// Listen asks the primary for a listener, like server.listen in a Node worker. It calls done later,
// never inside this call: with a [Server], which is a net.Listener, or with a *[ListenError] that
// wraps the system's error (EADDRINUSE) or [ipc.ErrChannelClosed]. The caller must Close the
// Server.
//
// Networks are "tcp", "tcp4", "tcp6" and "unix". A host is "" or an IP address, because no name is
// looked up. With port 0 all workers get the same port. The second server of a worker on one
// address is another listener, as in Node. For a server of this process alone (exclusive in Node)
// use net.Listen.
//
// If Listen returns an error, done is not called. The error is an *[OptionError], or the channel's,
// such as [ipc.ErrChannelClosed].
func (s *Self) Listen(network, address string, o *ListenOptions, done func(*Server, error)) error {
	var with ListenOptions
	if o != nil {
		with = *o
	}
	message, err := streamQuery(network, address)
	switch {
	case err != nil:
		return err
	case done == nil:
		return &OptionError{"done", "is nil"}
	case with.MaxWaiting < 0:
		return &OptionError{"MaxWaiting", "is negative"}
	case with.MaxWaiting > maxWaiting:
		return &OptionError{"MaxWaiting", "is over 65536"}
	case with.MaxConnections < 0:
		return &OptionError{"MaxConnections", "is negative"}
	}
	defaultTo(&with.MaxWaiting, DefaultMaxWaiting)
	with.Backlog = min(max(with.Backlog, 0), maxBacklog)
	message.Backlog = with.Backlog
	return s.sendQuery(message, func(r *reply, err error) {
		var server *Server
		if err == nil {
			server, err = s.serve(r, &with)
		}
		if err != nil {
			s.release(r)
			err = &ListenError{"listen", address, err}
		}
		reactor.Call(s.loop, func(err error) { done(server, err) }, err)
	})
}

// ListenPacket is Listen for "udp4" and "udp6". All workers have the same socket, and each datagram
// goes to one of them. The net.PacketConn is a *net.UDPConn with its own Close. The caller must
// Close it; it is closed when the worker disconnects.
func (s *Self) ListenPacket(network, address string, o *ListenOptions, done func(net.PacketConn, error)) error {
	message, err := packetQuery(network, address)
	switch {
	case err != nil:
		return err
	case done == nil:
		return &OptionError{"done", "is nil"}
	}
	if o != nil && o.ReuseAddr {
		message.Flags |= flagReuseAddr
	}
	return s.sendQuery(message, func(r *reply, err error) {
		var conn net.PacketConn
		if err == nil {
			conn, err = s.servePacket(r)
		}
		if err != nil {
			s.release(r)
			err = &ListenError{"listen", address, err}
		}
		reactor.Call(s.loop, func(err error) { done(conn, err) }, err)
	})
}

// streamQuery returns the query for a stream server.
func streamQuery(network, address string) (*queryMessage, error) {
	if network == "unix" {
		path, err := filepath.Abs(address)
		if err != nil || address == "" || strings.IndexByte(address, 0) >= 0 {
			return nil, &OptionError{"address", "is no path"}
		}
		return &queryMessage{Address: path, Port: -1, AddressType: -1}, nil
	}
	q, err := addressQuery("tcp", address)
	if err != nil {
		return nil, err
	}
	message := &queryMessage{Port: q.port, AddressType: 4}
	if !q.all {
		message.Address = q.ip.String()
		if q.ip.Is6() {
			message.AddressType = 6
		}
	}
	switch network {
	case "tcp":
	case "tcp4":
		if q.all {
			message.Address = "0.0.0.0"
		}
		if message.AddressType == 6 {
			return nil, &OptionError{"address", "is not of tcp4"}
		}
	case "tcp6":
		if q.all {
			message.Address, message.AddressType = "::", 6
		}
		if message.AddressType == 4 {
			return nil, &OptionError{"address", "is not of tcp6"}
		}
		message.Flags = flagIPv6Only
	default:
		return nil, &OptionError{"network", "is not tcp, tcp4, tcp6 or unix"}
	}
	return message, nil
}

// packetQuery returns the query for a UDP socket.
func packetQuery(network, address string) (*queryMessage, error) {
	if network != typeUDP4 && network != typeUDP6 {
		return nil, &OptionError{"network", "is neither udp4 nor udp6"}
	}
	message, err := streamQuery("tcp"+network[3:], address)
	if err != nil {
		return nil, err
	}
	message.AddressType, message.FD = network, new(-1)
	return message, nil
}

// A reply is a query and the primary's reply to it.
type reply struct {
	query    *queryMessage
	indexKey string
	key      string
	sockname any
	handle   *ipc.Handle // owned until release; nil: the primary accepts
}

// sendQuery sends message, with the next index among the servers on its address. then is called
// once, never inside this call, and must release the reply after an error.
func (s *Self) sendQuery(message *queryMessage, then func(*reply, error)) error {
	if s.state != selfJoined || !s.parent.Connected() {
		return ipc.ErrChannelClosed
	}
	for _, server := range s.servers {
		if server.door.isClosing() { // The primary must know about the close before this query.
			server.closeOnLoop()
		}
	}
	r := &reply{query: message, indexKey: keyOf(text(message.Address), message.Port, typeName(message.AddressType), -1, 0)}
	set := s.indexes[r.indexKey]
	if set == nil {
		set = &indexes{used: map[int]bool{}}
		s.indexes[r.indexKey] = set
	}
	message.Index = set.next
	set.next++
	set.used[message.Index] = true
	message.head = s.head(actQuery)
	err := s.send(message, func(m *ipc.Message, in *inbound, err error) {
		if err == nil {
			err = r.read(m, in)
		}
		then(r, err)
	})
	if err != nil {
		s.release(r)
	}
	return err
}

// read stores the primary's reply in r. The error is the system's in the primary, or errBadReply.
func (r *reply) read(m *ipc.Message, in *inbound) error {
	r.key, r.sockname = text(in.Key), in.Sockname
	if n, ok := integer(in.Errno); ok && n != 0 {
		if n > 0 || n < -4095 {
			return errBadReply
		}
		return syscall.Errno(-n)
	}
	r.handle = m.Handle()
	if r.key == "" {
		return errBadReply
	}
	return nil
}

// release gives back the server's index and closes the handle.
func (s *Self) release(r *reply) {
	if r.handle != nil {
		_ = r.handle.Close() // It returns no error.
	}
	if set := s.indexes[r.indexKey]; set != nil {
		delete(set.used, r.query.Index)
		if len(set.used) == 0 {
			delete(s.indexes, r.indexKey)
		}
	}
}

// serve makes the server of a reply, and reports to the primary that it listens.
func (s *Self) serve(r *reply, o *ListenOptions) (*Server, error) {
	if s.state != selfJoined { // Disconnect was called before the reply came.
		s.sendClose(r.key)
		return nil, net.ErrClosed
	}
	if s.servers[r.key] != nil {
		return nil, syscall.EADDRINUSE
	}
	server := newServer(s, r, o)
	port := r.query.Port
	switch {
	case r.handle != nil:
		if err := server.acceptShared(r.handle); err != nil {
			s.sendClose(r.key)
			return nil, err
		}
		if a, ok := server.addr.(*net.TCPAddr); ok {
			port = a.Port
		}
	default:
		server.addr = r.address()
		if a, ok := server.addr.(*net.TCPAddr); ok && a.Port != 0 {
			port = a.Port
		}
	}
	s.servers[r.key] = server
	s.hub.servers[server] = struct{}{}
	s.sendListening(r.query, port)
	return server, nil
}

func (s *Self) sendListening(message *queryMessage, port int) {
	listening := *message
	listening.head, listening.Port = s.head(actListening), port
	_ = s.send(listening, nil) // It fails if the primary has gone.
}

func (s *Self) sendClose(key string) {
	_ = s.send(keyMessage{s.head(actClose), key}, nil) // It fails if the primary has gone.
}

// address returns the address of a server whose primary accepts: the one in the reply, or else the
// one asked for.
func (r *reply) address() net.Addr {
	if r.query.Port < 0 {
		return &net.UnixAddr{Name: text(r.query.Address), Net: "unix"}
	}
	name, port := text(r.query.Address), r.query.Port
	var fields map[string]any
	switch v := r.sockname.(type) {
	case map[string]any:
		fields = v
	case interface{ Map() map[string]any }:
		fields = v.Map()
	}
	if s := text(fields["address"]); s != "" {
		name = s
	}
	return &net.TCPAddr{IP: net.ParseIP(name), Port: integerOr(fields["port"], port)}
}

// listenSocket returns a duplicate of the socket in h, non-blocking and listening, because Node's
// primary leaves listen(2) to the workers. The caller owns the duplicate.
func listenSocket(h *ipc.Handle, backlog int) (int, error) {
	f, err := h.File()
	if err != nil {
		return -1, err
	}
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	socket, failed := -1, error(nil)
	err = raw.Control(func(n uintptr) { socket, failed = fd.Duplicate(int(n), 0) })
	if err == nil {
		err = failed
	}
	if err == nil {
		err = fd.SetNonblock(socket, true)
	}
	if err == nil {
		if backlog == 0 {
			backlog = unix.SOMAXCONN
		}
		err = os.NewSyscallError("listen", unix.Listen(socket, backlog))
	}
	if err != nil {
		fd.Close(socket)
		return -1, err
	}
	return socket, nil
}
