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

// poolState goes from open to stopping to stopped. A pool none of whose workers ever became ready
// goes to stopping by itself.
type poolState uint8

const (
	poolOpen poolState = iota
	poolStopping
	poolStopped // the last worker has gone
)

// A Pool is a number of worker processes and the jobs for them.
//
// A Pool's methods must be called on the loop goroutine unless their comment says otherwise.
type Pool struct {
	loop   *reactor.Loop
	o      *settings
	logger *slog.Logger // nil: silent
	hub    *hub

	state    poolState
	startErr error // why Run refuses, if not for Stop: no worker ever became ready

	queue      queue              // tasks that any worker may have
	suspects   queue              // tasks of which workers have died
	bindings   bindings           // of keys to workers
	counts     counts             // of tasks, and what is told of them
	outcomes   outcomes           // that are to be told
	incomplete map[*Task]struct{} // tasks that are done and wait for a part of their result
	aside      map[*Task]struct{} // tasks that wait for what carries their attachment, in no queue
	needDrain  bool               // NeedDrain was true, and OnDrain has not come
	lastTask   uint64             // submitted so far: the number of the last
	encoder    nodejson.Encoder   // of the loop

	workers        []*worker // whose close has not come, in the order of their numbers
	everReady      bool      // one of them was
	lastWorker     int       // of the last worker
	generation     int       // of the workers that are started now
	lastGeneration int       // so far
	program        program   // what these run
	uses           uint64    // counts dispatches, for Order
	limit          int       // most workers, lower than Max when the system has no room for more
	exhausted      bool      // it had none
	limitAlarm     alarm     // sets both back
	supply         supply    // when the next worker may be started
	reload         *reload   // that is under way
	stopping       *stopping // that is under way
	memoryTimer    *reactor.Timer
	pingTimer      *reactor.Timer

	unrefed    bool
	release    func() // of the loop's Hold; nil while it is not held
	reportNext func() // made once, so that settling a task allocates nothing

	onDrain       events.Event[struct{}]
	onWorkerReady events.Event[Worker]
	onWorkerExit  events.Event[*WorkerExit]
	onStuck       events.Event[*Task]
	onCrashLoop   events.Event[*CrashLoopError]
	onError       events.Event[error]
}

// New returns a pool whose workers run on l, and starts Options.Min of them. They are ready later:
// jobs may be given at once.
//
// It keeps the loop alive while it has workers or tasks, see [Pool.Unref], and is ended by
// [Pool.Stop]. When the loop is closed before, its workers are killed. Errors are *[OptionError],
// what childprocess.Fork returns for Options.Fork, and reactor.ErrClosed.
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

// Ref has the pool keep the loop alive while it has workers, as a new one does.
func (p *Pool) Ref() {
	p.unrefed = false
	p.updateHold()
}

// Unref has the pool keep the loop alive only while it has tasks that are not settled, or ends, or
// reloads.
func (p *Pool) Unref() {
	p.unrefed = true
	p.updateHold()
}

// updateHold keeps the loop alive while there is reason to. Nothing else of the pool does.
func (p *Pool) updateHold() {
	// For who is started after the pause.
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

// OnDrain calls fn when so many tasks have left the queue, after [Pool.NeedDrain] was true, that
// half of it is free.
func (p *Pool) OnDrain(fn func()) *events.Listener {
	return p.onDrain.On(func(struct{}) { fn() })
}

// OnWorkerReady calls fn with each worker that can be given jobs from now on.
func (p *Pool) OnWorkerReady(fn func(w Worker)) *events.Listener { return p.onWorkerReady.On(fn) }

// OnWorkerExit calls fn with each worker that has ended, and the reason, after its tasks were
// settled or queued again. It also comes for those that never became ready.
func (p *Pool) OnWorkerExit(fn func(e *WorkerExit)) *events.Listener { return p.onWorkerExit.On(fn) }

// OnStuck calls fn with a task that has been running for Options.StuckAfter, once for each run.
// Nothing is done about it.
func (p *Pool) OnStuck(fn func(t *Task)) *events.Listener { return p.onStuck.On(fn) }

// OnCrashLoop calls fn when ten workers have died one after the other and none has answered a job
// in between, and with each further such death. From then on one worker at a time is tried, after
// the pauses of Options.Backoff, and waiting tasks wait or fail as Options.CrashLoop says. It ends
// with the next answer.
func (p *Pool) OnCrashLoop(fn func(e *CrashLoopError)) *events.Listener { return p.onCrashLoop.On(fn) }

// OnError calls fn with what went wrong and has no task to be told: *[StartError],
// *[ProtocolError], *[MemoryError]. While nobody listens the logger gets them.
func (p *Pool) OnError(fn func(err error)) *events.Listener { return p.onError.On(fn) }

// nextTick has fn called in a tick of its own, for events: no listener is called inside the call
// that caused it, and one that panics costs no other event. That it costs no other listener its
// event is why they are called by reactor.Emit.
func (p *Pool) nextTick(fn func()) { p.loop.NextTick(fn) }

func (p *Pool) reportError(err error) {
	p.nextTick(func() {
		if !reactor.Emit(p.loop, &p.onError, err) && p.logger != nil {
			p.logger.Error(err.Error())
		}
	})
}

// jittered returns d, more or less by up to a fifth.
func jittered(d time.Duration) time.Duration {
	return time.Duration(float64(min(d, math.MaxInt64/2)) * (0.8 + 0.4*rand.Float64()))
}
