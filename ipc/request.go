package ipc

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/brood-go/brood/ipc/v8"
)

// DefaultMaxRequests is the number of requests without an answer past which Request refuses by
// default.
const DefaultMaxRequests = 1 << 16

// requests are those of a channel that wait for their answer.
type requests struct {
	// begins the ids: no other message has such an id by chance; "" before the first request
	token   string
	last    uint64 // the number in the id of the last request
	waiting map[uint64]*request
}

type request struct {
	fn   func(m *Message, err error)
	stop func() bool // ends the watch of the context
}

// requestFrame is a request as it is on the wire.
type requestFrame struct {
	ID      string `json:"id"`
	Request any    `json:"request"`
}

// Request sends v and calls fn once: with the peer's answer, or with an error. Any number of
// requests may be under way, and the answers may come in any order.
//
// On the wire a request is the message {id, request}, whose id is a text and whose request is v.
// The answer to it is a message {id, result} or {id, error} with the same id. So a worker in Node
// answers in one line,
//
//	process.on('message', async ({id, request}) => process.send({id, result: await work(request)}));
//
// and one in Go with a few:
//
//	parent.OnMessage(func(m *ipc.Message) {
//		var q struct { ID string; Request Job }
//		… m.Decode(&q) …
//		parent.Send(map[string]any{"id": q.ID, "result": work(q.Request)})
//	})
//
// fn gets the result as a message, which may have a handle, and is valid until fn returns; an
// answer without a result is null, or undefined. An error in the answer that is not null or
// undefined comes as an *[AnswerError]. An answer never reaches OnMessage, also when nobody waits
// for it any more. (Messages that wait for a listener of OnMessage hold up the answers behind them
// once they are many, as they hold up everything: see the package comment.)
//
// When ctx, which may be nil, ends before the answer, fn gets its error. It gets [ErrChannelClosed]
// when the channel has ended, before OnDisconnect, and the reason when the request could not be
// sent. After [Channel.Disconnect] answers still come while the peer sends them.
//
// What Send returns is returned, an error of ctx that has ended already, and [ErrTooManyRequests];
// then fn is not called. It is never called inside Request, nor after the loop was closed. A
// request that waits counts as something to send for [Parent]. Request panics when fn is nil.
func (c *Channel) Request(ctx context.Context, v any, fn func(m *Message, err error)) error {
	return c.RequestWith(ctx, v, nil, fn)
}

// RequestWith is [Channel.Request] with a handle or callbacks for the message that is sent.
func (c *Channel) RequestWith(ctx context.Context, v any, o *SendOptions, fn func(m *Message, err error)) error {
	if fn == nil {
		panic("ipc: Request: nil callback")
	}
	if c.state != stateOpen {
		return ErrChannelClosed
	}
	q := &c.requests
	if c.maxRequests >= 0 && len(q.waiting) >= c.maxRequests {
		return ErrTooManyRequests
	}
	if ctx == nil {
		ctx = context.Background()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if q.token == "" {
		q.token = strconv.FormatUint(rand.Uint64()|1<<63, 36) + "-"
		q.waiting = map[uint64]*request{}
	}
	q.last++
	n := q.last // v's own methods may make requests.
	var with SendOptions
	if o != nil {
		with = *o
	}
	done := with.Done
	with.Done = func(err error) {
		if err != nil {
			c.failRequest(n, err)
		}
		if done != nil {
			done(err)
		}
	}
	if err := c.SendWith(requestFrame{q.token + strconv.FormatUint(n, 10), v}, &with); err != nil {
		return err
	}
	// The context tells on a goroutine of its own, which only posts. A closed loop has no callbacks
	// any more.
	stop := context.AfterFunc(ctx, func() { _ = c.loop.Post(func() { c.failRequest(n, ctx.Err()) }) })
	q.waiting[n] = &request{fn, stop}
	if c.refs == refCounted {
		c.update()
	}
	return nil
}

// takeRequest returns the request with number n, which waits no longer; nil when it did not.
func (c *Channel) takeRequest(n uint64) *request {
	r := c.requests.waiting[n]
	if r == nil {
		return nil
	}
	delete(c.requests.waiting, n)
	r.stop()
	if c.refs == refCounted {
		c.update()
	}
	return r
}

// failRequest has a request that still waits told why there is no answer, in a tick of its own.
func (c *Channel) failRequest(n uint64, err error) {
	if r := c.takeRequest(n); r != nil {
		c.queueCallback(func(err error) { r.fn(nil, err) }, err)
	}
}

// failRequests tells all that wait that the channel has ended.
func (c *Channel) failRequests() {
	for _, n := range slices.Sorted(maps.Keys(c.requests.waiting)) {
		c.failRequest(n, ErrChannelClosed)
	}
}

// dropRequests ends the waiting without a word: the loop is closed.
func (c *Channel) dropRequests() {
	for _, r := range c.requests.waiting {
		r.stop()
	}
	clear(c.requests.waiting)
}

// answerTo returns the number of the request that m answers, 0 when it is no answer.
func (c *Channel) answerTo(m *Message) uint64 {
	token := c.requests.token
	if token == "" || !m.decoded && !c.format.mentions(m.raw, token) {
		return 0
	}
	id, _ := c.format.member(m, "id")
	number, ours := strings.CutPrefix(id, token)
	n, err := strconv.ParseUint(number, 10, 64)
	if !ours || err != nil || n > c.requests.last {
		return 0
	}
	return n
}

// deliverAnswer gives an answer to the request that waits for it.
func (c *Channel) deliverAnswer(n uint64, m *Message) {
	defer m.expire(c.hub.poison) // Also when the callback panics.
	r := c.takeRequest(n)
	if r == nil {
		return
	}
	if e, err := c.format.inner(m, "error"); err == nil {
		if v, err := e.Value(); err != nil || v != nil && v != v8.Undefined {
			r.fn(nil, &AnswerError{Value: v})
			return
		}
	}
	result, err := c.format.inner(m, "result")
	if err != nil {
		result = c.format.nullMessage()
	}
	result.handle, m.handle = m.handle, nil
	defer result.expire(c.hub.poison)
	r.fn(result, nil)
}
