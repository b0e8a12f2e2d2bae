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

// A Worker is a process that shares the servers of a [Cluster]. Make one with [Cluster.Fork].
//
// A Worker's methods must be called on the loop goroutine.
type Worker struct {
	cluster *Cluster
	id      int
	env     []string // env of Fork; Reload gives it to the successor
	child   *childprocess.ChildProcess
	channel *ipc.Channel

	state                 WorkerState
	disconnecting         bool           // Disconnect was called
	exitedAfterDisconnect bool           // see ExitedAfterDisconnect; never reset
	exited                bool           // onExit has run
	killTimer             *reactor.Timer // see armKillTimer; nil: it was not started
	served                int

	seq            int               // seq of the next message to the worker
	assignment     *assignment       // connection that it has not answered for; nil: it is free
	shares         map[string]*share // its servers, by key; empty from Disconnect on
	pendingReplies int               // replies in the channel's queue
	flooding       bool              // killForFlood has run

	message events.Event[*ipc.Message]
}

// WorkerState is the stage of a worker's life.
type WorkerState uint8

// The states, in their order. A worker never goes back, but may skip states.
const (
	StateStarting     WorkerState = iota // forked
	StateOnline                          // its program runs
	StateListening                       // a server of it listens
	StateDisconnected                    // its channel has closed
	StateDead                            // its process has exited, or could not be started
)

// String returns Node's name of the state: "none", "online", "listening", "disconnected" or "dead".
func (s WorkerState) String() string {
	return [...]string{"none", "online", "listening", "disconnected", "dead"}[s]
}

// ID returns the worker's number, from 1. In the worker it is cluster.worker.id.
func (w *Worker) ID() int { return w.id }

// Process returns the worker's process. Its channel belongs to the cluster: to disconnect it also
// cuts the protocol, so the worker gets no more connections.
func (w *Worker) Process() *childprocess.ChildProcess { return w.child }

// State returns the stage that the worker has reached.
func (w *Worker) State() WorkerState { return w.state }

// Connected reports whether the worker's channel is open, so that messages can be sent.
func (w *Worker) Connected() bool { return w.channel.Connected() }

// Served returns the number of connections that this process assigned and the worker accepted.
func (w *Worker) Served() int { return w.served }

// ExitedAfterDisconnect reports whether the worker is meant to exit: Disconnect was called on it,
// it has announced its own disconnect, or a failed Reload gave it up. A program that replaces
// workers which exit must leave such a worker out.
func (w *Worker) ExitedAfterDisconnect() bool { return w.exitedAfterDisconnect }

// OnMessage calls fn with each message that the worker sends by process.send. A message that comes
// without a listener is dropped.
func (w *Worker) OnMessage(fn func(*ipc.Message)) *events.Listener { return w.message.On(fn) }

// Send sends the worker a message, which is its process event 'message'. See [ipc.Channel.Send].
func (w *Worker) Send(v any) error { return w.channel.Send(v) }

// SendWith sends the worker a message with a handle or a callback. See [ipc.Channel.SendWith].
func (w *Worker) SendWith(v any, o *ipc.SendOptions) error { return w.channel.SendWith(v, o) }

// Kill sends a signal to the worker's process, see [childprocess.ChildProcess.Kill]. It does not
// set ExitedAfterDisconnect.
func (w *Worker) Kill(s childprocess.Signal) (bool, error) { return w.child.Kill(s) }

// Disconnect tells the worker to close its servers, to wait for its connections, and to exit. The
// worker gets no further connection. If it has not exited after Options.DisconnectTimeout, it is
// killed (SIGKILL). Later calls do nothing.
//
// A Node worker waits for all of its connections, including idle keep-alive ones.
func (w *Worker) Disconnect() {
	if w.disconnecting || w.state >= StateDisconnected || w.cluster.state == stateClosed {
		return
	}
	w.disconnecting = true
	w.closeShares()
	w.armKillTimer()
	if !w.exitedAfterDisconnect {
		// If the queue is full, this fails; the timer kills a worker that never reads.
		_ = w.channel.SendInternal(w.head(actDisconnect), &ipc.SendOptions{Done: ignore})
	}
	w.exitedAfterDisconnect = true
	w.cluster.distribute()
}

// armKillTimer kills the worker after Options.DisconnectTimeout. Later calls do nothing.
func (w *Worker) armKillTimer() {
	timeout := w.cluster.o.DisconnectTimeout
	if w.killTimer == nil && timeout > 0 && !w.exited {
		w.killTimer = w.cluster.setTimeout(timeout, func() {
			_, _ = w.child.Kill(syscall.SIGKILL) // It may have exited just now.
		})
	}
}

// head returns the head of the next message to the worker.
func (w *Worker) head(act string) head {
	w.seq++
	return head{Cmd: command, Act: act, Seq: w.seq - 1}
}

// forkProgram starts a worker that runs p. Errors are those of Fork.
func (c *Cluster) forkProgram(p Program, env []string) (*Worker, error) {
	w := &Worker{cluster: c, id: c.lastID + 1, env: slices.Clone(env), shares: map[string]*share{}}
	c.loop.NextTick(func() { // This tick runs before the child's own events.
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

// subscribe adds the listeners to a new worker's process and channel.
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

// receive handles a message of the protocol from the worker.
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
			// If the reply fails, the worker stays until the timer kills it.
			_ = w.reply(ackMessage{head: w.head(""), Ack: seq}, nil)
		}
	}
}

// reach moves the state forward to s.
func (w *Worker) reach(s WorkerState) { w.state = max(w.state, s) }

// reply sends an answer to the worker. A worker that asks but does not read would make the queue
// grow, so it is killed at a limit. If an error is returned, nothing was sent.
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

// maxReplies is the number of answers that may wait for a worker that does not read, besides one
// for each server it may have. No worker asks for so many at once.
const maxReplies = 1024

// killForFlood reports ErrFlood and kills the worker, once.
func (w *Worker) killForFlood() {
	if w.flooding {
		return
	}
	w.flooding = true
	w.cluster.report(&WorkerError{w, ErrFlood})
	_, _ = w.child.Kill(syscall.SIGKILL) // It may have exited just now.
}

// onDisconnect handles the close of the channel. It runs once, always before reportExit.
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

// onExit handles the exit of the process, or the failure to start it. It acts once.
func (w *Worker) onExit(status childprocess.ExitStatus) {
	if w.exited {
		return
	}
	w.exited = true
	defer w.reportExit(status) // Runs also when a listener of OnDisconnect panics.
	w.onDisconnect()
}

// reportExit removes the worker and emits OnExit, its last event.
func (w *Worker) reportExit(status childprocess.ExitStatus) {
	c := w.cluster
	// A process that the worker left behind may hold the other end of the channel.
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

// ignore drops an error of a send. If the worker has gone, other events report it.
func ignore(error) {}
