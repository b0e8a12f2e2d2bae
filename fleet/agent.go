package fleet

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/brood-go/brood/reactor"
)

// AgentOptions are how an agent takes jobs. Nil is not enough: Queues must be given.
type AgentOptions struct {
	// Name is how `nats micro`, results and dead jobs call the agent: letters, digits, '-' and '_'.
	// "": the host's name and the pid.
	Name string

	// Queues are the queues that it takes jobs from.
	Queues []QueueShare

	// Strict has the agent take a job of a queue only while those before it are empty. Otherwise it
	// asks them in a random order in which each is the first as often as its weight says.
	Strict bool

	// Loop is the one that the pool is on.
	Loop *reactor.Loop

	// Slots is how many jobs the agent has at once. 0: as many as the workers of the pool that are
	// ready can have, and at least one; a pool that starts workers as jobs come needs a number.
	Slots int

	// MaxAttempts is how many attempts of a job may fail before it is dead, unless the job says. 0:
	// 5.
	MaxAttempts int

	// MaxLost is how many agents may be lost while they ran a job before it is dead. 0: 2.
	MaxLost int

	// RetryMin and RetryMax are the time until a failed job is given out again: it doubles with
	// each failure, and varies by a fifth. 0: 1 second, 5 minutes.
	RetryMin, RetryMax time.Duration

	// PullWait is how long the servers keep a request for a job, at most. They may give jobs to a
	// machine that has died for that long. 0, or more than a third of the queue's AckWait: that,
	// but no more than 10 seconds.
	PullWait time.Duration

	// ProgressEvery is the least time between two messages of one job's progress; the latest wins.
	// 0: 100 ms.
	ProgressEvery time.Duration

	// OnEvent, if not nil, is told what the agent does, on goroutines of the agent, several at
	// once. It must not wait.
	OnEvent func(Event)

	// Logger gets the same, but for what ends well. Nil: that of the Fleet's Options.
	Logger *slog.Logger
}

// A QueueShare is a queue of an agent.
type QueueShare struct {
	Name   string
	Weight int // how often it is asked first, in relation to the others; 0: 1
}

// EventKind is what an agent did.
type EventKind string

// The kinds of events.
const (
	EventStarted   EventKind = "started"   // a job was given to the pool
	EventDone      EventKind = "done"      // its answer is stored, and the job is off the queue
	EventFailed    EventKind = "failed"    // it will be given out again
	EventReleased  EventKind = "released"  // it was given back, which does not count
	EventDead      EventKind = "dead"      // it is in the dead stream
	EventCancelled EventKind = "cancelled" // it was cancelled
	// the agent was silent for too long: its child was cancelled
	EventLost      EventKind = "lost lease"
	EventDuplicate EventKind = "duplicate" // there was a result already
	EventPaused    EventKind = "paused"    // the pool cannot run jobs: none are taken
	EventResumed   EventKind = "resumed"
	EventError     EventKind = "error" // servers refuse or do not answer; it is tried again
)

// An Event is something that an agent did.
type Event struct {
	Kind  EventKind
	Queue string // "" for what is of no job
	ID    string // with the client's name before it
	Tries
	Err error // why
}

const (
	defaultMaxAttempts   = 5
	defaultMaxLost       = 2
	defaultRetryMin      = time.Second
	defaultRetryMax      = 5 * time.Minute
	longestPull          = 10 * time.Second
	defaultProgressEvery = 100 * time.Millisecond

	// cancelWait is how long an agent that ends waits for what it has cancelled.
	cancelWait = 2 * time.Second
)

// An Agent takes jobs from queues and gives them to a pool. Its methods are safe to call from any
// goroutine, but not to be called on the pool's loop.
type Agent struct {
	f           *Fleet
	o           AgentOptions
	pool        executor
	queueByName map[string]*agentQueue
	queues      []*agentQueue
	gate        gate
	idle        spread

	// Contexts end in this order: pulling, then running when a drain is over, both at Close.
	pulling, running         context.Context
	stopPulling, stopRunning context.CancelCauseFunc
	slots                    sync.WaitGroup // the goroutines of the slots
	closers                  sync.WaitGroup // the others
	quit                     chan struct{}  // ends those
	finishOnce               sync.Once

	ctl     []*nats.Subscription
	service micro.Service
	counts  counts

	mu        sync.Mutex
	jobs      map[jobID]*run // that run here
	slotCount int            // goroutines of slots
}

// agentQueue is a queue as an agent knows it.
type agentQueue struct {
	name     string
	weight   int
	ackWait  time.Duration
	pullWait time.Duration
}

// errDraining is why an agent cancels a job that has not ended in time.
var errDraining = errors.New("fleet: the agent ends")

// newAgent starts an agent.
func (f *Fleet) newAgent(pool executor, o *AgentOptions) (*Agent, error) {
	a := &Agent{f: f, pool: pool, queueByName: map[string]*agentQueue{}, jobs: map[jobID]*run{}, quit: make(chan struct{})}
	if o != nil {
		a.o = *o
	}
	if err := a.o.complete(); err != nil {
		return nil, err
	}
	if a.o.Logger == nil {
		a.o.Logger = f.o.Logger
	}
	ctx, cancel := f.limit(context.Background())
	defer cancel()
	for _, share := range a.o.Queues {
		if a.queueByName[share.Name] != nil {
			return nil, &OptionError{"AgentOptions.Queues", "twice " + share.Name}
		}
		info, err := f.consumer(ctx, share.Name)
		if err != nil {
			return nil, err
		}
		q := &agentQueue{name: share.Name, weight: max(share.Weight, 1), ackWait: info.Config.AckWait}
		q.pullWait = min(q.ackWait/3, longestPull)
		if a.o.PullWait > 0 {
			q.pullWait = min(q.pullWait, a.o.PullWait)
		}
		a.queueByName[q.name] = q
		a.queues = append(a.queues, q)
	}
	a.gate.init()
	a.pulling, a.stopPulling = context.WithCancelCause(context.Background())
	a.running, a.stopRunning = context.WithCancelCause(context.Background())
	if err := a.subscribe(ctx); err != nil {
		a.stopPulling(err)
		a.stopRunning(err)
		a.unsubscribe()
		return nil, err
	}
	f.mu.Lock()
	closed := f.agents == nil
	if !closed {
		f.agents[a] = struct{}{}
	}
	f.mu.Unlock()
	if closed {
		a.Close()
		return nil, &OpError{"start agent", a.o.Name, ErrClosed}
	}
	if a.o.Slots > 0 {
		a.setSlots(a.o.Slots)
	}
	if err := pool.listen(ctx, a.onPoolChange); err != nil {
		a.Close()
		return nil, &OpError{"start agent", a.o.Name, err}
	}
	return a, nil
}

func (o *AgentOptions) complete() error {
	if o.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "agent"
		}
		o.Name = tokenOf(host) + "-" + strconv.Itoa(os.Getpid())
	}
	if err := checkToken("AgentOptions.Name", o.Name); err != nil {
		return err
	}
	if len(o.Queues) == 0 {
		return &OptionError{"AgentOptions.Queues", "there is none"}
	}
	for _, q := range o.Queues {
		if err := checkToken("AgentOptions.Queues", q.Name); err != nil {
			return err
		}
		if q.Weight < 0 {
			return &OptionError{"AgentOptions.Queues", "a weight is negative"}
		}
	}
	for name, n := range map[string]int{"Slots": o.Slots, "MaxAttempts": o.MaxAttempts, "MaxLost": o.MaxLost} {
		if n < 0 {
			return &OptionError{"AgentOptions." + name, "it is negative"}
		}
	}
	for name, d := range map[string]time.Duration{"RetryMin": o.RetryMin, "RetryMax": o.RetryMax, "PullWait": o.PullWait, "ProgressEvery": o.ProgressEvery} {
		if d < 0 {
			return &OptionError{"AgentOptions." + name, "it is negative"}
		}
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = defaultMaxAttempts
	}
	if o.MaxLost == 0 {
		o.MaxLost = defaultMaxLost
	}
	if o.RetryMin == 0 {
		o.RetryMin = defaultRetryMin
	}
	if o.RetryMax == 0 {
		o.RetryMax = max(defaultRetryMax, o.RetryMin)
	}
	if o.RetryMax < o.RetryMin {
		return &OptionError{"AgentOptions.RetryMax", "it is below RetryMin"}
	}
	if o.ProgressEvery == 0 {
		o.ProgressEvery = defaultProgressEvery
	}
	return nil
}

// tokenOf makes a name of a text that may be none.
func tokenOf(s string) string {
	s = strings.Map(func(c rune) rune {
		if checkToken("", string(c)) != nil {
			return '-'
		}
		return c
	}, s)
	return s[:min(len(s), longestToken/2)]
}

// subscribe subscribes to what the agent is told.
func (a *Agent) subscribe(ctx context.Context) error {
	f := a.f
	for subject, heard := range map[string]nats.MsgHandler{
		f.names.cancelled() + ".*.*": a.onCancel,
		f.names.drain(a.o.Name):      a.onDrain,
	} {
		sub, err := f.nc.Subscribe(subject, heard)
		if err != nil {
			return &OpError{"start agent", a.o.Name, err}
		}
		a.ctl = append(a.ctl, sub)
	}
	if err := a.serveStatus(); err != nil {
		return &OpError{"start agent", a.o.Name, err}
	}
	if err := f.subscribed(ctx, func(subject string) bool {
		return strings.HasPrefix(subject, f.names.fleet+".ctl.") || strings.HasPrefix(subject, "$SRV.")
	}); err != nil {
		return &OpError{"start agent", a.o.Name, err}
	}
	return nil
}

func (a *Agent) unsubscribe() {
	for _, sub := range a.ctl {
		_ = sub.Unsubscribe() // It fails when the connection is closed.
	}
	if a.service != nil {
		_ = a.service.Stop() // Likewise.
	}
}

// Name returns the agent's name.
func (a *Agent) Name() string { return a.o.Name }

// runSlot is the goroutine of a slot: it takes a job, sees it through, and takes the next. While
// the pool's loop stands still it takes none: it would lose each.
func (a *Agent) runSlot(number int) {
	s := &slot{agent: a, number: number}
	defer s.close()
	for a.gate.wait(a.pulling, number) {
		if err := a.pool.turns(a.pulling); err != nil {
			if a.pulling.Err() == nil && a.gate.setHealth(stopped) {
				a.emit(Event{Kind: EventPaused, Err: err})
			}
			continue
		}
		if d := s.pull(); d != nil {
			a.runDelivery(d)
		}
	}
}

// DrainReport is what became of the jobs of an agent that has ended.
type DrainReport struct {
	Finished int // ended by themselves
	Released int // were cancelled and given back, or would have been if the servers had answered
}

// Drain ends the agent: it takes no job any more, and those that run go on, with their heartbeats,
// until ctx ends. Those that are left then are cancelled and given back at once, which does not
// count as an attempt. It returns when all is over. The pool is the caller's, and goes on.
func (a *Agent) Drain(ctx context.Context) *DrainReport {
	before := a.counts.snapshot()
	a.endPulls()
	idle := make(chan struct{})
	// This goroutine ends with the slots, for which Drain waits.
	go func() {
		a.slots.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-ctx.Done():
		a.stopRunning(errDraining)
		<-idle
	}
	a.finish()
	after := a.counts.snapshot()
	return &DrainReport{
		Finished: int(after.Done + after.Failed + after.Dead + after.Cancelled - before.Done - before.Failed - before.Dead - before.Cancelled),
		Released: int(after.Released - before.Released),
	}
}

// Close ends the agent at once: as Drain with a context that has ended.
func (a *Agent) Close() {
	a.endPulls()
	a.stopRunning(errDraining)
	a.slots.Wait()
	a.finish()
}

// endPulls ends the pulls. No slot is added afterwards.
func (a *Agent) endPulls() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopPulling(errDraining)
}

func (a *Agent) finish() {
	a.finishOnce.Do(func() {
		a.stopRunning(errDraining)
		ctx, cancel := context.WithTimeout(context.Background(), cancelWait)
		defer cancel()
		_ = a.pool.listen(ctx, nil) // A loop that stands still, or is closed, tells nothing.
		a.unsubscribe()
		close(a.quit)
		a.f.mu.Lock()
		delete(a.f.agents, a)
		a.f.mu.Unlock()
	})
	a.closers.Wait()
}

// Done returns a channel that is closed when the agent has ended.
func (a *Agent) Done() <-chan struct{} { return a.quit }

// onDrain ends the agent because somebody with the right to has said so. The goroutine ends with
// the agent, whose Done tells.
func (a *Agent) onDrain(msg *nats.Msg) {
	wait, err := time.ParseDuration(string(msg.Data))
	if err != nil || wait < 0 {
		_ = msg.Respond([]byte("a time was expected")) // The asker may be gone.
		return
	}
	_ = msg.Respond([]byte("+OK"))
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		defer cancel()
		a.Drain(ctx)
	}()
}

// DrainAgent has another program's agent end, as its Drain with a context that ends after wait. It
// returns when the agent has begun. It needs the rights of RoleAdmin.
func (f *Fleet) DrainAgent(ctx context.Context, agent string, wait time.Duration) error {
	if err := checkToken("agent", agent); err != nil {
		return err
	}
	if wait < 0 {
		return &OptionError{"DrainAgent", "the time is negative"}
	}
	ctx, cancel := f.limit(ctx)
	defer cancel()
	_, err := f.call(ctx, &nats.Msg{Subject: f.names.drain(agent), Data: []byte(wait.String())})
	if errors.Is(err, nats.ErrNoResponders) {
		err = ErrNotFound
	}
	if err != nil {
		return &OpError{"drain", agent, err}
	}
	return nil
}

// emit reports what the agent did.
func (a *Agent) emit(e Event) {
	a.counts.count(e.Kind)
	if a.o.OnEvent != nil {
		a.o.OnEvent(e)
	}
	if a.o.Logger != nil && e.Kind != EventStarted && e.Kind != EventDone {
		a.o.Logger.Warn("fleet: "+string(e.Kind), "agent", a.o.Name, "queue", e.Queue, "job", e.ID, "attempt", e.Attempt, "error", e.Err)
	}
}
