package socketlist

const (
	// MaxKey is the longest key, in bytes, that is counted. Node's keys are an address and a port,
	// or a path.
	MaxKey = 1024

	// MaxIdleKeys is about the number of keys without an open connection that a Peer keeps. Beyond
	// it they are forgotten, and questions about them are not answered.
	MaxIdleKeys = 1024
)

// A Peer counts the connections that one channel has carried: those that came from servers of the
// process at its other end, and those of servers here that were sent to it.
//
// A Peer's methods must be called on the loop goroutine.
type Peer struct {
	lists   *Lists  // constant
	channel Channel // constant
	closed  bool    // Close was called: the channel is closed

	received map[string]*receivedConns // by key; connections that came over the channel
	sweepAt  int                       // length of received at which sweep forgets idle keys
	// those with replies for channel's next drain event, each once
	owing   []*receivedConns
	waiting bool // drain is a listener of the channel's drain event

	processes map[string]*process // by the server's key; connections that were sent
}

// NewPeer returns a Peer for c. The caller must Close it when c is closed.
func (l *Lists) NewPeer(c Channel) *Peer {
	return &Peer{
		lists:     l,
		channel:   c,
		received:  map[string]*receivedConns{},
		sweepAt:   MaxIdleKeys,
		processes: map[string]*process{},
	}
}

// Keys returns the number of keys that are kept for connections that came over the channel.
func (p *Peer) Keys() int { return len(p.received) }

// receivedConns are the connections of one key that came over a channel, and the peer's questions
// about them.
type receivedConns struct {
	peer  *Peer
	key   string
	tally tally

	// Unanswered questions. They are counters, because a peer that asks and does not read must not
	// make a queue grow.
	counts int  // NODE_SOCKET_GET_COUNT
	closes int  // NODE_SOCKET_NOTIFY_CLOSE
	owing  bool // it is in peer.owing
}

// Close forgets the process, because the channel is closed. Requests that wait for its reply get
// ErrProcessEnded.
func (p *Peer) Close() {
	if p.lists.closed {
		return
	}
	p.closed = true
	for _, pr := range p.processes {
		pr.drop(ErrProcessEnded)
	}
	clear(p.received)
	p.owing = nil
}

// Receive counts a connection that came with key, until the result is released. If key is longer
// than MaxKey it returns nil, and the connection is not counted.
func (p *Peer) Receive(key string) *Counted {
	if len(key) > MaxKey {
		return nil
	}
	r := p.received[key]
	if r == nil {
		p.sweep()
		r = &receivedConns{peer: p, key: key}
		r.tally.loop, r.tally.idle = p.lists.loop, r.idle
		p.received[key] = r
	}
	r.tally.add()
	return &Counted{tally: &r.tally}
}

// sweep forgets the keys without connections if there are sweepAt keys. After that at most
// MaxIdleKeys keys, or half of them, are idle.
func (p *Peer) sweep() {
	if len(p.received) < p.sweepAt {
		return
	}
	for key, r := range p.received {
		if r.tally.count() == 0 && !r.owing {
			delete(p.received, key)
		}
	}
	p.sweepAt = max(MaxIdleKeys, 2*len(p.received))
}

// Message takes a message of the protocol. member returns one of its members: a string as its text,
// a number as it was written.
func (p *Peer) Message(cmd string, member func(name string) (string, bool)) {
	key, ok := member("key")
	if !ok {
		return
	}
	switch cmd {
	case cmdGetCount:
		if r := p.received[key]; r != nil {
			r.counts++
			r.reply()
		}
	case cmdNotifyClose:
		if r := p.received[key]; r != nil {
			r.closes++
			r.reply()
		}
	case cmdCount:
		if pr := p.processes[key]; pr != nil && len(pr.counts) > 0 {
			n, _ := member("count")
			pr.takeCount(n)
		}
	case cmdAllClosed:
		if pr := p.processes[key]; pr != nil {
			pr.takeAllClosed()
		}
	}
}

// idle answers the questions that waited for the last connection to close. It is tally.idle.
func (r *receivedConns) idle() {
	if !r.peer.lists.closed && !r.peer.closed {
		r.reply()
	}
}

// reply answers the questions as far as the channel takes replies, and leaves the rest to the drain
// event.
func (r *receivedConns) reply() {
	if r.sendReplies() || r.owing {
		return
	}
	p := r.peer
	r.owing = true
	p.owing = append(p.owing, r)
	if !p.waiting {
		p.waiting = true
		p.channel.OnDrain(p.drain)
	}
}

// sendReplies sends the due replies until the channel's NeedDrain is true. It reports whether none
// is left.
func (r *receivedConns) sendReplies() bool {
	c := r.peer.channel
	for ; r.counts > 0; r.counts-- {
		if c.NeedDrain() {
			return false
		}
		c.Send(socketCountMessage{Cmd: cmdCount, Key: r.key, Count: r.tally.count()})
	}
	if r.closes > 0 && !r.tally.drained() {
		return true // idle runs when they are closed.
	}
	for ; r.closes > 0; r.closes-- {
		if c.NeedDrain() {
			return false
		}
		c.Send(socketMessage{Cmd: cmdAllClosed, Key: r.key})
	}
	return true
}

// drain sends further replies. It is a listener of the channel's drain event.
func (p *Peer) drain() {
	for len(p.owing) > 0 {
		r := p.owing[0]
		if !r.sendReplies() {
			return
		}
		r.owing = false
		p.owing = p.owing[1:]
	}
	p.owing = nil
}
