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
	for _, w := range s.processes {
		r.left++
		w.askCount(r)
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

// HandOut notes that a connection of s goes to the process. It is called when the descriptor is
// with the kernel, and so sends nothing itself. arrive, which may be called once, ends the flight:
// the process has acknowledged the connection, or it was given up. It is nil when s has had its
// close event, for a connection that was closed here while its message was queued.
func (p *Peer) HandOut(s *Server) (arrive func(ok bool)) {
	if s.state == serverClosed {
		return nil
	}
	w := p.processes[s.key]
	if w == nil || w.server != s {
		w = &process{server: s, peer: p}
		p.processes[s.key] = w
		s.processes = append(s.processes, w)
	}
	w.inFlight++
	if s.state == serverClosing {
		w.queueAsk()
	}
	return w.arrive
}

// arrive ends the flight of one connection. A process that never got one does not know the key and
// answers nothing.
func (w *process) arrive(ok bool) {
	w.inFlight--
	w.arrived = w.arrived || ok
	if !w.arrived && w.inFlight == 0 {
		w.drop(nil)
	}
}

// askCount asks for the count, unless a question is on its way already: its answer is for all, so
// that what is queued for a process that does not answer does not grow.
func (w *process) askCount(r *countRequest) {
	if len(w.counts) == 0 {
		w.peer.channel.Send(socketMessage{Cmd: cmdGetCount, Key: w.server.key})
	}
	w.counts = append(w.counts, r)
}

// askClosed has the process tell when its connections are closed. There may be one on the way to
// it: the question goes behind that, as everything does.
func (w *process) askClosed() {
	w.asked++
	w.peer.channel.Send(socketMessage{Cmd: cmdNotifyClose, Key: w.server.key})
}

func (w *process) queueAsk() {
	if w.askQueued {
		return
	}
	w.askQueued = true
	w.server.lists.loop.NextTick(func() {
		w.askQueued = false
		if w.known() {
			w.askClosed()
		}
	})
}

// known reports whether w is still one of its server's.
func (w *process) known() bool { return w.peer.processes[w.server.key] == w }

// closed reports whether the process has said that it has no connection of the server any more.
func (w *process) closed() bool { return w.asked == 0 && !w.askQueued }

// replyCount takes NODE_SOCKET_COUNT.
func (w *process) replyCount(text string) {
	n, err := parseCount(text)
	requests := w.counts
	w.counts = nil
	for _, r := range requests {
		w.server.resolve(r, n, err)
	}
}

// replyAllClosed takes NODE_SOCKET_ALL_CLOSED.
func (w *process) replyAllClosed() {
	if w.asked > 0 {
		w.asked--
		w.server.settle()
	}
}

// drop takes the process out of the accounting. err is what those get who wait for its count; nil:
// it has none.
func (w *process) drop(err error) {
	if !w.known() {
		return
	}
	w.forget()
	s := w.server
	s.processes = slices.DeleteFunc(s.processes, func(other *process) bool { return other == w })
	requests := w.counts
	w.counts = nil
	for _, r := range requests {
		s.resolve(r, 0, err)
	}
	s.settle()
}

func (w *process) forget() { delete(w.peer.processes, w.server.key) }

// parseCount reads a JSON number that counts something.
func parseCount(text string) (int, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != math.Trunc(n) || n < 0 || n > math.MaxInt32 {
		return 0, ErrCount
	}
	return int(n), nil
}
