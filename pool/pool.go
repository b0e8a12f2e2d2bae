package pool

import (
	"log/slog"
	"math"
	"math/rand/v2"
	"time"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/reactor"
)

// poolState goes from open to stopping to stopped. A pool goes to stopping by itself if no worker
// ever became ready.
type poolState uint8

const (
	poolOpen poolState = iota
	poolStopping
	poolStopped // the last worker has gone
)

// A Pool is a number of worker processes and the jobs for them. It calls listeners and done
// functions on its loop, never inside the call that causes them.
//
// A Pool's methods must be called on the loop goroutine unless their comment says otherwise.
type Pool struct {
	loop   *reactor.Loop
	o      *settings
	logger *slog.Logger // nil: nothing is logged
	hub    *hub

	state    poolState
	startErr error // returned by Run if no worker ever became ready; nil otherwise

	// Tasks that are not settled. Each waiting one is in one of queue, suspects, the bound queue of
	// a worker, or aside; each running one has an assignment or is in incomplete.
	queue    queue // tasks for any worker
	suspects queue // tasks whose worker died; each runs alone in a worker
	// answered tasks that wait for chunks to be taken, or for an attachment
	incomplete map[*Task]struct{}
	aside      map[*Task]struct{} // tasks whose attachment is being copied, in no queue
	bindings   bindings           // key → worker
	counts     counts             // counters of Stats
	outcomes   outcomes           // settled tasks whose callback was not called yet
	needDrain  bool               // NeedDrain is true; OnDrain comes when it becomes false
	lastTask   uint64             // number of the last task; 0 before the first
	encoder    nodejson.Encoder   // encoder of the loop goroutine

	workers        []*worker // started, and without a 'close' yet; in the order of their numbers
	everReady      bool      // a worker has become ready
	lastWorker     int       // number of the last worker; 0 before the first
	generation     int       // generation of the workers that are started now
	lastGeneration int       // the highest so far; a failed reload uses one up
	program        program   // program of the workers that are started now
	uses           uint64    // calls of worker.markUsed, for Order
	limit          int       // most workers: Max, or fewer while exhausted
	exhausted      bool      // the system refused another process; no successors are started
	limitAlarm     alarm     // resets limit and exhausted
	supply         supply    // decides when the next worker may be started
	reload         *reload   // nil: none is under way
	stopping       *stopping // nil until the pool begins to stop
	memoryTimer    *reactor.Timer
	pingTimer      *reactor.Timer

	unrefed    bool
	release    func() // ends the loop's Hold; nil while it is not held
	reportNext func() // p.reportOutcome, made once so that settling a task allocates nothing

	onDrain       events.Event[struct{}]
	onWorkerReady events.Event[Worker]
	onWorkerExit  events.Event[*WorkerExit]
	onStuck       events.Event[*Task]
	onCrashLoop   events.Event[*CrashLoopError]
	onError       events.Event[error]
}

// New returns a pool whose workers run on l, and starts Options.Min of them. Jobs may be given at
// once; they wait until a worker is ready.
//
// The pool keeps the loop alive while it has workers or tasks (see [Pool.Unref]), until [Pool.Stop]
// has stopped it. If the loop is closed first, the workers are killed.
//
// Errors are *[OptionError], the error of childprocess.Fork for Options.Fork, and
// reactor.ErrClosed.
//
// Must be called on the loop goroutine.
func New(l *reactor.Loop, o *Options) (*Pool, error) {
	s, err := o.resolve()
	if err != nil {
		return nil, err
	}
	p := &Pool{loop: l, o: s, logger: s.Logger, generation: 1, lastGeneration: 1, limit: s.Max}
	p.incomplete, p.aside = map[*Task]struct{}{}, map[*Task]struct{}{}
	p.counts.exits = map[ExitReason]uint64{}
	p.counts.madeAt = l.Now()
	if p.logger == nil {
		p.logger = l.Logger()
	}
	if p.logger != nil && s.Name != "" {
		p.logger = p.logger.With("pool", s.Name)
	}
	p.program = program{self: s.Self, module: s.Module, execPath: s.ExecPath, args: s.Args, fork: s.fork}
	p.reportNext = p.reportOutcome
	if p.hub, err = hubOf(l); err != nil {
		return nil, err
	}
	if err := p.startFirst(); err != nil {
		p.state = poolStopped
		return nil, err
	}
	p.hub.open[p] = struct{}{}
	p.startTimers()
	p.updateHold()
	return p, nil
}

// Ref makes the pool keep the loop alive while it has workers. That is the state of a new pool.
func (p *Pool) Ref() {
	p.unrefed = false
	p.updateHold()
}

// Unref makes the pool keep the loop alive only while it has tasks that are not settled, stops, or
// reloads.
func (p *Pool) Unref() {
	p.unrefed = true
	p.updateHold()
}

// updateHold holds the loop while the pool has a reason to, and releases it otherwise. Nothing else
// of the pool keeps the loop alive: its alarms, children and streams are unref'd.
func (p *Pool) updateHold() {
	// After the pause there will be a worker.
	kept := len(p.workers) > 0 || p.state == poolOpen && p.supply.backingOff
	want := p.counts.outstanding() > 0 || p.stopping != nil && p.state != poolStopped || p.reload != nil || !p.unrefed && kept
	switch {
	case want && p.release == nil:
		p.release = p.loop.Hold()
	case !want && p.release != nil:
		p.release()
		p.release = nil
	}
}

// OnDrain calls fn when, after [Pool.NeedDrain] was true, half of the queue is free again.
func (p *Pool) OnDrain(fn func()) *events.Listener {
	return p.onDrain.On(func(struct{}) { fn() })
}

// OnWorkerReady calls fn with each worker that has become ready for jobs.
func (p *Pool) OnWorkerReady(fn func(w Worker)) *events.Listener { return p.onWorkerReady.On(fn) }

// OnWorkerExit calls fn with each worker that has exited and the reason, after its tasks were
// settled or queued again. It also reports workers that never became ready.
func (p *Pool) OnWorkerExit(fn func(e *WorkerExit)) *events.Listener { return p.onWorkerExit.On(fn) }

// OnStuck calls fn with a task that has been running for Options.StuckAfter, once for each run. The
// task goes on.
func (p *Pool) OnStuck(fn func(t *Task)) *events.Listener { return p.onStuck.On(fn) }

// OnCrashLoop calls fn when ten workers in a row have died without an answer to a job in between,
// and again with each further such death. From then on the pool tries one worker at a time, after
// the pauses of Options.Backoff. Options.CrashLoop says whether tasks wait meanwhile or fail. The
// next answer ends the crash loop.
func (p *Pool) OnCrashLoop(fn func(e *CrashLoopError)) *events.Listener { return p.onCrashLoop.On(fn) }

// OnError calls fn with errors that belong to no task: *[StartError], *[ProtocolError],
// *[MemoryError], and errors of a worker's channel or streams. While there is no listener, they go
// to the logger.
func (p *Pool) OnError(fn func(err error)) *events.Listener { return p.onError.On(fn) }

// nextTick runs fn in a tick of its own, because no listener is called inside the call that caused
// its event. If fn panics, other ticks still run. The listeners of one event are called by
// reactor.Emit, which gives each of them the event even if one panics.
func (p *Pool) nextTick(fn func()) { p.loop.NextTick(fn) }

// reportError emits err. Without a listener, it is logged.
func (p *Pool) reportError(err error) {
	p.nextTick(func() {
		if !reactor.Emit(p.loop, &p.onError, err) && p.logger != nil {
			p.logger.Error(err.Error())
		}
	})
}

// jittered returns d changed at random by up to 20 % either way.
func jittered(d time.Duration) time.Duration {
	return time.Duration(float64(min(d, math.MaxInt64/2)) * (0.8 + 0.4*rand.Float64()))
}
