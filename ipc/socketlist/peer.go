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
	ended   bool

	held    map[string]*heldSockets // by the key that they came with
	sweepAt int                     // size of held at which idle keys are forgotten
	owing   []*heldSockets          // with replies to send once the channel takes them; each once
	waiting bool                    // for the channel's drain event

	processes map[string]*process // by the key of the server
}

// NewPeer returns the accounting for c, whose end [Peer.End] must tell.
func (h *Lists) NewPeer(c Channel) *Peer {
	return &Peer{
		lists:     h,
		channel:   c,
		held:      map[string]*heldSockets{},
		sweepAt:   MaxIdleKeys,
		processes: map[string]*process{},
	}
}

// Keys returns the number of keys that are kept for what has come.
func (p *Peer) Keys() int { return len(p.held) }

// heldSockets are the connections of one key that came over a channel.
type heldSockets struct {
	peer  *Peer
	key   string
	tally tally

	// Questions without reply. Numbers and not replies, so that a peer that asks and does not read
	// makes nothing grow.
	counts int
	closes int
	owing  bool // in peer.owing
}

// End forgets the process: nobody will ask or answer any more.
func (p *Peer) End() {
	if p.lists.closed {
		return
	}
	p.ended = true
	for _, w := range p.processes {
		w.drop(ErrProcessEnded)
	}
	clear(p.held)
	p.owing = nil
}

// Receive counts a connection that came with key, until the membership leaves; nil when the key is
// absurd, and the connection not counted.
func (p *Peer) Receive(key string) *Membership {
	if len(key) > MaxKey {
		return nil
	}
	k := p.held[key]
	if k == nil {
		p.sweep()
		k = &heldSockets{peer: p, key: key}
		k.tally.loop, k.tally.idle = p.lists.loop, k.idle
		p.held[key] = k
	}
	k.tally.add()
	return &Membership{tally: &k.tally}
}

// sweep forgets the keys without connections when there are too many: at most half the keys are
// idle then, or MaxIdleKeys.
func (p *Peer) sweep() {
	if len(p.held) < p.sweepAt {
		return
	}
	for key, k := range p.held {
		if k.tally.count() == 0 && !k.owing {
			delete(p.held, key)
		}
	}
	p.sweepAt = max(MaxIdleKeys, 2*len(p.held))
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
		if k := p.held[key]; k != nil {
			k.counts++
			k.reply()
		}
	case cmdNotifyClose:
		if k := p.held[key]; k != nil {
			k.closes++
			k.reply()
		}
	case cmdCount:
		if w := p.processes[key]; w != nil && len(w.counts) > 0 {
			n, _ := member("count")
			w.replyCount(n)
		}
	case cmdAllClosed:
		if w := p.processes[key]; w != nil {
			w.replyAllClosed()
		}
	}
}

// idle runs on the loop when the last connection was closed while somebody waited for that.
func (k *heldSockets) idle() {
	if !k.peer.lists.closed && !k.peer.ended {
		k.reply()
	}
}

// reply answers what can be answered now, and sees that the rest is when the channel drains.
func (k *heldSockets) reply() {
	if k.settle() || k.owing {
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

// settle sends the replies that are due while the channel takes them, and reports whether none is
// left.
func (k *heldSockets) settle() bool {
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
		if !k.settle() {
			return
		}
		k.owing = false
		p.owing = p.owing[1:]
	}
	p.owing = nil
}
