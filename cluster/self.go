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

// A Self is this process as a worker of a cluster, whose primary is a Node program or a [Cluster].
// Make it with [Join].
//
// A Self's methods must be called on the loop goroutine. It keeps Run alive until the channel to
// the primary ends, as it does at the end of a disconnect; then its servers are closed, too. A Node
// worker would exit at once when the channel ends and nobody has told it to disconnect; here the
// program decides, see [Self.OnDisconnect].
type Self struct {
	loop   *reactor.Loop
	hub    *hub
	parent *ipc.Channel
	id     int
	seq    int
	// by seq, until the primary has replied
	awaiting map[int]func(m *ipc.Message, in *inbound, err error)
	servers  map[string]*Server // by key, those that are open
	// those that wait for their connections
	closing               map[*Server]struct{}
	packets               map[*packetConn]struct{}
	indexes               map[string]*indexes
	state                 selfState
	primaryAsked          bool // by the primary: it need not be told
	exitedAfterDisconnect bool

	leave, disconnect events.Event[struct{}]
}

// selfState is how far a worker has come: joined → closing → reporting → disconnected.
type selfState uint8

const (
	selfJoined       selfState = iota
	selfClosing                // its servers are closed, their connections are waited for
	selfReporting              // the primary is told, and replies
	selfDisconnected           // the channel has ended, or is about to
)

// indexes number the servers of a worker that have one address, as Node does.
type indexes struct {
	next int
	used map[int]bool
}

// Join makes this process what its parent has started it as: a worker of a cluster. The parent is
// the channel that ipc.Parent returns; nil: Join calls it. It takes NODE_UNIQUE_ID out of the
// environment, so that this program's own children do not think that they are workers. Without it
// the error is [ErrNotWorker]; others are those of [ipc.Parent].
//
// A Node primary starts "node" as its workers, whatever exec is; to have it start a Go program set
// process.execPath:
//
//	process.execPath = '/usr/local/bin/worker';
//	cluster.setupPrimary({ exec: 'any', execArgv: [], args: [] });  // The arguments will be "any".
//	cluster.fork();
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
	_ = os.Unsetenv(envUniqueID) // It fails for impossible names only.
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

// Parent returns the channel to the primary, for messages of the program's own. Its end is the
// worker's.
func (s *Self) Parent() *ipc.Channel { return s.parent }

// ExitedAfterDisconnect reports whether the worker was told to disconnect, or does so by itself.
func (s *Self) ExitedAfterDisconnect() bool { return s.exitedAfterDisconnect }

// OnLeave calls fn once, when the worker begins to disconnect: its servers take nothing more, and
// when their connections are closed the channel ends. It is the moment to close those that only
// keep alive ([net/http.Server.Shutdown]).
func (s *Self) OnLeave(fn func()) *events.Listener { return s.leave.On(func(struct{}) { fn() }) }

// OnDisconnect calls fn once, when the channel to the primary has ended, for whatever reason.
// ExitedAfterDisconnect tells whether it was meant to. Connections that are open then stay.
func (s *Self) OnDisconnect(fn func()) *events.Listener {
	return s.disconnect.On(func(struct{}) { fn() })
}

// head returns the beginning of the next message to the primary.
func (s *Self) head(act string) head {
	s.seq++
	return head{Cmd: command, Act: act, Seq: s.seq - 1}
}

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

// receive is called with each message of the protocol from the primary.
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

// onNewConn gives a connection to the server that it is for, or back.
func (s *Self) onNewConn(m *ipc.Message, in *inbound) {
	seq, ok := integer(in.Seq)
	if !ok {
		return
	}
	server, handle := s.servers[text(in.Key)], m.Handle()
	var begin func(said bool)
	if server != nil && handle != nil {
		begin = server.take(handle)
	}
	if handle != nil {
		_ = handle.Close() // It returns no error, and does nothing when the server has it.
	}
	accepted := begin != nil
	err := s.send(ackMessage{head: s.head(""), Ack: seq, Accepted: &accepted}, nil)
	if accepted {
		begin(err == nil) // It fails when the primary has gone.
	}
}

// Disconnect leaves the cluster: the servers take nothing more, the connections that they have are
// waited for, the primary is told that this was meant to be, and then the channel ends. It is what
// happens too when the primary wants it. Calling it again does nothing.
func (s *Self) Disconnect() {
	if s.state != selfJoined {
		return
	}
	s.state, s.exitedAfterDisconnect = selfClosing, true
	s.closeServers()
	s.loop.NextTick(func() { reactor.Emit(s.loop, &s.leave, struct{}{}) })
	s.loop.NextTick(s.continueDisconnect) // Also when a listener of OnLeave panics.
}

// closeServers has nothing more come in.
func (s *Self) closeServers() {
	for _, server := range s.servers {
		server.closeOnLoop()
	}
	for conn := range s.packets {
		_ = conn.Close() // It was open.
	}
}

// continueDisconnect goes on with the end when no connection is left.
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

func (s *Self) disconnectChannel() {
	if s.state == selfReporting {
		s.state = selfDisconnected
		if s.parent.Connected() {
			s.parent.Disconnect()
		}
	}
}

// onDisconnect is called when the channel has ended.
func (s *Self) onDisconnect() {
	s.state = selfDisconnected
	s.closeServers()
	asked := s.awaiting
	s.awaiting = nil
	for _, seq := range slices.Sorted(maps.Keys(asked)) {
		s.loop.NextTick(func() { asked[seq](nil, nil, ipc.ErrChannelClosed) })
	}
	s.loop.NextTick(func() { reactor.Emit(s.loop, &s.disconnect, struct{}{}) })
}

// errSenseless is why a reply of the primary makes no sense.
var errBadReply = errors.New("the primary's reply makes no sense")
