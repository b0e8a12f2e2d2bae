package streams

import (
	"io"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
)

const (
	// readBudget is the number of reads per readiness, so that one busy pipe cannot keep the loop
	// from the rest. One of more than readBufferSize counts as several.
	readBudget = 16

	// DefaultMaxLine is the longest line, in bytes, that OnLine and Lines accept by default.
	DefaultMaxLine = 16 << 20

	// DefaultHighWaterMark is the number of bytes that a bridge or a Writable holds before it asks
	// to wait, by default.
	DefaultHighWaterMark = 64 << 10
)

// ReadableOptions configure a [Readable]. A nil *ReadableOptions means all defaults.
type ReadableOptions struct {
	// LineEnd is what ends a line for OnLine and Lines. The zero value is Newline.
	LineEnd LineEnd

	// MaxLine is the longest line for OnLine and Lines, in bytes without its end; a longer one is
	// [ErrLineTooLong]. 0: DefaultMaxLine; negative: no limit.
	MaxLine int

	// HighWaterMark is the number of bytes that Reader and Lines hold for their goroutine. 0:
	// DefaultHighWaterMark.
	HighWaterMark int

	// Fresh says that the open file description of fd has no other descriptor and is in
	// non-blocking mode, as after pipe(2), socketpair(2) or accept(2) with SOCK_NONBLOCK: the
	// stream need not ask, and saves system calls.
	Fresh bool

	// Pipe says that fd is a pipe, for which the stream need not ask either.
	Pipe bool

	// KeepSize has a pipe keep the capacity that it has. By default one with much traffic is given
	// more for that time.
	KeepSize bool
}

// check finds what is no option.
func (o *ReadableOptions) check(fd int) error {
	if o != nil && !o.LineEnd.Valid() {
		return wrap("open", fd, errLineEnd)
	}
	return nil
}

// A Readable is the reading half of a pipe, a socket or another descriptor.
//
// A Readable's methods must be called on the loop goroutine unless their comment says otherwise.
type Readable struct {
	own descriptor // d points here unless the descriptor is a Duplex's
	d   *descriptor

	hwm int

	// The small fields are together: the allocator gives out 512 bytes, or 576.
	flow            flow
	state           readState
	unrefed         bool
	lent            bool
	retaining       bool      // what comes is kept for the bridge, see Retain
	textTo, linesTo consumers // who has not had what waits in coded and in lines
	stage           stage

	cause   error // what it was destroyed with
	blocked int   // consumers that cannot take more now
	bytes   int64 // read so far

	data             events.Event[[]byte]
	text             events.Event[string]
	line             events.Event[[]byte]
	end              events.Event[struct{}]
	err              events.Event[error]
	close            events.Event[struct{}]
	closeWatcher     CloseWatcher // nil without, see NotifyClose
	dataWatchers     []DataWatcher
	firstDataWatcher [1]DataWatcher // where dataWatchers begins: most streams have one at most
	decoder          textDecoder
	splitter         lineSplitter
	pipes            []*pipe
	bridge           *Reader // nil while the bridge, if there is one, is not attached
	door             door

	ahead []segment // comes before anything newly read, see Unshift
}

// flow is whether a Readable was told to flow.
type flow uint8

const (
	flowInitial flow = iota // the next listener starts it
	flowOn
	flowPaused // only Resume starts it again
)

// readState goes from open to destroyed, or through ending to ended; from ending it may still be
// destroyed.
type readState uint8

const (
	readOpen readState = iota
	// the end was read, the descriptor is closed; what is left, end at least, may wait for Resume
	readEnding
	readEnded     // end was emitted
	readDestroyed // no further data
)

// NewReadable returns a stream that reads from fd. It takes ownership of fd once it returned no
// error. Errors are *[OpError].
//
// Of fd 0, 1 and 2, which are the whole program's, the stream has a duplicate, so that they stay
// open whatever becomes of it. (With Fresh they are like any other.)
//
// The mode of fd, blocking or not, is nobody's to change but the owner's of the open file
// description, and is left as it is. The loop waits in no mode: a terminal, or a pipe in blocking
// mode, is opened once more, on Linux by /proc/self/fd; for sockets and pipes each call asks the
// kernel not to wait. Where neither is possible, because the terminal is another user's, or on a
// system without such calls, the stream reads and writes when the poller says that it would not
// block, and non-blocking mode is better. A file is read as fast as its file system gives it: one
// on a network may keep the loop waiting, and belongs on a goroutine.
func NewReadable(l *reactor.Loop, fd int, o *ReadableOptions) (*Readable, error) {
	if err := o.check(fd); err != nil {
		return nil, err
	}
	r := new(Readable)
	if err := r.own.open(l, fd, o != nil && o.Fresh); err != nil {
		return nil, err
	}
	r.init(&r.own, o)
	return r, nil
}

func (r *Readable) init(d *descriptor, o *ReadableOptions) {
	r.d = d
	d.readable = r
	r.splitter.limit, r.hwm = DefaultMaxLine, DefaultHighWaterMark
	if o == nil {
		return
	}
	d.load.refused = d.load.refused || o.KeepSize
	if o.Pipe {
		d.markPipe()
	}
	r.splitter.end = o.LineEnd
	if o.MaxLine != 0 {
		r.splitter.limit = o.MaxLine
	}
	if o.HighWaterMark > 0 {
		r.hwm = o.HighWaterMark
	}
}

// OnData calls fn with each chunk, which is valid until fn returns: what one read has given, 64 KiB
// at most, or 256 KiB of a pipe that was enlarged because of its traffic. The first listener of
// OnData, OnText and OnLine starts the flow, unless Pause was called.
func (r *Readable) OnData(fn func(chunk []byte)) *events.Listener {
	return r.startAfter(r.data.On(fn))
}

// OnText calls fn with the data as text, in the encoding that was given to SetEncoding, else UTF-8.
// A sequence that is cut by the end of a chunk is completed by the next one; what is not valid
// UTF-8 becomes U+FFFD, as the Encoding Standard has it.
func (r *Readable) OnText(fn func(text string)) *events.Listener {
	return r.startAfter(r.text.On(fn))
}

// OnLine calls fn with each line, without its "\n" or "\r\n", or whatever ReadableOptions.LineEnd
// says. The line is valid until fn returns. What follows the last end is a line too, unless it is
// empty; a "\r" is part of it then. When fn calls Pause, the next line waits for Resume.
func (r *Readable) OnLine(fn func(line []byte)) *events.Listener {
	return r.startAfter(r.line.On(fn))
}

// OnEnd calls fn once, after all data was delivered. It does not start the flow.
func (r *Readable) OnEnd(fn func()) *events.Listener {
	return r.end.On(notNil(fn, "OnEnd"))
}

// OnError calls fn once when reading failed or Destroy was given an error.
func (r *Readable) OnError(fn func(error)) *events.Listener { return r.err.On(fn) }

// OnClose calls fn once, after every other event.
func (r *Readable) OnClose(fn func()) *events.Listener {
	return r.close.On(notNil(fn, "OnClose"))
}

// A CloseWatcher is told of the end of a stream.
type CloseWatcher interface {
	// StreamClosed is called in the callback of the close event, once.
	StreamClosed()
}

// NotifyClose has w told when the stream has closed, before the listeners of OnClose. There is one
// such w: it is for the object that the stream is part of, as a child counts its streams.
func (r *Readable) NotifyClose(w CloseWatcher) { r.closeWatcher = w }

// A DataWatcher is told of the data of a stream.
type DataWatcher interface {
	// StreamData is called with each chunk, which is valid until it returns. It must not call the
	// program.
	StreamData(chunk []byte)
}

// NotifyData has w told of each chunk before the listeners are, and starts the flow, as OnData
// does. It is for objects that gather the data, such as an exec its output: what a listener does
// cannot keep them from it.
func (r *Readable) NotifyData(w DataWatcher) {
	r.FollowData(w)
	r.startAfter(nil)
}

// FollowData is NotifyData that does not start the flow: w is told of what is read once somebody
// else has started it.
func (r *Readable) FollowData(w DataWatcher) {
	if r.dataWatchers == nil {
		r.dataWatchers = r.firstDataWatcher[:0]
	}
	r.dataWatchers = append(r.dataWatchers, w)
}

// emitClosed tells the owner first, and the listeners also when something panics then.
func (d *descriptor) emitClosed(w CloseWatcher, event *events.Event[struct{}]) {
	defer reactor.Emit(d.loop, event, struct{}{})
	if w != nil {
		w.StreamClosed()
	}
}

// notNil gives a func() the form that an Event wants.
func notNil(fn func(), op string) func(struct{}) {
	if fn == nil {
		panic("streams: " + op + ": nil callback")
	}
	return func(struct{}) { fn() }
}

func (r *Readable) startAfter(l *events.Listener) *events.Listener {
	if r.flow == flowInitial {
		r.Resume()
	}
	return l
}

// Pause stops reading after the chunk or line that is being delivered.
func (r *Readable) Pause() {
	r.flow = flowPaused
	r.d.update()
}

// Resume starts reading, also when nobody listens: the data is then thrown away.
func (r *Readable) Resume() {
	r.flow = flowOn
	if r.hasAhead() || r.state == readEnding {
		r.d.loop.NextTick(r.deliverAhead)
	}
	r.d.update()
}

// Flowing reports whether the stream was started and not paused.
func (r *Readable) Flowing() bool { return r.flow == flowOn }

// BytesRead returns the number of bytes read so far.
func (r *Readable) BytesRead() int64 { return r.bytes }

// FD returns the descriptor, -1 once it is closed. It stays the stream's.
func (r *Readable) FD() int { return r.d.fd }

// Closed reports whether the stream has come to its end or was destroyed; its descriptor is then
// closed.
func (r *Readable) Closed() bool { return r.state != readOpen }

// HoldsEnd reports whether the end was read and is told only after Resume, because the stream is
// paused.
func (r *Readable) HoldsEnd() bool { return r.state == readEnding && r.flow != flowOn }

// Ref has the stream keep the loop alive while it reads, as a new one does.
func (r *Readable) Ref() { r.unrefed = false; r.d.update() }

// Unref lets the loop end while the stream reads.
func (r *Readable) Unref() { r.unrefed = true; r.d.update() }

// Destroy closes the descriptor at once. There will be no further data and no end, but OnError if
// err is not nil, on the next tick, and OnClose. Destroying a stream that has ended or was
// destroyed does nothing.
func (r *Readable) Destroy(err error) {
	if r.state != readOpen && r.state != readEnding {
		return
	}
	open := r.state == readOpen
	r.state, r.cause = readDestroyed, err
	r.splitter.drop()
	r.ahead = nil
	if open {
		r.d.closeReadHalf()
	}
	r.door.shut(orClosed(err))
	if err != nil {
		r.d.loop.NextTick(func() { reactor.Emit(r.d.loop, &r.err, err) })
	}
	r.d.loop.QueueClosing(r.emitClose)
}

// Lend prepares the descriptor for a child that will read it as one of its stdio slots: the stream
// is paused, and in blocking mode, as programs expect it. The open file description is shared with
// the child from then on; one that others may have already keeps its mode, and the stream gets
// another, under the same number. Only a socket that is not Fresh has no other, and stays in its
// mode. Resume takes the stream back, usually after the child has ended. It returns [ErrClosed]
// when the stream is closed.
func (r *Readable) Lend() (fd int, err error) {
	fd, err = r.d.lend()
	if err == nil {
		r.lent = true
		r.Pause()
	}
	return fd, err
}

// Lent reports whether Lend was called.
func (r *Readable) Lent() bool { return r.lent }

// waits reports whether the stream waits for its descriptor to become readable.
func (r *Readable) waits() bool {
	return r.state == readOpen && r.flow == flowOn && r.blocked == 0 && !r.hasAhead()
}

// stopFlow stops the flow for want of somebody to take the data: unlike Pause, it lets the next
// listener start it again.
func (r *Readable) stopFlow() {
	if r.flow == flowOn {
		r.flow = flowInitial
		r.d.update()
	}
}

// Hold keeps the stream from reading until Release, whatever Pause, Resume and listeners say
// meanwhile. It is for whoever makes streams for others, such as those of a child that is still
// being started. Holds are counted.
func (r *Readable) Hold() { r.block() }

// Release undoes one Hold.
func (r *Readable) Release() { r.unblock() }

// block and unblock are the backpressure of consumers, apart from the user's Pause and Resume.
func (r *Readable) block() { r.blocked++; r.d.update() }

func (r *Readable) unblock() {
	if r.blocked--; r.blocked == 0 {
		r.scheduleAhead()
	}
	r.d.update()
}

// ready reads what there is. A read that does not fill the buffer has emptied a pipe, so no second
// one is needed to learn that; unless the writer has hung up, when one more finds the end.
func (r *Readable) ready(got reactor.Readiness) {
	for reads := 0; reads < readBudget; reads++ {
		if r.attachIfAsked(); !r.waits() {
			return // What was retained has filled the bridge.
		}
		if r.requeuePartials(); r.hasAhead() {
			r.d.update()
			return
		}
		if len(r.pipes) > 0 {
			if r.dropClosed(); !r.waits() {
				return
			}
			if p := r.splicePipe(); p != nil {
				if p.spliceOnce(); !p.noSplice {
					return
				}
				continue // It was refused: what is there is read.
			}
		}
		buf := r.d.readBuffer()
		if r.bridge != nil {
			buf = buf[:min(len(buf), r.bridge.room())]
		}
		n, err := r.d.read(buf)
		switch {
		case err == unix.EAGAIN:
			return
		case err != nil:
			r.Destroy(wrap("read", r.d.fd, err))
			return
		case n == 0:
			r.reachEnd()
			return
		}
		reads += (n - 1) / readBufferSize
		r.bytes += int64(n)
		r.d.noteTraffic(n)
		r.deliver(buf[:n], toAll)
		if !r.waits() || r.d.blocking || n < len(buf) && got&reactor.Hangup == 0 {
			return
		}
	}
}

// reachEnd is the end of the data, which is found only while no lines are held back: the descriptor
// is closed at once.
func (r *Readable) reachEnd() {
	r.state = readEnding
	r.d.closeReadHalf()
	r.door.shut(io.EOF)
	r.emitEnd()
}

// emitEnd emits what is left, and then end. It comes here again when one of the listeners has
// paused the stream.
func (r *Readable) emitEnd() {
	goneOn := false
	defer func() {
		if !goneOn {
			// A listener has panicked. It has had its part of the end.
			r.d.loop.NextTick(r.deliverAhead)
		}
	}()
	if r.requeuePartials(); r.hasAhead() {
		goneOn = true
		return
	}
	if s := r.decoder.flush(); s != "" {
		reactor.Emit(r.d.loop, &r.text, s)
	}
	if r.line.Len() > 0 && r.flow == flowOn {
		r.flushLine()
	}
	goneOn = true
	if r.state != readEnding || r.flow != flowOn || r.hasAhead() {
		// A listener has destroyed the stream; or has paused it, or put something back: then
		// deliverAhead comes here again.
		return
	}
	r.state = readEnded
	r.d.loop.QueueClosing(r.emitClose)
	defer r.endPipes()
	reactor.Emit(r.d.loop, &r.end, struct{}{})
}

func (r *Readable) emitClose() {
	defer r.endPipes() // It may have been destroyed: then there was no end.
	r.d.emitClosed(r.closeWatcher, &r.close)
}

func (r *Readable) endPipes() {
	for _, p := range r.pipes {
		p.sourceEnded()
	}
}

// abandon is the end with the loop: nobody is told but the goroutine that may wait in a bridge.
func (r *Readable) abandon() {
	r.state = readDestroyed
	r.splitter.drop()
	r.ahead = nil
	r.door.shut(ErrClosed)
}
