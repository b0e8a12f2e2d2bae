package ipc

import (
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/ipc/socketlist"
	"github.com/brood-go/brood/reactor"
)

// A Channel carries messages and handles between two processes. Make one with [New] or [Parent].
//
// A Channel's methods must be called on the loop goroutine.
type Channel struct {
	loop    *reactor.Loop
	hub     *hub
	fd      int // -1 once closed
	watcher *reactor.Watcher
	format  format
	state   state
	refs    refRule

	maxQueue    int
	maxRequests int
	linger      time.Duration
	lingerStart time.Time
	lingerTimer *reactor.Timer // ends the channel while it waits for the peer's end; nil before
	quietTimer  *reactor.Timer // see waitQuiet

	in              receiver
	inbox           ring[inbound] // one tick is queued for each
	waiting         waitingList
	out             sender
	requests        requests
	disconnectHooks []func()         // see addDisconnectHook
	paused          bool             // see Pause
	holds           int              // see Hold
	sockets         *socketlist.Peer // nil while no connection is counted here or there

	internals  []*internalListeners
	message    events.Event[*Message]
	disconnect events.Event[struct{}]
	err        events.Event[error]
	drain      events.Event[struct{}]
}

// state only moves down the list.
type state uint8

const (
	stateOpen state = iota // connected
	// Disconnect was called, or the peer sends no more; what was queued before goes out first
	stateClosing
	// the peer was told that nothing more comes; what it has sent before is read
	stateShut
	// the descriptor is closed; with the loop, if hub.closed, and then there are no events
	stateClosed
)

// New returns a channel over fd, one end of a stream socketpair(2), whose other end is or will be
// with the peer. It takes ownership of fd, also on error, and puts it into non-blocking,
// close-on-exec mode. The channel begins to read on the loop's next turn. It keeps the loop alive
// until it has ended, unless [Channel.Unref] is called.
//
// Errors are *[ChannelError]; [reactor.ErrClosed] for a closed loop. Source: unix(7), Node v20,
// lib/internal/child_process.js.
func New(l *reactor.Loop, fd int, o *Options) (*Channel, error) {
	c, err := open(l, fd, o)
	if err != nil {
		_ = unix.Close(fd) // The error above is the one to report.
		return nil, err
	}
	return c, nil
}

// newChannel returns a channel that is not watched yet.
func newChannel(l *reactor.Loop, h *hub, fd int, o *Options) *Channel {
	c := &Channel{
		loop: l, hub: h, fd: fd, format: h.formatOf(o.Serialization),
		maxQueue: o.maxQueue(), linger: o.linger(), maxRequests: o.maxRequests(),
	}
	c.in.splitter = c.format.splitter(o.maxMessage())
	c.in.onInbound = c.takeInbound
	c.out.init(c)
	return c
}

// NewClosed returns a channel that has ended before anybody could use it: it is not connected, Send
// returns [ErrChannelClosed], and OnDisconnect comes on the next tick. It is for who has promised a
// channel and could not open one. It returns [reactor.ErrClosed] for a closed loop.
func NewClosed(l *reactor.Loop) (*Channel, error) {
	if l == nil {
		return nil, wrap("open", errNilLoop)
	}
	h, err := hubOf(l)
	if err != nil {
		return nil, err
	}
	c := newChannel(l, h, -1, new(Options))
	c.state = stateClosed
	h.open[c] = struct{}{}
	l.NextTick(c.emitDisconnect)
	return c, nil
}

var errNilLoop = errors.New("nil loop")

// open is New that leaves fd to the caller on error.
func open(l *reactor.Loop, fd int, o *Options) (*Channel, error) {
	if l == nil {
		return nil, wrap("open", errNilLoop)
	}
	if o == nil {
		o = new(Options)
	}
	h, err := hubOf(l)
	if err != nil {
		return nil, err
	}
	if err := checkSocket(fd); err != nil {
		return nil, wrap("open", err)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, wrap("fcntl", err)
	}
	c := newChannel(l, h, fd, o)
	c.watcher, err = l.Watch(fd, reactor.Readable, c.ready)
	if err != nil {
		return nil, err
	}
	c.message.Watch(c.messageListeners)
	c.disconnect.Watch(c.disconnectListeners)
	h.open[c] = struct{}{}
	return c, nil
}

// checkSocket reports why fd cannot be a channel.
func checkSocket(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err == nil && kind != unix.SOCK_STREAM {
		err = unix.EPROTOTYPE
	}
	return err
}

func (o *Options) maxMessage() int {
	if o.MaxMessage > 0 {
		return o.MaxMessage
	}
	return DefaultMaxMessage
}

func (o *Options) maxQueue() int {
	if o.MaxQueue != 0 {
		return o.MaxQueue
	}
	return DefaultMaxQueue
}

func (o *Options) maxRequests() int {
	if o.MaxRequests != 0 {
		return o.MaxRequests
	}
	return DefaultMaxRequests
}

func (o *Options) linger() time.Duration {
	if o.Linger != 0 {
		return o.Linger
	}
	return DefaultLinger
}

// OnMessage calls fn with each message, in order, each in a callback of its own. Messages that come
// while nobody listens wait, up to the amount described in the package comment, and are delivered
// one after the other on the tick after a listener was added.
func (c *Channel) OnMessage(fn func(m *Message)) *events.Listener { return c.message.On(fn) }

// OnceMessage calls fn with the next message.
func (c *Channel) OnceMessage(fn func(m *Message)) *events.Listener { return c.message.Once(fn) }

// OnDisconnect calls fn once, when the channel has ended, whoever ended it: after all messages that
// were received, and never inside the call that ended it.
func (c *Channel) OnDisconnect(fn func()) *events.Listener {
	return c.disconnect.On(notNil(fn, "OnDisconnect"))
}

// OnError calls fn with what went wrong and has no other way to be told: a *[MessageError] from the
// peer, the reason why a message that was sent without Done is lost, [ErrDisconnected]. None of
// them ends the channel. While nobody listens, the loop's Logger gets them.
func (c *Channel) OnError(fn func(err error)) *events.Listener { return c.err.On(fn) }

// OnDrain calls fn when all that was queued has been sent after NeedDrain was true.
func (c *Channel) OnDrain(fn func()) *events.Listener { return c.drain.On(notNil(fn, "OnDrain")) }

// notNil gives a func() the form that an Event wants.
func notNil(fn func(), op string) func(struct{}) {
	if fn == nil {
		panic("ipc: " + op + ": nil callback")
	}
	return func(struct{}) { fn() }
}

// Connected reports whether messages can be sent: neither side has disconnected.
func (c *Channel) Connected() bool { return c.state == stateOpen }

// Serialization returns how the values of the channel become bytes.
func (c *Channel) Serialization() Serialization {
	if _, json := c.format.(jsonFormat); json {
		return JSON
	}
	return Advanced
}

// FD returns the descriptor, -1 once it is closed. It stays the channel's.
func (c *Channel) FD() int { return c.fd }

// report has OnError called with err on a later tick.
func (c *Channel) report(err error) { c.queueCallback(nil, err) }

// emitError is for errors that nobody was asked to be told.
func (c *Channel) emitError(err error) {
	if !reactor.Emit(c.loop, &c.err, err) {
		c.loop.Log(slog.LevelError, "brood: ipc error", "err", err)
	}
}

// update tells the poller what the channel waits for now, and whether that keeps the loop alive.
func (c *Channel) update() {
	if c.state >= stateClosed {
		return
	}
	// What the peer sent before it went is read however much waits here: it cannot become more.
	want := reactor.Hangup
	switch {
	case c.paused || c.holds > 0:
		want = 0
	case c.wantsRead():
		want = reactor.Readable
	}
	if c.in.eof {
		want = 0 // That the peer sends no more is known, and would be told on every turn.
	}
	if c.out.gate == gateFull {
		want |= reactor.Writable
	}
	if err := c.watcher.Set(want); err != nil {
		c.report(err)
		c.destroy()
		return
	}
	if c.referenced() {
		c.watcher.Ref()
	} else {
		c.watcher.Unref()
	}
}

// ready is the watcher's callback. Reading comes first: it finds the last words of a peer to which
// writing would fail.
func (c *Channel) ready(got reactor.Readiness) {
	if got&(reactor.Hangup|reactor.Error) != 0 {
		c.in.hungUp = true
	}
	if !c.paused && c.holds == 0 && c.wantsRead() && got&(reactor.Readable|reactor.Hangup|reactor.Error) != 0 {
		c.receive()
	}
	if c.out.gate == gateFull && (c.in.eof || got&(reactor.Writable|reactor.Error) != 0) {
		c.flush()
	}
	if c.state == stateClosing {
		c.checkQueue() // What it waits for may have been read.
	}
	c.update()
}
