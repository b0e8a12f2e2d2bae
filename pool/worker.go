package pool

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// workerState goes forward only. A worker is gone when its process has ended and everything it had
// written was heard.
type workerState uint8

const (
	workerStarting workerState = iota
	workerReady
	workerDraining // it gets no further job, and ends once it has none
	workerExiting  // it was told to end, or has ended its side
	workerKilled   // it is sent signals
	workerGone
)

// A worker is a process of the pool.
type worker struct {
	pool       *Pool
	number     int
	gen        int
	state      workerState
	toldToExit bool // to end
	child      *childprocess.ChildProcess
	link       link
	log        *outputLog
	pid        int

	// in the order in which they were sent; the first capacity of them were begun
	jobs      []*assignment
	jobID     uint64 // of the last
	capacity  int    // how many jobs it has at once
	bound     queue  // tasks that wait for this worker
	exclusive bool   // it runs a task by itself
	reserved  bool   // it gets no further job until it has none, and then such a task
	// when it was given a job, or became idle, last: a number of Pool.dispatched
	lastUse uint64

	readyHeard bool     // its ready message was heard
	methods    []string // nil: any
	accepts    accepts
	jobsLeft   int       // until it is replaced; -1: no limit
	answered   int       // jobs
	started    time.Time // of the process
	readySince time.Time
	exitBy     time.Time // when it is ended by signals; zero: it was not told to end
	successor  *worker   // that takes its place, once it is ready
	replaces   *worker
	reason     ExitReason // why it is to end; "": it is not
	// what the pool has ended it for; nil: nothing, or no more than reason says
	cause  error
	forced bool // it was sent SIGKILL, or might have been
	// it was ended while it could be given jobs: its place is free when it has gone
	keepsPlace      bool
	killedByUser    bool   // Kill has sent it SIGKILL
	pingSent        uint64 // number of the last ping
	pingHeard       uint64 // and of the last pong
	oom             oomWatch
	memory          int64 // bytes, as last seen
	bigAtFirst      bool  // it was over Options.MaxMemory as it became ready
	garbageReported bool  // that was told
	// it does not keep to the protocol: nothing it says counts any more
	broken           bool
	inReload         bool          // it takes the place of another one in a reload
	busy             time.Duration // of its slots, in jobs that are over
	side             *sideChannel  // of its attachments; nil: it has none
	answerAttachment attachment    // beside the answer that is heard
	message          jobMessage    // that is being sent

	startAlarm, listenAlarm, ageAlarm, idleAlarm, stableAlarm, exitAlarm alarm
}

// accepts are the messages that a worker understands besides jobs.
type accepts struct{ cancel, recall, credit, ping, memfd bool }

func (w *worker) id() Worker { return Worker{w.number, w.pid, w.gen} }

// startWorker starts a process, in the place of another one if that is given. An error is a mistake
// in the options.
func (p *Pool) startWorker(replaces *worker) (*worker, error) {
	p.lastWorker++
	w := &worker{pool: p, number: p.lastWorker, gen: p.generation, capacity: max(1, p.o.inFlight), started: p.loop.Now(), jobsLeft: p.jobLimit()}
	env := append(environ(&p.program.fork),
		envWorker+"="+strconv.Itoa(w.number), envGeneration+"="+strconv.Itoa(w.gen))
	stdio := p.stdio()
	if p.o.Attachments {
		env = append(env, envAttach+"="+strconv.Itoa(len(stdio)))
		stdio = append(stdio, childprocess.Pipe)
	}
	child, err := p.program.start(p.loop, stdio, env)
	if err != nil {
		return nil, err
	}
	child.Unref()
	w.child, w.pid = child, child.Pid()
	w.replaces = replaces
	if replaces != nil {
		replaces.successor = w
	}
	p.workers = append(p.workers, w)
	w.oom.begin(p.program.fork.Cgroup)
	w.log = newOutputLog(w)
	w.openLink()
	child.OnSpawn(w.onSpawn)
	child.OnError(w.hearError)
	child.OnClose(w.onClose)
	if d := p.o.StartTimeout; d > 0 {
		w.startAlarm.set(p.loop, d, func() { w.afterBacklog(w.onStartTimeout) })
	}
	return w, nil
}

// envAttach tells a worker by which descriptor attachments go.
const envAttach = "BROOD_POOL_ATTACH_FD"

// environ returns the environment that f gives a child, as a copy, without what a pool has told
// this program if that is itself a worker.
func environ(f *childprocess.ForkOptions) []string {
	env := slices.Clone(f.Env)
	if f.Env == nil {
		env = os.Environ()
	}
	return slices.DeleteFunc(env, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return name == envWorker || name == envGeneration || name == envAttach
	})
}

// stdio is what a worker's descriptors are. Without a logger its output goes where this program's
// goes; the end of stderr is kept all the same, for errors.
func (p *Pool) stdio() []childprocess.Stdio {
	out, err := childprocess.Pipe, childprocess.Pipe
	if p.logger == nil {
		out, err = childprocess.Inherit, childprocess.Tee(childprocess.Pipe, childprocess.Inherit)
	}
	switch p.o.Protocol {
	case Messages:
		return []childprocess.Stdio{childprocess.Ignore, out, err, childprocess.IPC}
	case StdLines:
		return []childprocess.Stdio{childprocess.Pipe, childprocess.Pipe, err}
	default:
		return []childprocess.Stdio{childprocess.Ignore, out, err, childprocess.Pipe}
	}
}

func (w *worker) openLink() {
	limit := int(w.pool.o.MaxResult) + slack
	c := w.child
	if w.pool.o.Attachments {
		s := c.Stdio[len(c.Stdio)-1]
		w.side = newSideChannel(w, s.Readable, s.Writable)
	}
	switch w.pool.o.Protocol {
	case Messages:
		// It is nil when this program is out of descriptors, which the error event tells.
		if c.Channel() != nil {
			w.link = newMessageLink(w)
		}
	case StdLines:
		w.link = newStreamLink(w, c.Stdout, c.Stdin, limit, false)
	default:
		w.link = newStreamLink(w, c.Stdio[3].Readable, c.Stdio[3].Writable, limit, w.pool.o.Protocol == Frames)
	}
}

func (w *worker) onSpawn() {
	w.pid = w.child.Pid()
	switch w.pool.o.Ready {
	case ReadySpawn:
		w.becomeReady()
	case ReadyListening:
		w.lookForListener()
	}
}

// listenPeriod is how often a worker that is to listen is looked at.
const listenPeriod = 20 * time.Millisecond

// lookForListener has the worker be ready once it listens.
func (w *worker) lookForListener() {
	if w.state != workerStarting {
		return
	}
	if found, err := listens(w.pid); err == nil && found { // It fails when the worker has ended.
		w.becomeReady()
		return
	}
	w.listenAlarm.set(w.pool.loop, listenPeriod, w.lookForListener)
}

// becomeReady has the worker given jobs.
func (w *worker) becomeReady() {
	p := w.pool
	if w.state != workerStarting {
		return
	}
	w.state = workerReady
	w.readySince = p.loop.Now()
	w.startAlarm.stop()
	w.markUsed()
	p.everReady = true
	if p.supply.deaths > 0 {
		w.stableAlarm.set(p.loop, p.o.Backoff.StableAfter, p.supply.noteAnswer)
	}
	if d := p.o.MaxAge; d > 0 {
		w.ageAlarm.set(p.loop, d, func() { p.replace(w, ExitAge) })
	}
	w.onIdle()
	w.checkFirstMemory()
	p.nextTick(func() { reactor.Emit(p.loop, &p.onWorkerReady, w.id()) })
	if old := w.replaces; old != nil {
		w.replaces, old.successor, old.keepsPlace = nil, nil, false
		old.drain(old.reason)
	}
	p.reload.onReady(w)
	p.trim() // A successor takes a place of its own when the worker before it has gone meanwhile.
	p.assignWaiting()
	p.fill()
}

// afterBacklog calls late, unless something has come from the worker that was not heard yet: what
// is late is then this program.
func (w *worker) afterBacklog(late func()) {
	if w.state == workerGone || w.link == nil {
		late()
		return
	}
	w.afterBacklogOf(w.link.backlog(), late)
}

// afterBacklogOf is judge with what had come when it was called: a worker that goes on to write
// does not put it off.
func (w *worker) afterBacklogOf(b backlog, late func()) {
	if w.state != workerGone && b.Left() {
		w.pool.loop.SetImmediate(func() { w.afterBacklogOf(b, late) }).Unref()
		return
	}
	late()
}

func (w *worker) onStartTimeout() {
	if w.state != workerStarting {
		return
	}
	err := ErrStartTimeout
	if w.pool.o.Ready == ReadyMessage {
		err = errNoReadyMessage
	}
	w.kill(ExitStartFailed, err)
}

// markUsed notes that the worker was used, for Order.
func (w *worker) markUsed() {
	w.pool.uses++
	w.lastUse = w.pool.uses
}

// onIdle is called when the worker has no job.
func (w *worker) onIdle() {
	w.exclusive = false
	if w.pool.o.Order != RoundRobin {
		w.markUsed()
	}
	if d := w.pool.o.IdleTimeout; d > 0 {
		w.idleAlarm.set(w.pool.loop, d, w.onIdleTimeout)
	}
}

func (w *worker) onIdleTimeout() {
	p := w.pool
	switch {
	case w.state != workerReady || len(w.jobs) > 0:
	case p.size() > p.minWorkers():
		w.drain(ExitIdle)
	default: // It is one too many when others come.
		w.idleAlarm.set(p.loop, p.o.IdleTimeout, w.onIdleTimeout)
	}
}

// drain has the worker end once it has no job.
func (w *worker) drain(reason ExitReason) {
	if w.state > workerReady {
		return
	}
	if w.state == workerStarting {
		w.kill(reason, nil)
		return
	}
	w.state = workerDraining
	w.reason = reason
	w.requeueBound()
	if len(w.jobs) == 0 {
		w.disconnect()
	}
}

// requeueBound gives the tasks that wait for this worker to others.
func (w *worker) requeueBound() {
	p := w.pool
	p.bindings.forget(w)
	if w.bound.Len() > 0 {
		p.nextTick(p.assignWaiting)
	}
	for t := w.bound.first(); t != nil; t = w.bound.first() {
		w.bound.remove(t)
		if t.onlyWorker == nil {
			p.queueFor(t).add(t)
			continue
		}
		p.queue.add(t) // So that it can be settled like any other.
		p.settle(t, nil, w.crashError(nil))
	}
}

// disconnect tells the worker to end.
func (w *worker) disconnect() {
	if w.state >= workerExiting {
		return
	}
	w.state = workerExiting
	w.toldToExit = true
	w.idleAlarm.stop()
	w.ageAlarm.stop()
	if w.link != nil {
		w.link.end()
	}
	grace := w.pool.o.DisconnectGrace
	if w.pool.stopping != nil {
		grace = min(grace, w.pool.stopping.grace)
	}
	w.exitWithin(grace)
}

// exitWithin gives the worker so long to end, and no longer than it had before.
func (w *worker) exitWithin(grace time.Duration) {
	if by := w.pool.loop.Now().Add(grace); w.exitBy.IsZero() || by.Before(w.exitBy) {
		w.exitBy = by
		w.exitAlarm.set(w.pool.loop, grace, w.onExitTimeout)
	}
}

// onExitTimeout is called when the worker has not ended in its grace.
func (w *worker) onExitTimeout() { w.killWithin(w.pool.o.KillGrace) }

// kill ends the worker now, for a reason, and with an error that its tasks are to be told.
func (w *worker) kill(reason ExitReason, cause error) {
	if w.state >= workerKilled {
		return
	}
	if w.reason == "" || w.state == workerStarting || reason != ExitStop {
		w.reason = reason // Also in the place of another one for which it was to end later.
	}
	if w.cause == nil {
		w.cause = cause
	}
	w.keepsPlace = w.state == workerReady
	w.killWithin(w.pool.o.KillGrace)
}

func (w *worker) killWithin(grace time.Duration) {
	if w.state < workerKilled {
		w.state = workerKilled
		w.requeueBound()
	}
	w.forced, w.toldToExit = true, true
	w.child.Terminate(grace)
}
