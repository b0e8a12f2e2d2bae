package socketlist

import (
	"math"
	"slices"
	"strconv"
)

// Messages of the accounting, Node v20, lib/internal/socket_list.js. The order of the members is
// that of Node.
const (
	cmdGetCount    = "NODE_SOCKET_GET_COUNT"
	cmdCount       = "NODE_SOCKET_COUNT"
	cmdNotifyClose = "NODE_SOCKET_NOTIFY_CLOSE"
	cmdAllClosed   = "NODE_SOCKET_ALL_CLOSED"
)

type socketMessage struct {
	Cmd string `json:"cmd"`
	Key string `json:"key"`
}

type socketCountMessage struct {
	Cmd   string `json:"cmd"`
	Key   string `json:"key"`
	Count int    `json:"count"`
}

// process is one that was sent connections of one server: a pair of channel and key.
type process struct {
	server   *Server
	peer     *Peer
	inFlight int  // connections that were sent and neither acknowledged nor given up
	arrived  bool // one was acknowledged: the process knows the key

	counts    []*countRequest // that wait for its reply
	asked     int             // NODE_SOCKET_NOTIFY_CLOSE without reply
	askQueued bool            // another one goes out on the next tick
}

// countRequest is one call of Connections.
type countRequest struct {
	fn    func(n int, err error) // nil once it was called or is about to be
	total int
	left  int // replies to come
}

// Connections calls fn once, on a later turn, with the number of connections that are open: in this
// process, and in each process that was sent some. Those on their way count as the receiver's. When
// the channel to one of them ends before the reply, err is [ErrProcessEnded]; when its reply makes
// no sense, [ErrCount]. There is no time limit: a process whose event loop stands still is waited
// for. It panics when fn is nil.
func (s *Server) Connections(fn func(n int, err error)) {
	if fn == nil {
		panic("socketlist: Connections: nil callback")
	}
	r := &countRequest{fn: fn, total: s.tally.count(), left: 1}
	// Every request is out before the first reply is looked at, since that is a later turn.
	for _, pr := range s.processes {
		r.left++
		pr.askCount(r)
	}
	s.resolve(r, 0, nil)
}

// resolve takes one reply.
func (s *Server) resolve(r *countRequest, n int, err error) {
	r.total += min(n, math.MaxInt-r.total)
	r.left--
	if r.fn == nil || err == nil && r.left > 0 {
		return
	}
	fn, total := r.fn, r.total
	r.fn = nil
	if err != nil {
		total = 0
	}
	// Posted, because resolve may run inside Connections, and so that a panic is that callback's
	// alone. A closed loop has no callbacks.
	_ = s.lists.loop.Post(func() { fn(total, err) })
}

// Sent notes that a connection of s goes to the process. It is called when the descriptor is
// with the kernel, and so sends nothing itself. arrive, which may be called once, ends the flight:
// the process has acknowledged the connection, or it was given up. It is nil when s has had its
// close event, for a connection that was closed here while its message was queued.
func (p *Peer) Sent(s *Server) (arrive func(ok bool)) {
	if s.state == serverClosed {
		return nil
	}
	pr := p.processes[s.key]
	if pr == nil || pr.server != s {
		pr = &process{server: s, peer: p}
		p.processes[s.key] = pr
		s.processes = append(s.processes, pr)
	}
	pr.inFlight++
	if s.state == serverClosing {
		pr.queueAsk()
	}
	return pr.arrive
}

// arrive ends the flight of one connection. A process that never got one does not know the key and
// answers nothing.
func (pr *process) arrive(ok bool) {
	pr.inFlight--
	pr.arrived = pr.arrived || ok
	if !pr.arrived && pr.inFlight == 0 {
		pr.drop(nil)
	}
}

// askCount asks for the count, unless a question is on its way already: its answer is for all, so
// that what is queued for a process that does not answer does not grow.
func (pr *process) askCount(r *countRequest) {
	if len(pr.counts) == 0 {
		pr.peer.channel.Send(socketMessage{Cmd: cmdGetCount, Key: pr.server.key})
	}
	pr.counts = append(pr.counts, r)
}

// askClosed has the process tell when its connections are closed. There may be one on the way to
// it: the question goes behind that, as everything does.
func (pr *process) askClosed() {
	pr.asked++
	pr.peer.channel.Send(socketMessage{Cmd: cmdNotifyClose, Key: pr.server.key})
}

func (pr *process) queueAsk() {
	if pr.askQueued {
		return
	}
	pr.askQueued = true
	pr.server.lists.loop.NextTick(func() {
		pr.askQueued = false
		if pr.known() {
			pr.askClosed()
		}
	})
}

// known reports whether pr is still one of its server's.
func (pr *process) known() bool { return pr.peer.processes[pr.server.key] == pr }

// allClosed reports whether the process has said that it has no connection of the server any more.
func (pr *process) allClosed() bool { return pr.asked == 0 && !pr.askQueued }

// takeCount takes NODE_SOCKET_COUNT.
func (pr *process) takeCount(text string) {
	n, err := parseCount(text)
	requests := pr.counts
	pr.counts = nil
	for _, r := range requests {
		pr.server.resolve(r, n, err)
	}
}

// takeAllClosed takes NODE_SOCKET_ALL_CLOSED.
func (pr *process) takeAllClosed() {
	if pr.asked > 0 {
		pr.asked--
		pr.server.closeIfIdle()
	}
}

// drop takes the process out of the accounting. err is what those get who wait for its count; nil:
// it has none.
func (pr *process) drop(err error) {
	if !pr.known() {
		return
	}
	pr.forget()
	s := pr.server
	s.processes = slices.DeleteFunc(s.processes, func(other *process) bool { return other == pr })
	requests := pr.counts
	pr.counts = nil
	for _, r := range requests {
		s.resolve(r, 0, err)
	}
	s.closeIfIdle()
}

func (pr *process) forget() { delete(pr.peer.processes, pr.server.key) }

// parseCount reads a JSON number that counts something.
func parseCount(text string) (int, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != math.Trunc(n) || n < 0 || n > math.MaxInt32 {
		return 0, ErrCount
	}
	return int(n), nil
}
