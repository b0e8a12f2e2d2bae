package streams

import (
	"io"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
)

const (
	// readBudget is the number of reads per readiness: a busy pipe must not keep the loop from its
	// other work. A read of more than readBufferSize counts as several.
	readBudget = 16

	// DefaultMaxLine is the longest line, in bytes, that OnLine and Lines accept by default.
	DefaultMaxLine = 16 << 20

	// DefaultHighWaterMark is the number of bytes that a bridge or a Writable holds by default
	// before its writer should wait.
	DefaultHighWaterMark = 64 << 10
)

// ReadableOptions configure a [Readable]. A nil *ReadableOptions means all defaults.
type ReadableOptions struct {
	// LineEnd is the end of a line for OnLine and Lines. The zero value is Newline.
	LineEnd LineEnd

	// MaxLine is the greatest length of a line for OnLine and Lines, in bytes without its end. A
	// longer line destroys the stream with [ErrLineTooLong]. 0: DefaultMaxLine; negative: no limit.
	MaxLine int

	// HighWaterMark is the number of bytes that Reader and Lines hold for their goroutine. 0 or
	// negative: DefaultHighWaterMark.
	HighWaterMark int

	// Fresh says that fd is the only descriptor of its open file description, which is in
	// non-blocking mode, as after pipe2(2), socketpair(2) or accept4(2) with their flags for that.
	// The stream then saves the system calls that would find this out.
	Fresh bool

	// Pipe says that fd is a pipe, which saves a system call too.
	Pipe bool

	// KeepSize leaves the capacity of a pipe as it is. By default a pipe is enlarged while its
	// traffic is heavy.
	KeepSize bool
}

// check returns an error for an unknown LineEnd.
func (o *ReadableOptions) check(fd int) error {
	if o != nil && !o.LineEnd.Valid() {
		return wrap("open", fd, errLineEnd)
	}
	return nil
}

// A Readable is the reading half of a pipe, a socket or another descriptor. It closes its
// descriptor when it has read the end of the data, when a read fails, and when it is destroyed. A
// read that fails destroys it with an *[OpError].
//
// A Readable's methods must be called on the loop goroutine unless their comment says otherwise.
type Readable struct {
	// d is never nil. It is &own, or the descriptor of the Duplex that the stream is half of.
	own descriptor
	d   *descriptor

	hwm int // bytes that the bridge holds; > 0

	// The small fields are together: the allocator gives out 512 bytes, or 576.
	flow            flow
	state           readState
	unrefed         bool      // Unref was called after the last Ref
	lent            bool      // Lend was called
	retaining       bool      // chunks go to a bridge that is not attached yet, see Retain
	textTo, linesTo consumers // consumers that have not had the bytes kept in decoder, in splitter
	stage           stage     // stageNone outside of deliver

	cause   error // argument of Destroy; nil while the stream is not destroyed
	blocked int   // number of Holds and of consumers that take no more now; reading needs 0
	bytes   int64 // number of bytes read so far

	data  events.Event[[]byte]
	text  events.Event[string]
	line  events.Event[[]byte]
	end   events.Event[struct{}]
	err   events.Event[error]
	close events.Event[struct{}]

	// The library's own listeners: at most one of NotifyClose, nil without; those of NotifyData,
	// which begin in firstDataWatcher because most streams have one at most.
	closeWatcher     CloseWatcher
	dataWatchers     []DataWatcher
	firstDataWatcher [1]DataWatcher

	decoder  textDecoder  // keeps a character that the last chunk has cut off, for OnText
	splitter lineSplitter // keeps a line that the last chunk has cut off, for OnLine

	pipes  []*pipe // pipes to destinations; the array is replaced, not changed, when one goes
	bridge *Reader // nil until the bridge is attached, then never nil again
	// Other goroutines may use door, and d.loop, hwm, splitter.end and splitter.limit, which stay
	// as they are. Everything else is the loop goroutine's.
	door door

	ahead []segment // bytes to deliver before anything newly read, see Unshift; the stream's own
}

// flow says whether a Readable flows, and who may start it.
type flow uint8

const (
	flowInitial flow = iota // it does not flow; the next listener or Resume starts it
	flowOn
	flowPaused // it does not flow; only Resume starts it
)

// readState goes from readOpen through readEnding to readEnded, or from one of the first two to
// readDestroyed.
type readState uint8

const (
	readOpen      readState = iota
	readEnding              // the end was read, the half is closed; end was not emitted yet
	readEnded               // end was emitted
	readDestroyed           // there is no further data and no end
)

// NewReadable returns a stream that reads from fd. It takes ownership of fd if it returns no error;
// otherwise fd stays the caller's. Errors are *[OpError]; for a closed loop it wraps [ErrClosed].
//
// Of fd 0, 1 and 2, which belong to the whole program, the stream owns a duplicate, so they stay
// open after its end. With Fresh they are like any other descriptor.
//
// The stream does not change the mode of fd, blocking or not: the mode belongs to the open file
// description, which other processes may share. The loop waits in neither mode. A terminal, and a
// pipe in blocking mode, is opened once more (on Linux by /proc/self/fd); on a socket or a pipe
// each call asks the kernel not to wait. Where neither is possible, because the terminal is another
// user's or the system has no such calls, the stream makes one call each time the poller reports
// readiness. Prefer non-blocking mode there, because another reader may be faster. A regular file
// is read at the speed of its file system. Read a file of a network file system on a goroutine,
// because it may keep the loop waiting.
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

// init makes r a half of d, which is open. o may be nil.
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

// OnData calls fn with each chunk: the bytes of one read, at most 64 KiB, or 256 KiB from a pipe
// that was enlarged because of its traffic. chunk is valid until fn returns. The first listener of
// OnData, OnText and OnLine starts the flow, unless Pause was called.
func (r *Readable) OnData(fn func(chunk []byte)) *events.Listener {
	return r.startAfter(r.data.On(fn))
}

// OnText calls fn with the data as text, in the encoding given to SetEncoding, by default UTF-8. A
// character that a chunk has cut off is completed by the next chunk. Invalid UTF-8 becomes U+FFFD
// as the Encoding Standard says.
func (r *Readable) OnText(fn func(text string)) *events.Listener {
	return r.startAfter(r.text.On(fn))
}

// OnLine calls fn with each line, without its end: "\n" or "\r\n", or the one of
// ReadableOptions.LineEnd. line is valid until fn returns. Bytes behind the last end are a line
// too, and a "\r" at the end of the data is part of it. If fn calls Pause, the next line waits for
// Resume.
func (r *Readable) OnLine(fn func(line []byte)) *events.Listener {
	return r.startAfter(r.line.On(fn))
}

// OnEnd calls fn once, after all data was delivered. It does not start the flow.
func (r *Readable) OnEnd(fn func()) *events.Listener {
	return r.end.On(notNil(fn, "OnEnd"))
}

// OnError calls fn once if reading failed or Destroy was given an error.
func (r *Readable) OnError(fn func(error)) *events.Listener { return r.err.On(fn) }

// OnClose calls fn once, after every other event.
func (r *Readable) OnClose(fn func()) *events.Listener {
	return r.close.On(notNil(fn, "OnClose"))
}

// A CloseWatcher is an object of the library that follows the close event of a stream.
type CloseWatcher interface {
	// StreamClosed is called once, on the loop goroutine, in the callback of the close event.
	StreamClosed()
}

// NotifyClose sets the one CloseWatcher of the stream, which is called before the listeners of
// OnClose. It is for the object that the stream is part of: a child counts its open streams this
// way.
func (r *Readable) NotifyClose(w CloseWatcher) { r.closeWatcher = w }

// A DataWatcher is an object of the library that follows the data of a stream.
type DataWatcher interface {
	// StreamData is called with each chunk, which is valid until it returns. It must not call
	// functions of the user.
	StreamData(chunk []byte)
}

// NotifyData calls w with each chunk, before the listeners, and starts the flow as OnData does. It
// is for objects that collect the data, such as the output of an Exec: a listener that panics or
// destroys the stream cannot keep the chunk from them.
func (r *Readable) NotifyData(w DataWatcher) {
	r.FollowData(w)
	r.startAfter(nil)
}

// FollowData is NotifyData without starting the flow.
func (r *Readable) FollowData(w DataWatcher) {
	if r.dataWatchers == nil {
		r.dataWatchers = r.firstDataWatcher[:0]
	}
	r.dataWatchers = append(r.dataWatchers, w)
}

// emitClosed calls w, unless it is nil, and then the listeners of event, even if w panics.
func (d *descriptor) emitClosed(w CloseWatcher, event *events.Event[struct{}]) {
	defer reactor.Emit(d.loop, event, struct{}{})
	if w != nil {
		w.StreamClosed()
	}
}

// notNil turns a func() into a listener of an Event. It panics if fn is nil.
func notNil(fn func(), op string) func(struct{}) {
	if fn == nil {
		panic("streams: " + op + ": nil callback")
	}
	return func(struct{}) { fn() }
}

// startAfter starts the flow after a listener was added, unless Pause was called, and returns l.
func (r *Readable) startAfter(l *events.Listener) *events.Listener {
	if r.flow == flowInitial {
		r.Resume()
	}
	return l
}

// Pause stops the flow after the chunk or line that is being delivered. Only Resume starts it
// again.
func (r *Readable) Pause() {
	r.flow = flowPaused
	r.d.update()
}

// Resume starts the flow. If nobody listens, the data is thrown away.
func (r *Readable) Resume() {
	r.flow = flowOn
	r.scheduleAhead()
	r.d.update()
}

// Flowing reports whether the stream was started and not paused.
func (r *Readable) Flowing() bool { return r.flow == flowOn }

// BytesRead returns the number of bytes read so far.
func (r *Readable) BytesRead() int64 { return r.bytes }

// FD returns the descriptor, -1 once it is closed. The stream keeps ownership.
func (r *Readable) FD() int { return r.d.fd }

// Closed reports whether the stream has read the end of its data or was destroyed. Its descriptor
// is then closed, unless the other half of a Duplex is open.
func (r *Readable) Closed() bool { return r.state != readOpen }

// HoldsEnd reports whether the end was read but waits for Resume, because the stream does not flow.
func (r *Readable) HoldsEnd() bool { return r.state == readEnding && r.flow != flowOn && r.live() }

// Ref makes the stream keep the loop alive while it waits for data, as a new stream does.
func (r *Readable) Ref() { r.unrefed = false; r.d.update() }

// Unref lets the loop end while the stream waits for data.
func (r *Readable) Unref() { r.unrefed = true; r.d.update() }

// Destroy closes the descriptor, or the reading half of a Duplex, at once and drops data that was
// read and not delivered. OnError gets err on the next tick unless it is nil; OnClose is called
// last. There is no end. Destroy does nothing on a stream that has ended or was destroyed.
func (r *Readable) Destroy(err error) {
	if !r.live() {
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

// Lend prepares the descriptor for a child that will read it as one of its stdio slots: it pauses
// the stream and puts the descriptor into blocking mode, which programs expect. The child then
// shares the open file description. If others may share it already, because the stream is not
// Fresh, that description keeps its mode, and Lend opens another under the same number. If that is
// impossible, as for a socket, fd stays in its mode. The stream keeps ownership of fd. Resume takes
// the stream back, usually after the exit of the child. The error is [ErrClosed] for a closed
// stream, or an *[OpError].
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

// waits reports whether the poller must report when the descriptor is readable.
func (r *Readable) waits() bool {
	return r.state == readOpen && r.flow == flowOn && r.blocked == 0 && !r.hasAhead()
}

// stopFlow stops the flow because nobody takes the data. Unlike after Pause, the next listener
// starts it again.
func (r *Readable) stopFlow() {
	if r.flow == flowOn {
		r.flow = flowInitial
		r.d.update()
	}
}

// Hold keeps the stream from reading until Release, regardless of Pause, Resume and listeners.
// Holds are counted. It is for code that makes streams for others, such as those of a child that is
// still being started.
func (r *Readable) Hold() { r.block() }

// Release undoes one Hold.
//
// Preconditions:
//
//   - Release was called less often than Hold.
func (r *Readable) Release() { r.unblock() }

// block and unblock count the backpressure of consumers, apart from the user's Pause and Resume.
func (r *Readable) block() { r.blocked++; r.d.update() }

func (r *Readable) unblock() {
	if r.blocked--; r.blocked == 0 {
		r.scheduleAhead()
	}
	r.d.update()
}

// ready is called when the poller reports readiness. A read that does not fill the buffer has
// emptied a pipe, so no second read is needed to learn that. After a hang-up one more read finds
// the end.
func (r *Readable) ready(got reactor.Readiness) {
	for reads := 0; reads < readBudget; reads++ {
		if r.attachIfAsked(); !r.waits() {
			return // Retained bytes have filled the bridge.
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
				continue // The kernel refused to splice: read instead.
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

// reachEnd closes the half at once when the end of the data was read. No bytes are ahead then,
// because the stream reads only while there are none.
func (r *Readable) reachEnd() {
	r.state = readEnding
	r.d.closeReadHalf()
	r.door.shut(io.EOF)
	r.emitEnd()
}

// emitEnd emits the text and the line that have no end, and then the end event. If a listener
// pauses the stream or puts bytes back, it returns early, and deliverAhead calls it again.
func (r *Readable) emitEnd() {
	goneOn := false
	defer func() {
		if !goneOn {
			// A listener has panicked. The text or line that it got does not come again.
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
		// A listener has destroyed the stream, paused it, or put bytes back. In the last two cases
		// deliverAhead calls emitEnd again.
		return
	}
	r.state = readEnded
	r.d.loop.QueueClosing(r.emitClose)
	defer r.endPipes()
	reactor.Emit(r.d.loop, &r.end, struct{}{})
}

func (r *Readable) emitClose() {
	defer r.endPipes() // A destroyed stream has emitted no end.
	r.d.emitClosed(r.closeWatcher, &r.close)
}

// endPipes ends the destinations of the pipes that are left.
func (r *Readable) endPipes() {
	for _, p := range r.pipes {
		p.sourceEnded()
	}
}

// abandon destroys the stream when its loop is closed, without events. A goroutine that waits in
// the bridge gets ErrClosed. The caller closes the descriptor.
func (r *Readable) abandon() {
	r.state = readDestroyed
	r.splitter.drop()
	r.ahead = nil
	r.door.shut(ErrClosed)
}
