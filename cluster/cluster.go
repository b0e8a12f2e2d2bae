package cluster

import (
	"cmp"
	"slices"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// A Cluster is the primary of Node's cluster protocol: it starts workers, listens for them, and
// assigns each connection to one of them. Make one with [New].
//
// A Cluster's methods must be called on the loop goroutine. Its workers keep Run alive; its
// listeners do not. When the loop closes, the listeners and the connections that no worker has
// taken are closed; there are no further events.
type Cluster struct {
	loop      *reactor.Loop
	o         Options // defaults filled in; never changed
	program   Program // program of the next worker; Upgrade changes it
	hub       *hub
	lastID    int                  // ID of the newest worker; 0 before the first
	workers   []*Worker            // workers that have not exited, by ID
	listeners map[string]*listener // open listeners, by key
	orphans   []*listener          // those without a share that are not pinned, oldest first

	state          clusterState
	drainTimer     *reactor.Timer // bounds stateDraining; nil: no limit, or never in that state
	onDisconnected []func()       // callbacks of Disconnect; empty in stateOpen
	reloading      *reload        // the Reload or Upgrade under way; nil: none

	// Events, emitted on the loop goroutine.
	fork, online, disconnect events.Event[*Worker]
	listening                events.Event[*Listening]
	exit                     events.Event[*Exit]
	message                  events.Event[*Message]
	errs                     events.Event[error]
}

// clusterState is the stage of Disconnect: open → draining → disconnecting → open. Any state →
// closed.
type clusterState uint8

const (
	stateOpen          clusterState = iota
	stateDraining                   // no accept; connections accepted before go to workers
	stateDisconnecting              // no listeners; Disconnect was called on every worker
	stateClosed                     // the loop is closed
)

// A Listening reports a worker's server that listens.
type Listening struct {
	Worker *Worker // the worker that has the server

	// Address is the address that the worker asked for: an IP address, "" for all addresses, or the
	// path of an AF_UNIX socket. Port is the port that the server got, -1 for a path.
	Address string
	Port    int

	// AddressType is "4", "6", "-1" for a path, "udp4" or "udp6". For a descriptor it is "", and FD
	// is the descriptor's number in the primary.
	AddressType string
	FD          int // -1: no descriptor
}

// An Exit reports a worker that has exited.
type Exit struct {
	Worker *Worker // the worker; its State is StateDead

	// Status is the status of the process. If the process could not be started, NotStarted is set.
	Status childprocess.ExitStatus
}

// A Message is a message that a worker sent by process.send. It is valid until the callback
// returns.
type Message struct {
	*ipc.Message
	Worker *Worker // the sender
}

// New returns a cluster without workers. It copies o. The error is an *[OptionError] or
// [reactor.ErrClosed].
func New(l *reactor.Loop, o *Options) (*Cluster, error) {
	if l == nil {
		return nil, &OptionError{"loop", "is nil"}
	}
	options, err := o.checked()
	if err != nil {
		return nil, err
	}
	h, err := hubOf(l)
	if err != nil {
		return nil, err
	}
	c := &Cluster{loop: l, o: options, program: options.program(), hub: h, listeners: map[string]*listener{}}
	h.clusters[c] = struct{}{}
	return c, nil
}

// Workers returns the workers that have not exited, by ID. The caller may keep the slice.
func (c *Cluster) Workers() []*Worker { return slices.Clone(c.workers) }

// Worker returns the worker with this ID, nil if there is none or it has exited.
func (c *Cluster) Worker(id int) *Worker {
	if i, ok := slices.BinarySearchFunc(c.workers, id, func(w *Worker, id int) int { return cmp.Compare(w.id, id) }); ok {
		return c.workers[i]
	}
	return nil
}

// OnFork calls fn with each new worker, on the tick after Fork.
func (c *Cluster) OnFork(fn func(*Worker)) *events.Listener { return c.fork.On(fn) }

// OnOnline calls fn once for each worker, when its program has reported that it runs.
func (c *Cluster) OnOnline(fn func(*Worker)) *events.Listener { return c.online.On(fn) }

// OnListening calls fn when a worker reports that a server of it listens.
func (c *Cluster) OnListening(fn func(*Listening)) *events.Listener { return c.listening.On(fn) }

// OnDisconnect calls fn once for each worker, when its channel has closed, before OnExit.
func (c *Cluster) OnDisconnect(fn func(*Worker)) *events.Listener { return c.disconnect.On(fn) }

// OnExit calls fn once for each worker, also for one that could not be started. It is the worker's
// last event; the worker is no longer among Workers.
//
// To replace workers, call Fork in fn. Delay the call if the worker exited soon after its start: a
// program that always exits at once would otherwise be forked without end.
func (c *Cluster) OnExit(fn func(*Exit)) *events.Listener { return c.exit.On(fn) }

// OnMessage calls fn with each message that a worker sends by process.send, in order. A message
// that comes without a listener is dropped.
func (c *Cluster) OnMessage(fn func(*Message)) *events.Listener { return c.message.On(fn) }

// OnError calls fn with failures that are not the caller's mistake: a *[WorkerError], or a
// *[ListenError] of a listener that cannot accept at the moment (EMFILE).
func (c *Cluster) OnError(fn func(error)) *events.Listener { return c.errs.On(fn) }

// report emits err to OnError on the next tick.
func (c *Cluster) report(err error) {
	if c.state != stateClosed {
		c.loop.NextTick(func() { reactor.Emit(c.loop, &c.errs, err) })
	}
}

// Fork starts a worker. Its environment is that of Options.Fork, then env ("KEY=value"), then
// NODE_UNIQUE_ID, which is the worker's ID.
//
// If the system cannot start the process, OnError is called, then OnExit. If an error is returned,
// there is no worker and no event: it is an error of [childprocess.Fork] about the options,
// [ErrDisconnecting], or [reactor.ErrClosed].
func (c *Cluster) Fork(env []string) (*Worker, error) {
	switch c.state {
	case stateClosed:
		return nil, reactor.ErrClosed
	case stateDraining, stateDisconnecting:
		return nil, ErrDisconnecting
	}
	return c.forkProgram(c.program, env)
}

// removeWorker takes w, which has exited, out of Workers.
func (c *Cluster) removeWorker(w *Worker) {
	c.workers = slices.DeleteFunc(c.workers, func(other *Worker) bool { return other == w })
}
