package fleet

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"
)

// news delivers the server's messages about stored results and dead jobs to the waiters. Such
// messages are lost while there is no connection, so a waiter also asks the servers itself, from
// time to time and after wakeAll. Its methods are safe to call from any goroutine.
type news struct {
	fleet *Fleet

	mu      sync.Mutex
	subs    map[string]*clientSub // by client's name
	waiting map[jobID]map[chan *nats.Msg]struct{}
}

// A clientSub is the subscription to messages about a client's jobs. That of this client stays. The
// others end with their last waiter, because there may be any number of names.
type clientSub struct {
	sub     *nats.Subscription
	waiters int
}

func (n *news) init(f *Fleet) {
	n.fleet, n.subs, n.waiting = f, map[string]*clientSub{}, map[jobID]map[chan *nats.Msg]struct{}{}
}

// wait returns a channel that gets the message of the job's end, or nil when the waiter should ask
// the servers. The caller must call release.
func (n *news) wait(ctx context.Context, id jobID) (waiter chan *nats.Msg, release func(), err error) {
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
	waiter = make(chan *nats.Msg, 1)
	if n.waiting[id] == nil {
		n.waiting[id] = map[chan *nats.Msg]struct{}{}
	}
	n.waiting[id][waiter] = struct{}{}
	return waiter, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.waiting[id], waiter)
		if len(n.waiting[id]) == 0 {
			delete(n.waiting, id)
		}
		if h.waiters--; h.waiters == 0 && id.client != n.fleet.o.Client {
			delete(n.subs, id.client)
			_ = h.sub.Unsubscribe() // It fails if the connection is closed.
		}
	}, nil
}

// deliver handles a message, on the goroutine of the subscription.
func (n *news) deliver(msg *nats.Msg) {
	_, id := subjectID(msg.Subject)
	n.mu.Lock()
	defer n.mu.Unlock()
	for waiter := range n.waiting[id] {
		select {
		case waiter <- msg:
		default: // The waiter has not taken the message before.
		}
	}
}

// wakeAll makes all waiters ask the servers.
func (n *news) wakeAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, all := range n.waiting {
		for waiter := range all {
			select {
			case waiter <- nil:
			default:
			}
		}
	}
}
