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

// workerState only goes forward. A worker is gone when its process has exited and everything it
// wrote was heard.
type workerState uint8

const (
	workerStarting workerState = iota
	workerReady
	workerDraining // it gets no further job, and is disconnected once it has none
	workerExiting  // it was disconnected, or closed its side
	workerKilled   // it was sent a signal
	workerGone
)

// A worker is a process of the pool. Everything here runs on the loop goroutine: its state is
// changed by events of the child, by messages (hear.go), and by the pool.
type worker struct {
	pool   *Pool
	number int // from 1
	gen    int // generation, from 1
	pid    int // 0 until the process was started
	state  workerState
	child  *childprocess.ChildProcess
	link   link         // nil with Messages if the child has no channel
	side   *sideChannel // for attachments; nil: without Options.Attachments
	log    *outputLog

	// Jobs in the order in which they were sent. The first capacity of them may be begun.
	jobs      []*assignment
	jobID     uint64        // id of the last job; 0 before the first
	capacity  int           // jobs at once, at least 1
	bound     queue         // tasks that wait for this worker
	exclusive bool          // it runs a suspect, and gets nothing else until it is idle
	reserved  bool          // it gets nothing until it is idle, and then a suspect
	lastUse   uint64        // Pool.uses when it was last given a job or became idle
	answered  int           // jobs
	jobsLeft  int           // jobs until it is replaced; -1: no limit
	busy      time.Duration // time of its slots in jobs that it has answered

	readyHeard bool     // methods, accepts and capacity are those of its ready message
	methods    []string // nil: any
	accepts    accepts
	started    time.Time // start of the process
	readySince time.Time // zero before it is ready
	exitBy     time.Time // time at which exitAlarm rings; zero: it is not set
	pingSent   uint64    // number of the last ping; 0 before the first
	pingHeard  uint64    // number of the last pong
	oom        oomWatch
	memory     int64 // bytes at the last check; 0 before the first
	// it was over Options.MaxMemory when it became ready, and is not replaced for that
	bigAtFirst bool

	successor *worker // started to take its place, and not ready yet; nil: none
	replaces  *worker // predecessor, until this worker is ready; nil: it counts for itself
	inReload  bool    // it is a successor that a reload waits for

	reason       ExitReason // reason of its coming exit; "": it is not to exit
	cause        error      // error for its tasks; nil: reason says all
	toldToExit   bool       // disconnected or killed; an exit before that is a crash
	forced       bool       // it was sent signals
	keepsPlace   bool       // it was killed while ready: its place is free when it is gone
	killedByUser bool       // Pool.Kill sent it SIGKILL
	broken       bool       // it broke the protocol: its messages are dropped

	garbageReported  bool       // OnError had a *ProtocolError of it
	answerAttachment attachment // attachment of the answer that is being heard
	message          jobMessage // memory for the job that is being sent

	startAlarm, listenAlarm, ageAlarm, idleAlarm, stableAlarm, exitAlarm alarm
}

// accepts has the optional messages that a worker understands, as its ready message lists them.
type accepts struct{ cancel, recall, credit, ping, memfd bool }

func (w *worker) id() Worker { return Worker{w.number, w.pid, w.gen} }

// startWorker starts a process, as a successor of replaces if that is not nil. It returns an error
// only for a mistake in the options; if the system refuses the process, the child emits 'error' and
// 'close'.
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

// envAttach is the environment variable with the number of the descriptor for attachments.
const envAttach = "BROOD_POOL_ATTACH_FD"

// environ returns a copy of the environment that f gives a child, without the variables that a pool
// set for this program, if this is itself a worker.
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

// stdio returns the descriptors of a worker. Without a logger, workers inherit stdout and stderr;
// the end of stderr is still kept for errors.
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

// openLink makes the link of the pool's protocol, and the side channel for attachments.
func (w *worker) openLink() {
	limit := int(w.pool.o.MaxResult) + slack
	c := w.child
	if w.pool.o.Attachments {
		s := c.Stdio[len(c.Stdio)-1]
		w.side = newSideChannel(w, s.Readable, s.Writable)
	}
	switch w.pool.o.Protocol {
	case Messages:
		// Without descriptors left there is no channel; the child's 'error' event has the reason.
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

// listenPeriod is the time between checks of a worker that is ready once it listens.
const listenPeriod = 20 * time.Millisecond

// lookForListener makes the worker ready if it listens, or looks again later.
func (w *worker) lookForListener() {
	if w.state != workerStarting {
		return
	}
	// An error means that the process has exited.
	if found, err := listens(w.pid); err == nil && found {
		w.becomeReady()
		return
	}
	w.listenAlarm.set(w.pool.loop, listenPeriod, w.lookForListener)
}

// becomeReady opens the worker for jobs. Its predecessor, if it is a successor, gets no more.
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
	p.trim() // If its predecessor is already gone, the successor counts for itself.
	p.assignWaiting()
	p.fill()
}

// afterBacklog calls late after the messages that have already come from the worker were heard: if
// one of them is the expected one, this program was late and not the worker.
func (w *worker) afterBacklog(late func()) {
	if w.state == workerGone || w.link == nil {
		late()
		return
	}
	w.afterBacklogOf(w.link.backlog(), late)
}

// afterBacklogOf is afterBacklog for the backlog at the time of that call. Bytes that come later do
// not delay late.
func (w *worker) afterBacklogOf(b backlog, late func()) {
	if w.state != workerGone && b.Left() {
		w.pool.loop.SetImmediate(func() { w.afterBacklogOf(b, late) }).Unref()
		return
	}
	late()
}

// onStartTimeout kills a worker that is not ready in time.
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

// markUsed notes the use of the worker, for Order.
func (w *worker) markUsed() {
	w.pool.uses++
	w.lastUse = w.pool.uses
}

// onIdle runs when the worker has become ready, and each time it has no job left.
func (w *worker) onIdle() {
	w.exclusive = false
	if w.pool.o.Order != RoundRobin {
		w.markUsed()
	}
	if d := w.pool.o.IdleTimeout; d > 0 {
		w.idleAlarm.set(w.pool.loop, d, w.onIdleTimeout)
	}
}

// onIdleTimeout drains a worker that was idle for IdleTimeout, if there are more than Min.
func (w *worker) onIdleTimeout() {
	p := w.pool
	switch {
	case w.state != workerReady || len(w.jobs) > 0:
	case p.size() > p.minWorkers():
		w.drain(ExitIdle)
	default: // When there are more workers, this may be one too many.
		w.idleAlarm.set(p.loop, p.o.IdleTimeout, w.onIdleTimeout)
	}
}

// drain gives the worker no further job, and disconnects it once it has none. One that is not ready
// is killed.
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

// requeueBound unbinds the worker's keys, and moves the tasks that wait for this worker to other
// queues. A part of a Broadcast fails.
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
		p.queue.add(t) // settle takes a waiting task out of its queue.
		p.settle(t, nil, w.crashError(nil))
	}
}

// disconnect ends the link, on which the worker is to exit. It is killed if it has not exited
// within DisconnectGrace.
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

// exitWithin gives the worker that long to exit, or less if an earlier call did.
func (w *worker) exitWithin(grace time.Duration) {
	if by := w.pool.loop.Now().Add(grace); w.exitBy.IsZero() || by.Before(w.exitBy) {
		w.exitBy = by
		w.exitAlarm.set(w.pool.loop, grace, w.onExitTimeout)
	}
}

// onExitTimeout kills a worker that has not exited in its grace.
func (w *worker) onExitTimeout() { w.killWithin(w.pool.o.KillGrace) }

// kill sends the KillSignal, and SIGKILL after KillGrace. reason is that of the exit. cause, which
// may be nil, is in the errors of the worker's tasks. It does nothing if the worker was killed
// before.
func (w *worker) kill(reason ExitReason, cause error) {
	if w.state >= workerKilled {
		return
	}
	if w.reason == "" || w.state == workerStarting || reason != ExitStop {
		w.reason = reason // It replaces a reason for which the worker was to exit later.
	}
	if w.cause == nil {
		w.cause = cause
	}
	w.keepsPlace = w.state == workerReady
	w.killWithin(w.pool.o.KillGrace)
}

// killWithin sends the KillSignal, and SIGKILL after grace.
func (w *worker) killWithin(grace time.Duration) {
	if w.state < workerKilled {
		w.state = workerKilled
		w.requeueBound()
	}
	w.forced, w.toldToExit = true, true
	w.child.Terminate(grace)
}
