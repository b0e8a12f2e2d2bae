package reactor

import (
	"log/slog"
	"math"
	"time"
)

// Options configure a [Loop]. A nil *Options means all defaults.
type Options struct {
	// Logger gets a record of each panic that OnPanic swallowed, of each callback slower than
	// SlowCallback, of descriptors that were closed too early (see Stats.Stale), and of failures
	// that objects on the loop cannot report to a listener. Nil: no records.
	Logger *slog.Logger

	// BusyPoll is how long the loop polls without sleeping before it blocks. It trades CPU time for
	// the latency of a wake-up. 0: off.
	BusyPoll time.Duration

	// Netpoll makes the loop sleep in the poller of Go's runtime, as a goroutine does that reads
	// from a connection, instead of in a system call on a thread of its own. Use it for a loop that
	// exchanges most of its work with goroutines: then a post, and the loop's answer to a
	// goroutine, switch goroutines on one thread and wake no other thread. A wake-up through a
	// descriptor takes two more system calls, and the kernel allows at most 500 watches of one open
	// file. Each turn has an OS thread to itself, but maybe another one each time, so Run, like
	// Poll, does not call the functions of BindThread. Netpoll has an effect on Linux only.
	Netpoll bool

	// OnPanic is called on the loop goroutine with the value and the stack of a panicking callback.
	// The loop then goes on with the next callback. Nil: the panic unwinds out of Run, which may be
	// called again.
	OnPanic func(v any, stack []byte)

	// SlowCallback makes the loop time every callback, which costs about 50 ns each. The loop then
	// keeps [Stats].LongestCallback and logs callbacks that ran at least this long. 0: callbacks
	// are not timed.
	SlowCallback time.Duration

	// PipeWakeup makes the loop wake through a pipe(2) instead of the system's own mechanism.
	PipeWakeup bool
}

// A Loop is a single-threaded event loop. Make one with [New]; the zero value is not usable.
//
// A Loop's methods must be called on the loop goroutine unless their comment says otherwise.
type Loop struct {
	// New sets these and nothing changes them. Any goroutine may read them.
	opts Options
	log  logFunc // writes to opts.Logger; nil: there is none

	door door // the only part that other goroutines change; its fields say how

	// Only the loop goroutine touches the fields from here on.

	poller  poller   // open from New to Close
	parking *parking // nil: Options.Netpoll is off or has no effect, or reopenParking failed
	wake    *Watcher // of the waker's descriptor, unref'd; nil: the poller has the waker itself
	alarm   *alarm   // nil until the first call of FD
	alarmAt int64    // deadline of the alarm, as elapsed counts; alarmOff: it is not set

	// The clock. Tests replace both functions.
	clock func() time.Time                   // time.Now
	since func(base time.Time) time.Duration // time.Since
	base  time.Time                          // time of New; elapsed counts from here
	now   time.Time                          // result of Now; valid while nowValid is set
	// false from the start of a turn or the end of a sleep to the next Now
	nowValid bool
	// clockRead is the latest result of elapsed that readClock or Now got. It is still the present
	// time as long as stats.Callbacks is clockReadAt, the value it had at readClock's last reading.
	// clockReadAt is clockUnread from the start of Run or Poll, and from the end of a sleep, to the
	// next reading.
	clockRead   int64
	clockReadAt uint64

	running    bool // true inside Run and Poll, also in callbacks
	closed     bool // true from Close on, for good
	probeFirst bool // the last sleep found events at once: the next wait polls before it sleeps
	refs       int  // ref'd timers that are set, ref'd immediates that wait, ref'd active watchers

	ticks      queue[func()] // waiting functions of NextTick
	ticksRun   uint64        // ticks run since New
	yields     int           // calls of Yield since its last tick or the last park
	yieldTick  func()        // yieldNow; New makes it so that queueing it does not allocate
	inTicks    bool          // runTicks runs: Emit and Call in a tick leave other ticks to it
	inCallback bool          // Callback runs: Emit and Call inside it leave the ticks to it
	timers     timerHeap
	immediates phaseQueue[*Immediate]
	closing    closingQueue
	posted     queue[func()] // posts taken from the door and not yet run
	watchers   watcherTable
	stale      staleTable
	locals     localTable
	// in order of BindThread; entered in this order, left in reverse
	threads        []*threadBinding
	threadsEntered bool  // their enter functions have run, and leave has not
	stats          Stats // counters; the gauges are filled in by Loop.Stats
}

// New returns a loop. The caller must Close it. Errors are *[OpError], for example EMFILE.
func New(o *Options) (l *Loop, err error) {
	// New is short enough for the compiler to inline. So a program that only calls New(nil) does
	// not refer to logTo. A return statement with operands would make New too long for that.
	var bind func(*slog.Logger) logFunc
	if o != nil {
		bind = logTo
	}
	l, err = open(o, bind)
	return
}

func open(o *Options, bind func(*slog.Logger) logFunc) (*Loop, error) {
	l := &Loop{clock: time.Now, since: time.Since}
	if o != nil {
		l.opts = *o
		l.log = bind(o.Logger)
	}
	l.base = l.clock()
	l.yieldTick = l.yieldNow
	l.door.gone = make(chan struct{})
	if err := l.poller.open(); err != nil {
		return nil, err
	}
	if err := l.openWakeup(); err != nil {
		_ = l.poller.close() // The poller is new: a failing close loses nothing.
		return nil, err
	}
	if err := l.openParking(); err != nil {
		_ = l.closeOwn() // The error above is the one to report.
		return nil, err
	}
	return l, nil
}

// openWakeup makes the waker, through which other goroutines end the loop's sleep, and watches its
// descriptor if it has one.
func (l *Loop) openWakeup() error {
	wk, err := newWaker(&l.poller, l.opts.PipeWakeup)
	if err != nil {
		return err
	}
	if fd := wk.fd(); fd >= 0 {
		w, err := l.watch(fd, Readable|wk.mode(), func(Readiness) { wk.drain() })
		if err != nil {
			_ = wk.close() // The watch error is the one to report.
			return err
		}
		w.Unref()
		l.wake = w
	}
	l.door.waker = wk
	return nil
}

// Close releases everything that the loop holds, whether or not something keeps it alive: also
// after Stop, after the context of RunContext has ended, and after a panic. Call [Loop.Alive]
// before it to learn whether Close drops something. It returns [ErrRunning], and closes nothing,
// while the loop is inside Run or Poll, which includes its callbacks. Otherwise everything is
// closed, and the first error is returned.
//
// After Close no callback runs. Waiting ticks, immediates, timers, posted functions and closing
// callbacks are dropped without being called. A [Loop.Do] that waits returns [ErrClosed], as do
// later calls of Post and Do, and releasing a [Loop.Hold] does nothing. Close then closes these, in
// this order:
//
//  1. the values that [Loop.Local] keeps, the last first. So the packages that are built on the
//     loop close their part: descriptors of streams, channels and watchers of signals are closed
//     without events, and goroutines that wait in a bridge of a stream, or for a child, return with
//     an error;
//  2. the watchers. Their descriptors stay open, because they belong to their owners;
//  3. the loop's own descriptors.
//
// Afterwards, methods that start something and cannot return an error panic. Closing twice is
// harmless.
func (l *Loop) Close() (err error) {
	l.check("Close")
	switch {
	case l.closed:
		return nil
	case l.running:
		return ErrRunning
	}
	l.closed = true
	l.door.shut()
	defer func() { // Also when the Close of a local panics.
		l.dropQueued()
		l.watchers.forgetAll()
		l.threads = nil
		err = firstError(err, l.closeOwn())
	}()
	return l.locals.close()
}

// dropQueued drops all functions that wait. The timers and immediates among them are as after Stop.
func (l *Loop) dropQueued() {
	for l.immediates.n > 0 {
		l.immediates.pop().fn = nil
	}
	l.timers.forgetAll()
	l.ticks, l.posted = queue[func()]{}, queue[func()]{}
	l.immediates, l.closing = phaseQueue[*Immediate]{}, closingQueue{}
	l.refs = 0
}

// closeOwn closes the loop's own descriptors and returns the first error.
func (l *Loop) closeOwn() error {
	var err error
	if l.alarm != nil {
		err = l.alarm.close()
	}
	if l.parking != nil {
		err = firstError(err, l.parking.close())
	}
	err = firstError(err, l.door.waker.close())
	return firstError(err, l.poller.close())
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// Alive reports whether Run would go on: a ref'd timer, immediate or watcher is active, or work is
// queued, or a [Loop.Hold] is not yet released. A closed loop is not alive.
func (l *Loop) Alive() bool {
	l.check("Alive")
	return !l.closed && (l.aliveInside() || l.door.load().has(doorPosted|doorHolds))
}

// aliveInside is Alive without the requests of other goroutines, which are in the door.
func (l *Loop) aliveInside() bool { return l.refs > 0 || l.queued() }

// queued reports whether the loop itself holds callbacks that need no event to run.
func (l *Loop) queued() bool { return l.ticks.n > 0 || l.closing.pending() || l.posted.n > 0 }

// Now returns the time of the turn. The first call in a turn reads the clock, and so does the first
// one after the turn's sleep. So the time stands still during a callback. It is late by at most the
// time that callbacks have taken since that reading.
func (l *Loop) Now() time.Time {
	l.check("Now")
	if !l.nowValid {
		l.now, l.nowValid = l.clock(), true
		l.clockRead = int64(l.now.Sub(l.base))
	}
	return l.now
}

// elapsed reads the clock and returns nanoseconds since base, the time as timers count it. The loop
// uses it instead of time.Now, which reads two clocks, because that would be most of the cost of a
// timer.
func (l *Loop) elapsed() int64 { return int64(l.since(l.base)) }

// clockUnread is a number of callbacks that no loop reaches.
const clockUnread = math.MaxUint64

// readClock is elapsed for calls between callbacks. If no callback has run since the last reading,
// it returns that reading.
func (l *Loop) readClock() int64 {
	if l.clockReadAt != l.stats.Callbacks {
		l.clockRead = l.elapsed()
		l.clockReadAt = l.stats.Callbacks
	}
	return l.clockRead
}

func (l *Loop) ref()   { l.refs++ }
func (l *Loop) unref() { l.refs-- }

// check panics for a mistake that the type system cannot see and that no error result could report.
func (l *Loop) check(op string) {
	if l == nil {
		panic("reactor: " + op + " on a nil Loop")
	}
}

// checkOpen is check for methods that queue a callback: on a closed loop it would never run.
func (l *Loop) checkOpen(op string, nilFn bool) {
	l.check(op)
	if nilFn {
		panic("reactor: " + op + ": nil callback")
	}
	if l.closed {
		panic("reactor: " + op + ": loop is closed")
	}
}
