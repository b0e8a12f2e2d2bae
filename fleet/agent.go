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

// AgentOptions configure an agent. Queues and Loop must be given. Fleet.Agent copies them.
type AgentOptions struct {
	// Name identifies the agent in `nats micro`, results and dead jobs: letters, digits, '-' and
	// '_'. "": the host's name and the pid.
	Name string

	// Queues are the queues that the agent takes jobs from. There must be at least one.
	Queues []QueueShare

	// Strict: the agent takes a job from a queue only while all queues before it are empty.
	// Otherwise it asks the queues in a random order, in which each comes first as often as its
	// Weight says.
	Strict bool

	// Loop is the loop of the pool.
	Loop *reactor.Loop

	// Slots is the number of jobs that the agent runs at once. 0: as many as the ready workers of
	// the pool can run, and at least one. For a pool that starts its workers only when jobs come,
	// set it.
	Slots int

	// MaxAttempts is the number of failed attempts that makes a job dead, unless
	// JobOptions.MaxAttempts is set. 0: 5.
	MaxAttempts int

	// MaxLost is the number of agents lost while they ran the job that makes it dead. 0: 2.
	MaxLost int

	// RetryMin is the time until a job is given out again after its first failure. It doubles with
	// each failure, up to RetryMax, and varies by a fifth. 0: 1 second and 5 minutes.
	RetryMin, RetryMax time.Duration

	// PullWait bounds the time for which the servers keep a request for a job. For that long they
	// may give jobs to a machine that has died. 0, and anything above: a third of the queue's
	// AckWait, at most 10 seconds.
	PullWait time.Duration

	// ProgressEvery is the least time between two progress messages of one job. Only the latest is
	// sent. 0: 100 ms.
	ProgressEvery time.Duration

	// OnEvent, if not nil, gets each event, on goroutines of the agent, several at once. It must
	// not wait.
	OnEvent func(Event)

	// Logger gets all events except started and done. Nil: Logger of the Fleet's Options.
	Logger *slog.Logger
}

// A QueueShare is a queue that an agent takes jobs from.
type QueueShare struct {
	Name   string
	Weight int // how often the queue is asked first, relative to the others; 0: 1
}

// EventKind tells what happened at an agent.
type EventKind string

// The kinds of events.
const (
	EventStarted   EventKind = "started"    // a job was given to the pool
	EventDone      EventKind = "done"       // the job has a stored result and is off the queue
	EventFailed    EventKind = "failed"     // the attempt failed; the job will be given out again
	EventReleased  EventKind = "released"   // the job was given back, which does not count
	EventDead      EventKind = "dead"       // the job is in the dead stream
	EventCancelled EventKind = "cancelled"  // the job was cancelled
	EventLost      EventKind = "lost lease" // the lease ended: the child is cancelled
	EventDuplicate EventKind = "duplicate"  // the job had a result already
	EventPaused    EventKind = "paused"     // the pool cannot run jobs: the agent takes none
	EventResumed   EventKind = "resumed"    // the pool can run jobs again
	// servers refuse or do not answer; the agent tries again
	EventError EventKind = "error"
)

// An Event is something that happened at an agent.
type Event struct {
	Kind  EventKind
	Queue string // "": the event is about no job
	ID    string // with the client's name before it; "": likewise
	Tries
	Err error // the cause, if there is one
}

const (
	defaultMaxAttempts   = 5
	defaultMaxLost       = 2
	defaultRetryMin      = time.Second
	defaultRetryMax      = 5 * time.Minute
	longestPull          = 10 * time.Second
	defaultProgressEvery = 100 * time.Millisecond

	// cancelWait bounds the time that an agent waits for something it has cancelled, such as a
	// child.
	cancelWait = 2 * time.Second
)

// An Agent takes jobs from queues and gives them to a pool. Make one with [Fleet.Agent].
//
// Its methods are safe to call from any goroutine. Drain and Close must not be called on the pool's
// loop goroutine: they wait for it.
type Agent struct {
	f           *Fleet
	o           AgentOptions // complete; never changed
	pool        executor
	queueByName map[string]*agentQueue // never changed
	queues      []*agentQueue          // in the order of o.Queues; never changed
	gate        gate                   // which slots may take jobs
	idle        spread                 // which queue each idle slot waits for

	// pulling ends first: slots take no more jobs. running ends when a drain has run out of time:
	// jobs are cancelled. Close ends both.
	pulling, running         context.Context
	stopPulling, stopRunning context.CancelCauseFunc
	slots                    sync.WaitGroup // goroutines of slots; grows only under mu
	closers                  sync.WaitGroup // goroutines that close mailboxes
	quit                     chan struct{}  // closed by finish, see Done
	finishOnce               sync.Once

	ctl     []*nats.Subscription // to cancellations and drains; set before newAgent returns
	service micro.Service        // set before newAgent returns; nil: newAgent failed
	counts  counts

	mu        sync.Mutex
	jobs      map[jobID]*run // jobs that run here
	slotCount int            // slots that were started
}

// agentQueue is a queue of an agent. It is never changed.
type agentQueue struct {
	name     string
	weight   int
	ackWait  time.Duration
	pullWait time.Duration
}

// errDraining is the cause with which an agent that ends cancels jobs.
var errDraining = errors.New("fleet: the agent ends")

// newAgent starts an agent. The error is an *OptionError or *OpError; then nothing is left running.
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

// complete checks the options and fills in the defaults.
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

// tokenOf makes a token of s, which may have characters that a token must not have.
func tokenOf(s string) string {
	s = strings.Map(func(c rune) rune {
		if checkToken("", string(c)) != nil {
			return '-'
		}
		return c
	}, s)
	return s[:min(len(s), longestToken/2)]
}

// subscribe subscribes to cancellations and drains, and starts to answer `nats micro`.
func (a *Agent) subscribe(ctx context.Context) error {
	f := a.f
	for subject, handler := range map[string]nats.MsgHandler{
		f.names.cancelled() + ".*.*": a.onCancel,
		f.names.drain(a.o.Name):      a.onDrain,
	} {
		sub, err := f.nc.Subscribe(subject, handler)
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

// unsubscribe undoes subscribe, also if it failed.
func (a *Agent) unsubscribe() {
	for _, sub := range a.ctl {
		_ = sub.Unsubscribe() // It fails if the connection is closed.
	}
	if a.service != nil {
		_ = a.service.Stop() // It fails if the connection is closed.
	}
}

// Name returns the agent's name.
func (a *Agent) Name() string { return a.o.Name }

// runSlot takes one job after the other and runs it, until pulling ends. It is the goroutine of a
// slot; setSlots starts it, and Drain and Close wait for it. While the pool's loop stands still it
// takes no job, because each would be lost.
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

// DrainReport tells what became of the jobs that ran when Drain was called.
type DrainReport struct {
	Finished int // jobs that ended by themselves
	Released int // jobs that were cancelled, and given back if the servers answered
}

// Drain ends the agent and returns when it has ended. The agent takes no further job. Jobs that run
// go on, with their heartbeats, until ctx ends; then they are cancelled and given back, which does
// not count as an attempt. The pool goes on, because the caller owns it.
//
// Must not be called on the pool's loop goroutine: it would wait for itself.
func (a *Agent) Drain(ctx context.Context) *DrainReport {
	before := a.counts.snapshot()
	a.endPulls()
	idle := make(chan struct{})
	// This goroutine ends with the slots, which Drain waits for.
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

// Close ends the agent like Drain with a context that has ended: running jobs are cancelled.
//
// Must not be called on the pool's loop goroutine: it would wait for itself.
func (a *Agent) Close() {
	a.endPulls()
	a.stopRunning(errDraining)
	a.slots.Wait()
	a.finish()
}

// endPulls ends pulling. Afterwards no slot is added.
func (a *Agent) endPulls() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopPulling(errDraining)
}

// finish releases what the agent holds, once, and waits for its goroutines. The slots have ended.
func (a *Agent) finish() {
	a.finishOnce.Do(func() {
		a.stopRunning(errDraining)
		ctx, cancel := context.WithTimeout(context.Background(), cancelWait)
		defer cancel()
		_ = a.pool.listen(ctx, nil) // A loop that stands still or is closed calls nothing.
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

// onDrain ends the agent on behalf of DrainAgent. Its goroutine ends with the agent; Done tells the
// program.
func (a *Agent) onDrain(msg *nats.Msg) {
	wait, err := time.ParseDuration(string(msg.Data))
	if err != nil || wait < 0 {
		_ = msg.Respond([]byte("a time was expected")) // The sender may have gone.
		return
	}
	_ = msg.Respond([]byte("+OK"))
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		defer cancel()
		a.Drain(ctx)
	}()
}

// DrainAgent drains an agent of another program, with a context that ends after wait. It returns
// when the agent has begun. It needs the rights of RoleAdmin. If no agent has that name, the error
// wraps ErrNotFound.
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

// emit counts the event, logs it, and calls OnEvent.
func (a *Agent) emit(e Event) {
	a.counts.count(e.Kind)
	if a.o.OnEvent != nil {
		a.o.OnEvent(e)
	}
	if a.o.Logger != nil && e.Kind != EventStarted && e.Kind != EventDone {
		a.o.Logger.Warn("fleet: "+string(e.Kind), "agent", a.o.Name, "queue", e.Queue, "job", e.ID, "attempt", e.Attempt, "error", e.Err)
	}
}
