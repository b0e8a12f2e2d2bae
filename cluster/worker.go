package cluster

import (
	"os"
	"slices"
	"strconv"
	"syscall"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// A Worker is a process that shares the servers of a [Cluster]. It is used on the loop goroutine.
type Worker struct {
	cluster *Cluster
	id      int
	env     []string
	child   *childprocess.ChildProcess
	channel *ipc.Channel

	state                 WorkerState
	disconnecting         bool // to disconnect
	exitedAfterDisconnect bool // for that, or it has said that it leaves
	exited                bool // exit has been told, or is about to be
	killTimer             *reactor.Timer
	served                int

	seq            int
	assignment     *assignment       // the connection on its way to it, nil when it is free
	shares         map[string]*share // its servers, by key
	pendingReplies int               // answers that the kernel has not taken
	flooding       bool              // it is being killed for that

	message events.Event[*ipc.Message]
}

// WorkerState is how far a worker has come.
type WorkerState uint8

// The states, in their order. A worker may skip some of them.
const (
	StateStarting     WorkerState = iota // it was forked
	StateOnline                          // its program runs
	StateListening                       // it has a server that listens
	StateDisconnected                    // its channel has ended
	StateDead                            // its process has ended
)

// String returns Node's name of the state: "none", "online", "listening", "disconnected" or "dead".
func (s WorkerState) String() string {
	return [...]string{"none", "online", "listening", "disconnected", "dead"}[s]
}

// ID returns the worker's number, from 1: cluster.worker.id in the worker.
func (w *Worker) ID() int { return w.id }

// Process returns the worker's process. Its channel is the cluster's: ending it cuts the worker's
// connections off.
func (w *Worker) Process() *childprocess.ChildProcess { return w.child }

// State returns how far the worker has come.
func (w *Worker) State() WorkerState { return w.state }

// Connected reports whether messages can be sent to the worker.
func (w *Worker) Connected() bool { return w.channel.Connected() }

// Served returns how many connections the worker has accepted from this process.
func (w *Worker) Served() int { return w.served }

// ExitedAfterDisconnect reports whether the worker was meant to go: it was told to disconnect, has
// said that it leaves, or was given up by a Reload. Who forks another worker for each that exits
// leaves those out.
func (w *Worker) ExitedAfterDisconnect() bool { return w.exitedAfterDisconnect }

// OnMessage calls fn with what the worker sends by process.send. What comes while nobody listens is
// dropped.
func (w *Worker) OnMessage(fn func(*ipc.Message)) *events.Listener { return w.message.On(fn) }

// Send sends the worker a message, its process.on('message'). See [ipc.Channel.Send].
func (w *Worker) Send(v any) error { return w.channel.Send(v) }

// SendWith sends the worker a message with a handle or a callback. See [ipc.Channel.SendWith].
func (w *Worker) SendWith(v any, o *ipc.SendOptions) error { return w.channel.SendWith(v, o) }

// Kill sends the worker's process a signal, see [childprocess.ChildProcess.Kill]. A worker that
// dies by it was not meant to go, see ExitedAfterDisconnect.
func (w *Worker) Kill(s childprocess.Signal) (bool, error) { return w.child.Kill(s) }

// Disconnect tells the worker to close its servers, to wait for its connections, and to end. It
// gets no connection from here on. It is killed (SIGKILL) when it has not ended after
// Options.DisconnectTimeout. Calling it again does nothing.
//
// A Node worker waits for its connections for as long as they are open, also those that only keep
// alive.
func (w *Worker) Disconnect() {
	if w.disconnecting || w.state >= StateDisconnected || w.cluster.state == stateClosed {
		return
	}
	w.disconnecting = true
	w.closeShares()
	w.armKillTimer()
	if !w.exitedAfterDisconnect {
		// It fails when the queue is full: a worker that never reads is killed after the time.
		_ = w.channel.SendInternal(w.head(actDisconnect), &ipc.SendOptions{Done: ignore})
	}
	w.exitedAfterDisconnect = true
	w.cluster.distribute()
}

// armKillTimer has the worker killed when it has not ended in time.
func (w *Worker) armKillTimer() {
	timeout := w.cluster.o.DisconnectTimeout
	if w.killTimer == nil && timeout > 0 && !w.exited {
		w.killTimer = w.cluster.setTimeout(timeout, func() {
			_, _ = w.child.Kill(syscall.SIGKILL) // It may have ended just now.
		})
	}
}

// head returns the beginning of the next message to the worker.
func (w *Worker) head(act string) head {
	w.seq++
	return head{Cmd: command, Act: act, Seq: w.seq - 1}
}

// forkProgram starts a worker that runs p.
func (c *Cluster) forkProgram(p Program, env []string) (*Worker, error) {
	w := &Worker{cluster: c, id: c.lastID + 1, env: slices.Clone(env), shares: map[string]*share{}}
	c.loop.NextTick(func() { // Before the child's own events.
		if w.child != nil {
			reactor.Emit(c.loop, &c.fork, w)
		}
	})
	child, err := p.start(c.loop, w.id, env)
	if err != nil {
		return nil, err
	}
	c.lastID++
	w.child, w.channel = child, child.Channel()
	c.workers = append(c.workers, w)
	w.subscribe()
	return w, nil
}

// start starts the process of the worker with this number.
func (p *Program) start(l *reactor.Loop, id int, env []string) (*childprocess.ChildProcess, error) {
	o := *p.Fork
	base := o.Env
	if base == nil {
		base = os.Environ()
	}
	o.Env = slices.Concat(base, env, []string{envUniqueID + "=" + strconv.Itoa(id)})
	if p.Self != "" {
		return childprocess.ForkSelf(l, p.Self, p.Args, &o)
	}
	o.ExecPath, o.ExecArgv = p.ExecPath, p.ExecArgv
	return childprocess.Fork(l, p.Module, p.Args, &o)
}

// subscribe adds the listeners to a new worker's process.
func (w *Worker) subscribe() {
	c := w.cluster
	onMessage(w.channel, w.onReply, w.receive)
	w.child.OnMessage(func(m *ipc.Message) {
		reactor.Emit(c.loop, &w.message, m)
		reactor.Emit(c.loop, &c.message, &Message{m, w})
	})
	w.child.OnError(func(err error) { reactor.Emit(c.loop, &c.errs, error(&WorkerError{w, err})) })
	w.child.OnDisconnect(w.onDisconnect)
	w.child.OnExit(w.onExit)
	w.child.OnClose(w.onExit) // The only event of a process that could not be started.
}

// receive is called with each message of the protocol from the worker.
func (w *Worker) receive(m *ipc.Message, in *inbound) {
	if w.state >= StateDisconnected {
		return
	}
	switch text(in.Act) {
	case actOnline:
		if w.state < StateOnline {
			w.reach(StateOnline)
			w.cluster.onReloadReady(w)
			reactor.Emit(w.cluster.loop, &w.cluster.online, w)
		}
	case actQuery:
		w.onQuery(m, in)
	case actListening:
		w.reach(StateListening)
		w.cluster.onReloadReady(w)
		reactor.Emit(w.cluster.loop, &w.cluster.listening, &Listening{
			w, text(in.Address), integerOr(in.Port, -1), typeName(in.AddressType), integerOr(in.FD, -1)})
	case actClose:
		w.closeServer(text(in.Key))
	case actExitedAfterDisconnect:
		if seq, ok := integer(in.Seq); ok {
			w.exitedAfterDisconnect = true
			w.armKillTimer()
			// Without it the worker stays, until it is killed.
			_ = w.reply(ackMessage{head: w.head(""), Ack: seq}, nil)
		}
	}
}

func (w *Worker) reach(s WorkerState) { w.state = max(w.state, s) }

// reply sends an answer to the worker. One that asks and does not read is killed: what it would
// have to be sent grows. The error is why nothing was sent.
func (w *Worker) reply(v any, handle any) error {
	if w.pendingReplies-maxReplies >= w.cluster.o.MaxListeners {
		w.killForFlood()
		return ErrFlood
	}
	w.pendingReplies++
	err := w.channel.SendInternal(v, &ipc.SendOptions{Handle: handle, Done: func(error) { w.pendingReplies-- }})
	if err != nil {
		w.pendingReplies--
	}
	return err
}

// maxReplies is how many answers, besides one for each server it may have, may wait for a worker
// that does not read: more than a worker asks for at once.
const maxReplies = 1024

func (w *Worker) killForFlood() {
	if w.flooding {
		return
	}
	w.flooding = true
	w.cluster.report(&WorkerError{w, ErrFlood})
	_, _ = w.child.Kill(syscall.SIGKILL) // It may have ended just now.
}

// onDisconnect is called when the channel has ended, and before exit in any case.
func (w *Worker) onDisconnect() {
	if w.state >= StateDisconnected {
		return
	}
	w.state = StateDisconnected
	w.closeShares()
	w.returnAssignment()
	w.armKillTimer()
	w.cluster.distribute()
	reactor.Emit(w.cluster.loop, &w.cluster.disconnect, w)
}

// onExit is called when the process has ended, or could not be started.
func (w *Worker) onExit(status childprocess.ExitStatus) {
	if w.exited {
		return
	}
	w.exited = true
	defer w.reportExit(status) // Also when a listener of OnDisconnect panics.
	w.onDisconnect()
}

// reportExit tells that the process has ended.
func (w *Worker) reportExit(status childprocess.ExitStatus) {
	c := w.cluster
	// A process that it has left behind may have the other end: it is no worker.
	w.channel.Destroy()
	w.state = StateDead
	if w.killTimer != nil {
		w.killTimer.Stop()
	}
	c.removeWorker(w)
	c.onReloadExit(w, status)
	c.loop.NextTick(c.finishDisconnect)
	reactor.Emit(c.loop, &c.exit, &Exit{w, status})
}

// ignore is for what is sent to a worker that may be gone, which other events tell.
func ignore(error) {}
