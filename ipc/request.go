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

// DefaultMaxRequests is Options.MaxRequests where that is 0.
const DefaultMaxRequests = 1 << 16

// requests are the sent requests of a channel that have no answer yet.
type requests struct {
	// beginning of each id, random, because no other message may have one by chance; "" before the
	// first request
	token   string
	last    uint64              // number in the id of the last request; 0 before it
	waiting map[uint64]*request // by number; nil before the first request
}

type request struct {
	fn   func(m *Message, err error) // called once
	stop func() bool                 // stops watching the context
}

// requestFrame is the message of a request.
type requestFrame struct {
	ID      string `json:"id"`
	Request any    `json:"request"`
}

// Request sends v and calls fn once, with the peer's answer or with an error. Any number of
// requests may wait, and the answers may come in any order.
//
// A request is the message {id, request}, whose id is a string and whose request is v. Its answer
// is a message {id, result} or {id, error} with the same id. A Node program answers in one line,
//
//	process.on('message', async ({id, request}) => process.send({id, result: await work(request)}));
//
// a Go program in a few:
//
//	parent.OnMessage(func(m *ipc.Message) {
//		var q struct { ID string; Request Job }
//		… m.Decode(&q) …
//		parent.Send(map[string]any{"id": q.ID, "result": work(q.Request)})
//	})
//
// fn gets the result as a message, which may have a handle and is valid until fn returns. If an
// answer has no result, the message is null, or undefined in Advanced. An error in the answer that
// is not null or undefined comes as an *[AnswerError]. An answer never reaches OnMessage, even if
// its request has ended. While many messages wait for a listener of OnMessage, the answers behind
// them wait too: see the package comment.
//
// If ctx, which may be nil, ends before the answer comes, fn gets its error. If the channel closes,
// fn gets [ErrChannelClosed], before OnDisconnect. If the request is lost, fn gets the reason.
// After [Channel.Disconnect] answers still come while the peer sends them.
//
// Request returns the errors of Send, the error of a ctx that has already ended, and
// [ErrTooManyRequests]; fn is then not called. It is never called inside Request, nor after the
// loop was closed. A waiting request counts as something to send for [Parent].
//
// Preconditions:
//
//   - fn is not nil, or Request panics.
func (c *Channel) Request(ctx context.Context, v any, fn func(m *Message, err error)) error {
	return c.RequestWith(ctx, v, nil, fn)
}

// RequestWith is [Channel.Request] with a handle or callbacks for the request's message.
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
	n := q.last // A method of v may make requests too.
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
	// context starts a goroutine for the function; it only posts. Post fails on a closed loop,
	// where no callback runs any more.
	stop := context.AfterFunc(ctx, func() { _ = c.loop.Post(func() { c.failRequest(n, ctx.Err()) }) })
	q.waiting[n] = &request{fn, stop}
	if c.refs == refCounted {
		c.update()
	}
	return nil
}

// takeRequest removes and returns request number n, nil if it does not wait.
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

// failRequest fails request number n with err, in a tick of its own, if it still waits.
func (c *Channel) failRequest(n uint64, err error) {
	if r := c.takeRequest(n); r != nil {
		c.queueCallback(func(err error) { r.fn(nil, err) }, err)
	}
}

// failRequests fails all waiting requests, in their order, because the channel is closed.
func (c *Channel) failRequests() {
	for _, n := range slices.Sorted(maps.Keys(c.requests.waiting)) {
		c.failRequest(n, ErrChannelClosed)
	}
}

// dropRequests drops all requests without callbacks, because the loop is closed.
func (c *Channel) dropRequests() {
	for _, r := range c.requests.waiting {
		r.stop()
	}
	clear(c.requests.waiting)
}

// answerTo returns the number of the request that m answers, 0 if m is no answer.
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

// deliverAnswer calls the function of request n with its answer m. If the request does not wait any
// more, m is dropped.
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
