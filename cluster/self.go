package cluster

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// A Self is this process as a worker of a cluster. The primary is a Node program or a [Cluster].
// Make it with [Join].
//
// A Self's methods must be called on the loop goroutine. It keeps Run alive while the channel to
// the primary is open; a disconnect ends with its close. When the channel closes, the servers are
// closed too. A Node worker would exit if its channel closes unexpectedly; here the program
// decides, see [Self.OnDisconnect].
type Self struct {
	loop   *reactor.Loop
	hub    *hub
	parent *ipc.Channel // borrowed from the caller of Join, or ipc.Parent's
	id     int
	seq    int // seq of the next message to the primary

	// awaiting has the callbacks for replies of the primary, by seq; nil once the channel closed.
	awaiting map[int]func(m *ipc.Message, in *inbound, err error)
	servers  map[string]*Server       // open servers, by key
	closing  map[*Server]struct{}     // closed servers with open connections
	packets  map[*packetConn]struct{} // open UDP sockets
	indexes  map[string]*indexes      // by reply.indexKey

	state                 selfState
	primaryAsked          bool // the primary sent disconnect, so it needs no announcement
	exitedAfterDisconnect bool // Disconnect was called, by the program or the primary

	leave, disconnect events.Event[struct{}]
}

// selfState is the stage of a disconnect: joined → closing → reporting → disconnected. If the
// channel closes, any state → disconnected.
type selfState uint8

const (
	selfJoined       selfState = iota
	selfClosing                // the servers are closed, open connections go on
	selfReporting              // all connections are closed; the primary's reply is awaited
	selfDisconnected           // the channel has closed, or is about to
)

// indexes numbers the servers of a worker on one address, as Node does.
type indexes struct {
	next int          // a number is not reused while the address has a server
	used map[int]bool // numbers of servers and pending queries; never empty
}

// Join makes this process a worker of the cluster whose primary started it. parent is the channel
// that [ipc.Parent] returned; if it is nil, Join calls ipc.Parent. Join removes NODE_UNIQUE_ID from
// the environment, because the program's own children would take themselves for workers. If
// NODE_UNIQUE_ID is not set, the error is [ErrNotWorker]; other errors are those of ipc.Parent and
// of a send.
//
// A Node primary always starts "node" for its workers, whatever exec says. If it should start a Go
// program, set process.execPath:
//
//	process.execPath = '/usr/local/bin/worker';
//	cluster.setupPrimary({ exec: 'any', execArgv: [], args: [] });  // The arguments will be "any".
//	cluster.fork();
//
// Preconditions:
//   - parent, if not nil, is on l.
func Join(l *reactor.Loop, parent *ipc.Channel) (*Self, error) {
	id, err := strconv.Atoi(os.Getenv(envUniqueID))
	if err != nil {
		return nil, ErrNotWorker
	}
	if parent == nil {
		if parent, err = ipc.Parent(l); err != nil {
			return nil, err
		}
	}
	h, err := hubOf(l)
	if err != nil {
		return nil, err
	}
	_ = os.Unsetenv(envUniqueID) // It fails only for an impossible name.
	s := &Self{
		loop: l, hub: h, parent: parent, id: id, servers: map[string]*Server{}, closing: map[*Server]struct{}{}, indexes: map[string]*indexes{},
		awaiting: map[int]func(*ipc.Message, *inbound, error){}, packets: map[*packetConn]struct{}{},
	}
	onMessage(parent, nil, s.receive)
	parent.OnDisconnect(s.onDisconnect)
	if err := s.send(s.head(actOnline), nil); err != nil {
		return nil, err
	}
	return s, nil
}

// ID returns the worker's number, from 1.
func (s *Self) ID() int { return s.id }

// Parent returns the channel to the primary, for the program's own messages. If it closes, this
// process is no longer a worker.
func (s *Self) Parent() *ipc.Channel { return s.parent }

// ExitedAfterDisconnect reports whether Disconnect was called, by the program or the primary.
func (s *Self) ExitedAfterDisconnect() bool { return s.exitedAfterDisconnect }

// OnLeave calls fn once, on the tick after Disconnect began: the servers accept no further
// connection, and the channel closes when the last connection is closed. fn should close idle
// keep-alive connections ([net/http.Server.Shutdown]).
func (s *Self) OnLeave(fn func()) *events.Listener { return s.leave.On(func(struct{}) { fn() }) }

// OnDisconnect calls fn once, on the tick after the channel to the primary closed, for any reason.
// ExitedAfterDisconnect tells whether this was intended. Open connections stay open.
func (s *Self) OnDisconnect(fn func()) *events.Listener {
	return s.disconnect.On(func(struct{}) { fn() })
}

// head returns the head of the next message to the primary.
func (s *Self) head(act string) head {
	s.seq++
	return head{Cmd: command, Act: act, Seq: s.seq - 1}
}

// send sends v, whose head must be the latest that head returned. If it succeeds, then is called
// once: with the reply, or with ipc.ErrChannelClosed. then may be nil.
func (s *Self) send(v any, then func(m *ipc.Message, in *inbound, err error)) error {
	if !s.parent.Connected() {
		return ipc.ErrChannelClosed
	}
	seq := s.seq - 1
	if err := s.parent.SendInternal(v, &ipc.SendOptions{Done: ignore}); err != nil {
		return err
	}
	if then != nil {
		s.awaiting[seq] = then
	}
	return nil
}

// receive handles a message of the protocol from the primary.
func (s *Self) receive(m *ipc.Message, in *inbound) {
	if ack, ok := integer(in.Ack); ok {
		if then := s.awaiting[ack]; then != nil {
			delete(s.awaiting, ack)
			then(m, in, nil)
		}
		return
	}
	switch text(in.Act) {
	case actNewConn:
		s.onNewConn(m, in)
	case actDisconnect:
		s.primaryAsked = true
		s.Disconnect()
	}
}

// onNewConn offers a connection to its server, and replies whether the server accepts it.
func (s *Self) onNewConn(m *ipc.Message, in *inbound) {
	seq, ok := integer(in.Seq)
	if !ok {
		return
	}
	server, handle := s.servers[text(in.Key)], m.Handle()
	var begin func(replied bool)
	if server != nil && handle != nil {
		begin = server.take(handle)
	}
	if handle != nil {
		// It returns no error. If the server took the connection, it does nothing.
		_ = handle.Close()
	}
	accepted := begin != nil
	err := s.send(ackMessage{head: s.head(""), Ack: seq, Accepted: &accepted}, nil)
	if accepted {
		begin(err == nil) // The send fails if the primary has gone.
	}
}

// Disconnect closes the servers, waits until their connections are closed, announces to the primary
// that the exit is intended, and closes the channel. If the primary disconnects this worker, the
// same happens. Later calls do nothing.
func (s *Self) Disconnect() {
	if s.state != selfJoined {
		return
	}
	s.state, s.exitedAfterDisconnect = selfClosing, true
	s.closeServers()
	s.loop.NextTick(func() { reactor.Emit(s.loop, &s.leave, struct{}{}) })
	s.loop.NextTick(s.continueDisconnect) // Runs also when a listener of OnLeave panics.
}

// closeServers closes all servers and UDP sockets.
func (s *Self) closeServers() {
	for _, server := range s.servers {
		server.closeOnLoop()
	}
	for conn := range s.packets {
		_ = conn.Close() // It was open.
	}
}

// continueDisconnect announces the exit, or closes the channel, once no connection is open.
func (s *Self) continueDisconnect() {
	if s.state != selfClosing || len(s.servers)+len(s.closing) > 0 {
		return
	}
	s.state = selfReporting
	if s.primaryAsked {
		s.disconnectChannel()
		return
	}
	if s.send(s.head(actExitedAfterDisconnect), func(*ipc.Message, *inbound, error) { s.disconnectChannel() }) != nil {
		s.disconnectChannel()
	}
}

// disconnectChannel ends selfReporting.
func (s *Self) disconnectChannel() {
	if s.state == selfReporting {
		s.state = selfDisconnected
		if s.parent.Connected() {
			s.parent.Disconnect()
		}
	}
}

// onDisconnect handles the close of the channel.
func (s *Self) onDisconnect() {
	s.state = selfDisconnected
	s.closeServers()
	awaiting := s.awaiting
	s.awaiting = nil
	for _, seq := range slices.Sorted(maps.Keys(awaiting)) {
		s.loop.NextTick(func() { awaiting[seq](nil, nil, ipc.ErrChannelClosed) })
	}
	s.loop.NextTick(func() { reactor.Emit(s.loop, &s.disconnect, struct{}{}) })
}

// errBadReply is the cause for a reply of the primary that breaks the protocol.
var errBadReply = errors.New("the primary's reply makes no sense")
