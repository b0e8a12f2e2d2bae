package fleet

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"
)

// news tells those that wait for a job what the servers say when a result, or a dead job, was
// stored. Such messages are lost with a connection, so a waiter also looks for itself, from time to
// time and when check is called.
type news struct {
	fleet *Fleet

	mu      sync.Mutex
	subs    map[string]*clientSub // by client
	waiting map[jobID]map[chan *nats.Msg]struct{}
}

// A clientSub is the subscription to what is told of a client's jobs. That of this client stays,
// the others end with the last that waits: their names may come from anywhere.
type clientSub struct {
	sub     *nats.Subscription
	waiters int
}

func (n *news) init(f *Fleet) {
	n.fleet, n.subs, n.waiting = f, map[string]*clientSub{}, map[jobID]map[chan *nats.Msg]struct{}{}
}

// wait returns a channel that gets the stored message of the job, or nil when it is time to look.
// The caller must call release.
func (n *news) wait(ctx context.Context, id jobID) (told chan *nats.Msg, release func(), err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.subs[id.client]
	if h == nil {
		sub, err := n.fleet.nc.Subscribe(n.fleet.names.done(id.client), n.deliver)
		if err != nil {
			return nil, nil, err
		}
		h = &clientSub{sub: sub}
		n.subs[id.client] = h
	}
	h.waiters++
	told = make(chan *nats.Msg, 1)
	if n.waiting[id] == nil {
		n.waiting[id] = map[chan *nats.Msg]struct{}{}
	}
	n.waiting[id][told] = struct{}{}
	return told, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.waiting[id], told)
		if len(n.waiting[id]) == 0 {
			delete(n.waiting, id)
		}
		if h.waiters--; h.waiters == 0 && id.client != n.fleet.o.Client {
			delete(n.subs, id.client)
			_ = h.sub.Unsubscribe() // It fails when the connection is closed.
		}
	}, nil
}

// deliver is called by the subscription's goroutine.
func (n *news) deliver(msg *nats.Msg) {
	_, id := subjectID(msg.Subject)
	n.mu.Lock()
	defer n.mu.Unlock()
	for told := range n.waiting[id] {
		select {
		case told <- msg:
		default: // It has something to look at already.
		}
	}
}

// wakeAll has all who wait look for themselves.
func (n *news) wakeAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, all := range n.waiting {
		for told := range all {
			select {
			case told <- nil:
			default:
			}
		}
	}
}
