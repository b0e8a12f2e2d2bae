package socketlist

const (
	// MaxKey is the longest key in bytes that is kept. Node's are an address and a port, or a path.
	MaxKey = 1024

	// MaxIdleKeys is about how many keys a peer may have that no open connection came with. Beyond
	// that they are forgotten, and questions about them not answered.
	MaxIdleKeys = 1024
)

// A Peer is the accounting of connections with the process at the other end of one channel: what
// was received from its servers, and what was sent to it from servers here.
//
// A Peer's methods must be called on the loop goroutine.
type Peer struct {
	lists   *Lists
	channel Channel
	closed  bool

	received map[string]*receivedConns // by the key that they came with
	sweepAt  int                       // size of received at which idle keys are forgotten
	owing    []*receivedConns          // with replies to send once the channel takes them; each once
	waiting  bool                      // for the channel's drain event

	processes map[string]*process // by the key of the server
}

// NewPeer returns the accounting for c, whose end [Peer.Close] must tell.
func (h *Lists) NewPeer(c Channel) *Peer {
	return &Peer{
		lists:     h,
		channel:   c,
		received:  map[string]*receivedConns{},
		sweepAt:   MaxIdleKeys,
		processes: map[string]*process{},
	}
}

// Keys returns the number of keys that are kept for what has come.
func (p *Peer) Keys() int { return len(p.received) }

// receivedConns are the connections of one key that came over a channel.
type receivedConns struct {
	peer  *Peer
	key   string
	tally tally

	// Questions without reply. Numbers and not replies, so that a peer that asks and does not read
	// makes nothing grow.
	counts int
	closes int
	owing  bool // in peer.owing
}

// Close forgets the process: nobody will ask or answer any more.
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

// Receive counts a connection that came with key, until the membership leaves; nil when the key is
// absurd, and the connection not counted.
func (p *Peer) Receive(key string) *Counted {
	if len(key) > MaxKey {
		return nil
	}
	k := p.received[key]
	if k == nil {
		p.sweep()
		k = &receivedConns{peer: p, key: key}
		k.tally.loop, k.tally.idle = p.lists.loop, k.idle
		p.received[key] = k
	}
	k.tally.add()
	return &Counted{tally: &k.tally}
}

// sweep forgets the keys without connections when there are too many: at most half the keys are
// idle then, or MaxIdleKeys.
func (p *Peer) sweep() {
	if len(p.received) < p.sweepAt {
		return
	}
	for key, k := range p.received {
		if k.tally.count() == 0 && !k.owing {
			delete(p.received, key)
		}
	}
	p.sweepAt = max(MaxIdleKeys, 2*len(p.received))
}

// Message takes a message of the protocol. member returns a member of it, a string as its text and
// a number as it was written.
func (p *Peer) Message(cmd string, member func(name string) (string, bool)) {
	key, ok := member("key")
	if !ok {
		return
	}
	switch cmd {
	case cmdGetCount:
		if k := p.received[key]; k != nil {
			k.counts++
			k.reply()
		}
	case cmdNotifyClose:
		if k := p.received[key]; k != nil {
			k.closes++
			k.reply()
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

// idle runs on the loop when the last connection was closed while somebody waited for that.
func (k *receivedConns) idle() {
	if !k.peer.lists.closed && !k.peer.closed {
		k.reply()
	}
}

// reply answers what can be answered now, and sees that the rest is when the channel drains.
func (k *receivedConns) reply() {
	if k.sendReplies() || k.owing {
		return
	}
	p := k.peer
	k.owing = true
	p.owing = append(p.owing, k)
	if !p.waiting {
		p.waiting = true
		p.channel.OnDrain(p.drain)
	}
}

// sendReplies sends the replies that are due while the channel takes them, and reports whether none is
// left.
func (k *receivedConns) sendReplies() bool {
	c := k.peer.channel
	for ; k.counts > 0; k.counts-- {
		if c.NeedDrain() {
			return false
		}
		c.Send(socketCountMessage{Cmd: cmdCount, Key: k.key, Count: k.tally.count()})
	}
	if k.closes > 0 && !k.tally.drained() {
		return true // idle comes when they are.
	}
	for ; k.closes > 0; k.closes-- {
		if c.NeedDrain() {
			return false
		}
		c.Send(socketMessage{Cmd: cmdAllClosed, Key: k.key})
	}
	return true
}

// drain goes on with the replies. It is the channel's drain event.
func (p *Peer) drain() {
	for len(p.owing) > 0 {
		k := p.owing[0]
		if !k.sendReplies() {
			return
		}
		k.owing = false
		p.owing = p.owing[1:]
	}
	p.owing = nil
}
