package ipc

const (
	// maxSocketKey is the longest key in bytes that is kept. Node's are an address and a port, or a path.
	maxSocketKey = 1024

	// maxIdleKeys is about how many keys a peer may have that no open connection came with. Beyond that they are
	// forgotten, and questions about them not answered.
	maxIdleKeys = 1024
)

// socketPeer is the accounting of connections with the process at the other end of one channel: what was received from
// its servers, and what was sent to it from servers here.
type socketPeer struct {
	hub     *handleHub
	channel *Channel

	held    map[string]*heldSockets // by the key that they came with
	sweepAt int                     // size of held at which idle keys are forgotten
	owing   []*heldSockets          // with replies to send once the channel takes them; each once
	waiting bool                    // for the channel's drain event

	workers map[string]*worker // by the key of the server
}

// heldSockets are the connections of one key that came over a channel.
type heldSockets struct {
	peer  *socketPeer
	key   string
	tally tally

	// Questions without reply. Numbers and not replies, so that a peer that asks and does not read makes nothing grow.
	counts int
	closes int
	owing  bool // in peer.owing
}

// peer returns the accounting for c, whose end will end it.
func (h *handleHub) peer(c *Channel) *socketPeer {
	p := h.peers[c]
	if p == nil {
		p = &socketPeer{
			hub:     h,
			channel: c,
			held:    map[string]*heldSockets{},
			sweepAt: maxIdleKeys,
			workers: map[string]*worker{},
		}
		h.peers[c] = p
		c.onEnd(p.end)
	}
	return p
}

// end forgets the process: nobody will ask or answer any more.
func (p *socketPeer) end() {
	if p.hub.closed {
		return
	}
	delete(p.hub.peers, p.channel)
	for _, w := range p.workers {
		w.drop(ErrChildClosedBeforeReply)
	}
	clear(p.held)
	p.owing = nil
}

// receive counts a connection that came with key, until the membership leaves.
func (p *socketPeer) receive(key string) *membership {
	if len(key) > maxSocketKey {
		return nil
	}
	k := p.held[key]
	if k == nil {
		p.sweep()
		k = &heldSockets{peer: p, key: key}
		k.tally.loop, k.tally.idle = p.hub.loop, k.idle
		p.held[key] = k
	}
	k.tally.add()
	return &membership{tally: &k.tally}
}

// sweep forgets the keys without connections when there are too many: at most half the keys are idle then, or
// maxIdleKeys.
func (p *socketPeer) sweep() {
	if len(p.held) < p.sweepAt {
		return
	}
	for key, k := range p.held {
		if k.tally.count() == 0 && !k.owing {
			delete(p.held, key)
		}
	}
	p.sweepAt = max(maxIdleKeys, 2*len(p.held))
}

// socketListMessage takes an internal message of the accounting. member returns a member of the message, a string
// as its text and a number as it was written.
func (c *Channel) socketListMessage(cmd string, member func(name string) (string, bool)) {
	hub, err := handleHubOf(c.loop)
	if err != nil {
		return
	}
	key, ok := member("key")
	p := hub.peers[c]
	if p == nil || !ok {
		return // No connection was ever counted here: Node does not answer then either.
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
		if w := p.workers[key]; w != nil && len(w.counts) > 0 {
			n, _ := member("count")
			w.replyCount(n)
		}
	case cmdAllClosed:
		if w := p.workers[key]; w != nil {
			w.replyAllClosed()
		}
	}
}

// idle runs on the loop when the last connection was closed while somebody waited for that.
func (k *heldSockets) idle() {
	if !k.peer.hub.closed && k.peer.hub.peers[k.peer.channel] == k.peer {
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

// settle sends the replies that are due while the channel takes them, and reports whether none is left.
func (k *heldSockets) settle() bool {
	c := k.peer.channel
	for ; k.counts > 0; k.counts-- {
		if c.NeedDrain() {
			return false
		}
		c.sendInternal(socketCountMessage{Cmd: cmdCount, Key: k.key, Count: k.tally.count()})
	}
	if k.closes > 0 && !k.tally.drained() {
		return true // idle comes when they are.
	}
	for ; k.closes > 0; k.closes-- {
		if c.NeedDrain() {
			return false
		}
		c.sendInternal(socketMessage{Cmd: cmdAllClosed, Key: k.key})
	}
	return true
}

// drain goes on with the replies. It is the channel's drain event.
func (p *socketPeer) drain() {
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
