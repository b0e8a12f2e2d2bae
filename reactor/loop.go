package reactor

import (
	"log/slog"
	"math"
	"time"
)

// Options configure a [Loop]. A nil *Options means all defaults.
type Options struct {
	// Logger gets a record of panics that OnPanic swallowed, of callbacks slower than SlowCallback,
	// of descriptors that were closed too early (see Stats.Stale), and of what objects on the loop
	// have to tell that nobody listens for. Nil: silent.
	Logger *slog.Logger

	// BusyPoll is how long the loop polls without sleeping before it blocks: it trades CPU time for
	// the latency of a wake-up. 0: off.
	BusyPoll time.Duration

	// Netpoll has the loop sleep in the poller of Go's runtime, as goroutines do that read from a
	// connection, and not in a system call on a thread of its own. It is for a loop that gets most
	// of its work from goroutines, or gives it to them: a post, and what the loop then tells a
	// goroutine, change goroutines on one thread and need not wake another. What wakes the loop
	// through a descriptor takes two more system calls, and the kernel lets no open file be watched
	// more than 500 times. Each turn has an OS thread to itself, but it may be another one each
	// time, so that Run, like Poll, does not call the functions of BindThread. It has an effect on
	// Linux only.
	Netpoll bool

	// OnPanic is called on the loop goroutine with the value and the stack of a panicking callback,
	// and the loop goes on with the next one. Nil: the panic unwinds out of Run, which may be
	// called again.
	OnPanic func(v any, stack []byte)

	// SlowCallback has every callback timed, which costs about 50 ns each: [Stats].LongestCallback
	// is kept, and callbacks that ran at least this long are logged. 0: callbacks are not timed.
	SlowCallback time.Duration

	// PipeWakeup makes the loop wake through a pipe(2) instead of the system's own mechanism.
	PipeWakeup bool
}

// A Loop is a single-threaded event loop. Make one with [New]; the zero value is not usable.
//
// A Loop's methods must be called on the loop goroutine unless their comment says otherwise.
type Loop struct {
	opts    Options
	log     logFunc // of opts.Logger; nil without
	poller  poller
	parking *parking // nil without Options.Netpoll
	door    door
	wake    *Watcher
	alarm   *alarm // nil until FD was called
	alarmAt int64  // what the alarm is set for, as timers count

	clock    func() time.Time                   // time.Now, and
	since    func(base time.Time) time.Duration // time.Since, both replaced by tests
	base     time.Time                          // elapsed counts from here
	now      time.Time                          // cached, see Now
	nowValid bool                               // now is of this turn
	// what elapsed was when the loop, or Now, looked at the clock last
	clockRead int64
	// stats.Callbacks when the loop did; clockUnread when that was before this Run or Poll
	clockReadAt uint64

	running    bool // inside Run or Poll
	closed     bool
	probeFirst bool // the last poll had something at once, see wait
	refs       int  // armed timers, immediates and active watchers that are ref'd; see Alive

	ticks          queue[func()]
	ticksRun       uint64 // so far
	yields         int    // calls of Yield since it had its tick, or since the loop was parked
	yieldTick      func() // yieldNow, made once so that queueing it does not allocate
	inTicks        bool   // runTicks is under way: what a tick emits is part of it
	inCallback     bool   // Callback is under way
	timers         timerHeap
	immediates     phaseQueue[*Immediate]
	closing        closingQueue
	posted         queue[func()] // taken from the door, to be run
	watchers       watcherTable
	stale          staleTable
	locals         localTable
	threads        []*threadBinding
	threadsEntered bool // the bindings' enter functions have run
	stats          Stats
}

// New returns a loop. The caller must Close it. Errors are *[OpError], for example EMFILE.
func New(o *Options) (l *Loop, err error) {
	// This is short enough for the compiler to inline it, and then a program that only calls
	// New(nil) does not refer to logTo. A return statement with operands would be too much.
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
		_ = l.poller.close() // It has no state that a failing close could lose.
		return nil, err
	}
	if err := l.openParking(); err != nil {
		_ = l.closeOwn() // The error above is the one to report.
		return nil, err
	}
	return l, nil
}

// openWakeup makes the descriptor through which other goroutines end the loop's sleep, and watches
// it.
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

// Close releases everything the loop holds, whether or not something keeps it alive: also after
// Stop, after the context of RunContext has ended, and after a panic. [Loop.Alive] tells before
// whether anything is cut short. It fails only with [ErrRunning], in a callback of the loop or
// while it is inside Run or Poll, and then nothing was closed; and with the first error of what it
// had to close, when all the same everything was.
//
// No callback runs any more. It is dropped without being called whatever was waiting: ticks,
// immediates, timers, posted functions, closing callbacks. A [Loop.Do] that waits returns
// [ErrClosed], as Post and Do do from now on, and releasing a [Loop.Hold] does nothing. Then these
// are closed, in this order:
//
//  1. what [Loop.Local] keeps, the last first. So the packages that are built on the loop end what
//     they have there: the descriptors of streams, channels and watchers of signals are closed
//     without events, and goroutines that wait in a bridge of a stream, or for a child, are told;
//  2. the watchers, whose descriptors stay open: they are their owners';
//  3. the loop's own descriptors.
//
// Methods that cannot return an error panic afterwards, but for those that end something. Closing
// twice is harmless.
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

// dropQueued forgets what was to be called. Handles of it that the program has are as after Stop.
func (l *Loop) dropQueued() {
	for l.immediates.n > 0 {
		l.immediates.pop().fn = nil
	}
	l.timers.forgetAll()
	l.ticks, l.posted = queue[func()]{}, queue[func()]{}
	l.immediates, l.closing = phaseQueue[*Immediate]{}, closingQueue{}
	l.refs = 0
}

// closeOwn closes the loop's own descriptors.
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

// Alive reports whether Run would go on: something referenced is active (a timer, an immediate, a
// watcher that waits for something), or work is queued, or [Loop.Hold] is in force. A closed loop
// is not alive.
func (l *Loop) Alive() bool {
	l.check("Alive")
	return !l.closed && (l.aliveInside() || l.door.load().has(doorPosted|doorHolds))
}

// aliveInside is Alive without what other goroutines may have asked for.
func (l *Loop) aliveInside() bool { return l.refs > 0 || l.queued() }

// queued reports whether the loop itself holds callbacks that need no event to run.
func (l *Loop) queued() bool { return l.ticks.n > 0 || l.closing.pending() || l.posted.n > 0 }

// Now returns the time of the turn. The clock is read once a turn, if somebody asks, and anew when
// a sleep ends; so the time does not move during a callback, and is later by nothing but the
// callbacks of the turn before the first that asked.
func (l *Loop) Now() time.Time {
	l.check("Now")
	if !l.nowValid {
		l.now, l.nowValid = l.clock(), true
		l.clockRead = int64(l.now.Sub(l.base))
	}
	return l.now
}

// elapsed looks at the clock and returns the time as timers count it, in nanoseconds since base. It
// is what the loop itself goes by: time.Now looks twice, since it tells the time of day too, and
// that is most of what a timer costs.
func (l *Loop) elapsed() int64 { return int64(l.since(l.base)) }

// clockUnread is a number of callbacks that no loop reaches.
const clockUnread = math.MaxUint64

// readClock is elapsed between callbacks. Unless one has run since the last time, that is still
// the present time.
func (l *Loop) readClock() int64 {
	if l.clockReadAt != l.stats.Callbacks {
		l.clockRead = l.elapsed()
		l.clockReadAt = l.stats.Callbacks
	}
	return l.clockRead
}

func (l *Loop) ref()   { l.refs++ }
func (l *Loop) unref() { l.refs-- }

// check panics for the mistakes that the type system cannot see and that no error result could
// report.
func (l *Loop) check(op string) {
	if l == nil {
		panic("reactor: " + op + " on a nil Loop")
	}
}

// checkOpen is check for methods that would leave a callback that never runs.
func (l *Loop) checkOpen(op string, nilFn bool) {
	l.check(op)
	if nilFn {
		panic("reactor: " + op + ": nil callback")
	}
	if l.closed {
		panic("reactor: " + op + ": loop is closed")
	}
}
