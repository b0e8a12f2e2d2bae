package ipc

import (
	"errors"
	"net"

	"github.com/brood-go/brood/ipc/socketlist"
	"github.com/brood-go/brood/reactor"
)

// A Server is a listener that counts the open connections that it accepted, including those sent to
// other processes, Go or Node, over channels of its loop. [Server.Connections] counts them in all
// processes, and the close event comes when the last one is closed. The other methods are those of
// the [socketlist.Server] in it. It is a net.Listener and can itself be sent.
type Server struct{ *socketlist.Server }

// A TCPConn is a TCP connection that a [Server] counts: one of this process, or of the process from
// which the connection came.
type TCPConn = socketlist.TCPConn

// A UnixConn is a connection over an AF_UNIX stream socket that a [Server] counts, as [TCPConn] is
// one over TCP.
type UnixConn = socketlist.UnixConn

// ErrChildClosedBeforeReply is the error of [Server.Connections] when the channel to a process with
// connections closed before that process replied with its count.
var ErrChildClosedBeforeReply = socketlist.ErrProcessEnded

// NewServer returns a Server that accepts from ln, a *net.TCPListener or *net.UnixListener, for
// loop l. It takes ownership of ln unless it returns an error. The Server keeps Run alive until its
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

// Connections calls fn once, on a later turn, with the number of open connections, in this process
// and in the processes that got some. The error is [ErrChildClosedBeforeReply], or a *[HandleError]
// for a malformed reply.
//
// Preconditions:
//
//   - fn is not nil, or Connections panics.
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

// serverError wraps err, the reason why ln cannot become a Server.
func serverError(ln net.Listener, err error) error {
	e := sendError(ln, err).(*HandleError)
	e.Op = "serve"
	return e
}

// socketChannel makes a Channel a socketlist.Channel.
type socketChannel struct{ *Channel }

func (c socketChannel) Send(v any) { c.sendVital(v) }

// socketPeer returns the count of connections that were sent over the channel or came over it, and
// makes it on the first call. It is closed right before OnDisconnect.
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
