package socketlist

import (
	"math"
	"slices"
	"strconv"
)

// The cmd of the messages (Node v20, lib/internal/socket_list.js). The members of a message have
// Node's order.
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

// process counts the connections of one server that were sent over one channel.
type process struct {
	server *Server // constant
	peer   *Peer   // constant; has it in processes until drop or forget
	// connections that were sent and neither acknowledged nor given up; never negative
	inFlight int
	arrived  bool // a connection was acknowledged, so the process knows the key

	counts    []*countRequest // requests that wait for NODE_SOCKET_COUNT
	asked     int             // unanswered NODE_SOCKET_NOTIFY_CLOSE
	askQueued bool            // another one is sent on the next tick
}

// countRequest is one call of Connections.
type countRequest struct {
	fn    func(n int, err error) // nil once its call was posted
	total int                    // connections so far
	left  int                    // replies that have not come
}

// Connections calls fn once, on a later turn, with the number of open connections: in this process,
// and in each process to which some were sent. A connection on its way counts as the receiver's. If
// the channel to a process closes before its reply, err is [ErrProcessEnded]; if a reply is
// malformed, [ErrCount]. There is no time limit: a process whose event loop stands still is waited
// for.
//
// Preconditions:
//
//   - fn is not nil, or Connections panics.
func (s *Server) Connections(fn func(n int, err error)) {
	if fn == nil {
		panic("socketlist: Connections: nil callback")
	}
	r := &countRequest{fn: fn, total: s.tally.count(), left: 1}
	// All requests are sent before the first reply is read, on a later turn.
	for _, pr := range s.processes {
		r.left++
		pr.askCount(r)
	}
	s.resolve(r, 0, nil)
}

// resolve adds one reply, or an error, to r. After the last reply or the first error it posts r.fn.
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
	// Posted, because resolve may run inside Connections, and because a panic of fn must not stop
	// others. Post fails on a closed loop, where no callback runs any more.
	_ = s.lists.loop.Post(func() { fn(total, err) })
}

// Sent notes that a connection of s was sent to the process. Call it when the kernel has the
// descriptor; it sends nothing itself. The caller must call arrive once: with true when the process
// has acknowledged the connection, with false when the connection was given up. If s has closed,
// because the connection was closed here while its message was queued, Sent returns nil.
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

// arrive takes the result of one sent connection. A process that received none is dropped, because
// it does not know the key and would not answer.
func (pr *process) arrive(ok bool) {
	pr.inFlight--
	pr.arrived = pr.arrived || ok
	if !pr.arrived && pr.inFlight == 0 {
		pr.drop(nil)
	}
}

// askCount asks the process for its count, for r. If a question is already on its way, its answer
// is for r too, because the queue to a process that does not answer must not grow.
func (pr *process) askCount(r *countRequest) {
	if len(pr.counts) == 0 {
		pr.peer.channel.Send(socketMessage{Cmd: cmdGetCount, Key: pr.server.key})
	}
	pr.counts = append(pr.counts, r)
}

// askClosed asks the process to say when its connections are closed. A connection that is on its
// way arrives before the question, as everything sent before it does.
func (pr *process) askClosed() {
	pr.asked++
	pr.peer.channel.Send(socketMessage{Cmd: cmdNotifyClose, Key: pr.server.key})
}

// queueAsk queues askClosed as the next tick, once.
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

// known reports whether pr was not dropped.
func (pr *process) known() bool { return pr.peer.processes[pr.server.key] == pr }

// allClosed reports whether the process has answered every askClosed: it has no connection of the
// server any more.
func (pr *process) allClosed() bool { return pr.asked == 0 && !pr.askQueued }

// takeCount takes the count of NODE_SOCKET_COUNT.
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

// drop removes the process from its peer and its server. Requests that wait for its count get err,
// or a count of 0 if err is nil.
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

// parseCount returns the count that a JSON number is. The error is ErrCount.
func parseCount(text string) (int, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != math.Trunc(n) || n < 0 || n > math.MaxInt32 {
		return 0, ErrCount
	}
	return int(n), nil
}
