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
// hands them connections. Make one with [New].
//
// A Cluster's methods must be called on the loop goroutine. Its workers keep Run alive; its
// listeners do not.
type Cluster struct {
	loop      *reactor.Loop
	o         Options
	program   Program // of the next worker
	hub       *hub
	lastID    int
	workers   []*Worker // that have not ended, by ID
	listeners map[string]*listener
	orphans   []*listener // without a worker, the oldest first

	state          clusterState
	drainTimer     *reactor.Timer // the longest time in that state
	onDisconnected []func()       // to be called when the last worker has ended
	reloading      *reload

	fork, online, disconnect events.Event[*Worker]
	listening                events.Event[*Listening]
	exit                     events.Event[*Exit]
	message                  events.Event[*Message]
	errs                     events.Event[error]
}

// clusterState is what becomes of a cluster: open → draining → disconnecting → open, or → closed.
type clusterState uint8

const (
	stateOpen          clusterState = iota
	stateDraining                   // nothing more is accepted; what was is handed to workers
	stateDisconnecting              // the workers have been told to disconnect
	stateClosed                     // with the loop
)

// A Listening says that a server of a worker listens.
type Listening struct {
	Worker *Worker // whose server it is

	// Address is where, as the worker has asked for it: an IP address, "" for all, or the path of
	// an AF_UNIX socket. Port is the one that it has got, and -1 for a path.
	Address string
	Port    int

	// AddressType is "4", "6", "-1" for a path, "udp4" or "udp6"; "" for a descriptor, whose number
	// is FD.
	AddressType string
	FD          int // -1: none
}

// An Exit says how a worker has ended.
type Exit struct {
	Worker *Worker // who has ended

	// Status is that of the process. Its NotStarted is set when there was none.
	Status childprocess.ExitStatus
}

// A Message is one that a worker has sent by process.send. It is valid until the callback returns.
type Message struct {
	*ipc.Message
	Worker *Worker // who has sent it
}

// New returns a cluster without workers. Errors are *[OptionError] and [reactor.ErrClosed].
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

// Workers returns the workers whose processes have not ended, by ID. The caller may keep the slice.
func (c *Cluster) Workers() []*Worker { return slices.Clone(c.workers) }

// Worker returns the worker with this ID, nil when there is none or it has ended.
func (c *Cluster) Worker(id int) *Worker {
	if i, ok := slices.BinarySearchFunc(c.workers, id, func(w *Worker, id int) int { return cmp.Compare(w.id, id) }); ok {
		return c.workers[i]
	}
	return nil
}

// OnFork calls fn with each new worker, on the tick after Fork.
func (c *Cluster) OnFork(fn func(*Worker)) *events.Listener { return c.fork.On(fn) }

// OnOnline calls fn when a worker's program runs and has said so.
func (c *Cluster) OnOnline(fn func(*Worker)) *events.Listener { return c.online.On(fn) }

// OnListening calls fn for each server of a worker that listens.
func (c *Cluster) OnListening(fn func(*Listening)) *events.Listener { return c.listening.On(fn) }

// OnDisconnect calls fn once for each worker, when its channel has ended; before its exit.
func (c *Cluster) OnDisconnect(fn func(*Worker)) *events.Listener { return c.disconnect.On(fn) }

// OnExit calls fn once for each worker, also for one that could not be started. It is the last
// event of a worker, which is no longer among Workers, and the place to Fork another one: later, if
// this one has not come far, or a program that ends at once is forked without end.
func (c *Cluster) OnExit(fn func(*Exit)) *events.Listener { return c.exit.On(fn) }

// OnMessage calls fn with what workers send by process.send, in order. What comes while nobody
// listens is dropped.
func (c *Cluster) OnMessage(fn func(*Message)) *events.Listener { return c.message.On(fn) }

// OnError calls fn with what goes wrong and is not the caller's mistake: a *[WorkerError], or a
// *[ListenError] of a listener that cannot accept for the moment (EMFILE).
func (c *Cluster) OnError(fn func(error)) *events.Listener { return c.errs.On(fn) }

// report tells an error on the next tick.
func (c *Cluster) report(err error) {
	if c.state != stateClosed {
		c.loop.NextTick(func() { reactor.Emit(c.loop, &c.errs, err) })
	}
}

// Fork starts a worker, with variables env, "KEY=value", besides those of Options.Fork.
// NODE_UNIQUE_ID is set to its ID. What the system refuses is told by OnError, followed by OnExit.
// Errors are those of [childprocess.Fork] for a mistake in the options, and [ErrDisconnecting].
// With an error there is no worker, and no event.
func (c *Cluster) Fork(env []string) (*Worker, error) {
	switch c.state {
	case stateClosed:
		return nil, reactor.ErrClosed
	case stateDraining, stateDisconnecting:
		return nil, ErrDisconnecting
	}
	return c.forkProgram(c.program, env)
}

func (c *Cluster) removeWorker(w *Worker) {
	c.workers = slices.DeleteFunc(c.workers, func(other *Worker) bool { return other == w })
}
