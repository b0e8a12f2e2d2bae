package ipc

import (
	"errors"
	"net"

	"github.com/brood-go/brood/ipc/socketlist"
	"github.com/brood-go/brood/reactor"
)

// A Server is a listener that knows how many of the connections it accepted are open, also those
// that were sent to other processes over channels of its loop, be they Go or Node:
// [Server.Connections] counts them wherever they live, and the close event comes when the last one
// is gone. The methods that are not here are those of the [socketlist.Server] in it; it is itself a
// net.Listener that can be sent.
type Server struct{ *socketlist.Server }

// A TCPConn is a TCP connection that a [Server] counts: its own, or that of the process the
// connection came from.
type TCPConn = socketlist.TCPConn

// A UnixConn is a connection over an AF_UNIX stream socket that a [Server] counts, as [TCPConn] is
// one over TCP.
type UnixConn = socketlist.UnixConn

// ErrChildClosedBeforeReply is what [Server.Connections] ends with when the channel to a process
// that was sent connections ended before that process told how many it has.
var ErrChildClosedBeforeReply = socketlist.ErrProcessEnded

// NewServer returns a Server that accepts from ln, a *net.TCPListener or *net.UnixListener, for
// loop l. It takes ownership of ln once it returned no error. The Server keeps Run alive until its
// close event, see [socketlist.Server.Unref]. Errors are *[HandleError].
func NewServer(l *reactor.Loop, ln net.Listener) (*Server, error) {
	if l == nil {
		return nil, serverError(ln, errNilLoop)
	}
	h, err := hubOf(l)
	if err != nil {
		return nil, serverError(ln, err)
	}
	s, err := h.sockets.NewServer(ln)
	if err != nil {
		return nil, serverError(ln, err)
	}
	return &Server{s}, nil
}

// Connections is that of [socketlist.Server]: it calls fn once, on a later turn, with the number of
// connections that are open, in this process and in those that were sent some. The error is
// [ErrChildClosedBeforeReply], or a *[HandleError] for a reply that makes no sense.
func (s *Server) Connections(fn func(n int, err error)) {
	if fn == nil {
		panic("ipc: Connections: nil callback")
	}
	s.Server.Connections(func(n int, err error) {
		if errors.Is(err, socketlist.ErrCount) {
			err = &HandleError{Op: "count", Type: wireSocket, Err: err}
		}
		fn(n, err)
	})
}

func serverError(ln net.Listener, err error) error {
	e := sendError(ln, err).(*HandleError)
	e.Op = "serve"
	return e
}

// socketChannel is a channel as package socketlist wants it.
type socketChannel struct{ *Channel }

func (c socketChannel) Send(v any) { c.sendInternal(v) }

// socketPeer returns the accounting of connections with the process at the other end, which ends
// with the channel.
func (c *Channel) socketPeer() *socketlist.Peer {
	if c.sockets != nil {
		return c.sockets
	}
	c.sockets = c.hub.sockets.NewPeer(socketChannel{c})
	c.OnInternal(socketlist.Prefix, func(m *Message) {
		var v struct{ Cmd string }
		if m.Decode(&v) != nil {
			return // Unreachable: it has a cmd.
		}
		c.sockets.Message(v.Cmd, func(name string) (string, bool) { return c.format.member(m, name) })
	})
	c.addDisconnectHook(c.sockets.Close)
	return c.sockets
}
