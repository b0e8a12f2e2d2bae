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

// A Channel carries messages and handles between two processes. Make one with [New] or [Parent]. It
// owns its descriptor.
//
// A Channel's methods must be called on the loop goroutine.
type Channel struct {
	// loop, hub and format are set by newChannel and then constant.
	loop    *reactor.Loop
	hub     *hub
	fd      int              // -1 once closed: exactly if state is stateClosed
	watcher *reactor.Watcher // of fd; nil only in a channel of NewClosed
	format  format
	state   state   // only grows
	refs    refRule // whether the open channel keeps the loop alive; update applies it

	// Options with the defaults put in; negative means no limit.
	maxQueue    int
	maxRequests int
	linger      time.Duration

	// The wait for the peer to close, in stateClosing and stateShut.
	lingerStart time.Time      // when startLinger was called; zero before
	lingerTimer *reactor.Timer // destroys the channel if the peer does not close; nil before
	quietTimer  *reactor.Timer // set by waitQuiet; nil while it does not run

	in receiver // the reading half
	// read and not delivered; takeInbound is queued once for each entry
	inbox ring[inbound]
	// messages that came without a listener; empty from emitDisconnect on
	waiting         waitingList
	out             sender           // the writing half
	requests        requests         // sent and not answered
	disconnectHooks []func()         // run before OnDisconnect, then nil
	paused          bool             // between Pause and Resume
	holds           int              // calls of Hold without a Release; never negative
	sockets         *socketlist.Peer // nil until the first counted connection is sent or received

	// The events. Only listeners of message and disconnect count for refs.
	internals  []*internalListeners // one for each prefix of OnInternal
	message    events.Event[*Message]
	disconnect events.Event[struct{}]
	err        events.Event[error]
	drain      events.Event[struct{}]
}

// state is where a channel is between open and closed. It only moves down the list.
type state uint8

const (
	stateOpen state = iota // connected
	// Disconnect was called, or the peer sends no more; queued messages still go out
	stateClosing
	// the peer was told that nothing more comes (shutdown(2)); its earlier messages are still read
	stateShut
	// the descriptor is closed; if hub.closed, with the loop, and no event comes any more
	stateClosed
)

// New returns a channel over fd, one end of a stream socketpair(2), whose other end the peer has or
// will get. It takes ownership of fd, also on error, and makes it non-blocking and close-on-exec.
// The channel begins to read on the loop's next turn. Until it is closed it keeps the loop alive,
// unless [Channel.Unref] is called.
//
// Errors are *[ChannelError], or [reactor.ErrClosed] for a closed loop. Source: unix(7), Node v20,
// lib/internal/child_process.js.
func New(l *reactor.Loop, fd int, o *Options) (*Channel, error) {
	c, err := open(l, fd, o)
	if err != nil {
		_ = unix.Close(fd) // The error above is the one to report.
		return nil, err
	}
	return c, nil
}

// newChannel returns a channel in stateOpen that has no watcher yet and is not in h.open. It does
// not close fd.
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

// NewClosed returns a channel that is already closed: it is not connected, Send returns
// [ErrChannelClosed], and OnDisconnect comes on the next tick. Use it to return a promised channel
// that could not be opened. For a closed loop it returns [reactor.ErrClosed].
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

// open is New, but on error the caller keeps fd.
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

// checkSocket returns nil if fd is a stream socket, otherwise the errno of a ChannelError.
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
// while there is no listener wait, up to the limit in the package comment. When a listener is added
// they are delivered one after the other on the next tick.
func (c *Channel) OnMessage(fn func(m *Message)) *events.Listener { return c.message.On(fn) }

// OnceMessage calls fn with the next message.
func (c *Channel) OnceMessage(fn func(m *Message)) *events.Listener { return c.message.Once(fn) }

// OnDisconnect calls fn once, when the channel has closed, on either side's initiative. It comes
// after all messages that were received, and never inside the call that closed the channel.
//
// Preconditions:
//
//   - fn is not nil, or OnDisconnect panics.
func (c *Channel) OnDisconnect(fn func()) *events.Listener {
	return c.disconnect.On(notNil(fn, "OnDisconnect"))
}

// OnError calls fn with each error that has no callback of its own: a *[MessageError] for the
// peer's input, the reason why a message sent without Done is lost, [ErrDisconnected],
// [ErrHandlesTruncated], [ErrHandleNotReceived]. None of these closes the channel. The error of a
// failed system call, such as a *[ChannelError], comes before the channel closes. Without a
// listener the loop's Logger gets the errors.
func (c *Channel) OnError(fn func(err error)) *events.Listener { return c.err.On(fn) }

// OnDrain calls fn when NeedDrain was true and all queued messages have been sent.
//
// Preconditions:
//
//   - fn is not nil, or OnDrain panics.
func (c *Channel) OnDrain(fn func()) *events.Listener { return c.drain.On(notNil(fn, "OnDrain")) }

// notNil turns a func() into a listener of an Event. It panics if fn is nil.
func notNil(fn func(), op string) func(struct{}) {
	if fn == nil {
		panic("ipc: " + op + ": nil callback")
	}
	return func(struct{}) { fn() }
}

// Connected reports whether messages can be sent: neither side has disconnected.
func (c *Channel) Connected() bool { return c.state == stateOpen }

// Serialization returns the serialization of both directions.
func (c *Channel) Serialization() Serialization {
	if _, json := c.format.(jsonFormat); json {
		return JSON
	}
	return Advanced
}

// FD returns the descriptor, -1 once it is closed. The caller borrows it.
func (c *Channel) FD() int { return c.fd }

// report calls OnError with err on a later tick.
func (c *Channel) report(err error) { c.queueCallback(nil, err) }

// emitError calls OnError with err now, or logs it if there is no listener.
func (c *Channel) emitError(err error) {
	if !reactor.Emit(c.loop, &c.err, err) {
		c.loop.Log(slog.LevelError, "brood: ipc error", "err", err)
	}
}

// update sets the watcher's readiness and its reference count from the channel's state. Call it
// after every change of a field that it reads.
func (c *Channel) update() {
	if c.state >= stateClosed {
		return
	}
	// After a hang-up the peer's last bytes are read even if much waits here: they cannot become
	// more.
	want := reactor.Hangup
	switch {
	case c.paused || c.holds > 0:
		want = 0
	case c.wantsRead():
		want = reactor.Readable
	}
	if c.in.eof {
		want = 0 // The end of the stream was read; the poller would report it on every turn.
	}
	if c.out.gate == gateFull {
		want |= reactor.Writable
	}
	if err := c.watcher.Set(want); err != nil {
		c.report(err)
		c.Destroy()
		return
	}
	if c.referenced() {
		c.watcher.Ref()
	} else {
		c.watcher.Unref()
	}
}

// ready is the watcher's callback. It reads first, because the last bytes of a peer may be readable
// when writing to it already fails.
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
		c.checkQueue() // An acknowledgement may have been read.
	}
	c.update()
}
