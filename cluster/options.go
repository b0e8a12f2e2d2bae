package cluster

import (
	"net/netip"
	"slices"
	"time"

	"github.com/brood-go/brood/childprocess"
)

const (
	// DefaultMaxPending is the default of Options.MaxPending, in connections.
	DefaultMaxPending = 64

	// DefaultMaxListeners is the default of Options.MaxListeners, in servers of one worker.
	DefaultMaxListeners = 256

	// DefaultDisconnectTimeout is the default of Options.DisconnectTimeout.
	DefaultDisconnectTimeout = 30 * time.Second

	// DefaultReadyTimeout is the default of ReloadOptions.ReadyTimeout.
	DefaultReadyTimeout = time.Minute
)

// Sched is the way in which connections of TCP and AF_UNIX servers come to workers.
type Sched uint8

const (
	// RoundRobin: the primary accepts each connection and assigns it to one worker, in turn. Node's
	// cluster.SCHED_RR.
	RoundRobin Sched = iota

	// Shared: all workers accept from one socket, and the kernel chooses. Node's
	// cluster.SCHED_NONE. UDP sockets are always shared.
	Shared
)

// String returns "rr" or "none", the values of NODE_CLUSTER_SCHED_POLICY.
func (s Sched) String() string {
	if s == Shared {
		return "none"
	}
	return "rr"
}

// Options configure a [Cluster]. New copies them.
type Options struct {
	// Module and Args are the worker's program and its arguments. ExecPath and ExecArgv are the
	// executable that runs it, as for [childprocess.Fork]. With ExecPath "node", Module is a Node
	// program that uses cluster, or any server. It must be a file, because a worker of node -e
	// never comes online.
	//
	// A worker may listen on any address that this program may listen on.
	Module   string
	Args     []string
	ExecPath string
	ExecArgv []string

	// Self, instead of Module, makes the worker this program again: Self is its name, as for
	// [childprocess.ForkSelf], and Args are its arguments. The worker must call [Join].
	Self string

	// Fork has the other settings of the worker's process: environment, Stdio, Silent,
	// Serialization, limits. Its own ExecPath and ExecArgv must be empty. Nil: all defaults.
	//
	// If workers are not trusted, set its MaxMessage and MaxQueue: they bound the memory that a
	// worker can make this program use.
	Fork *childprocess.ForkOptions

	// Sched is the way in which connections come to workers. The zero value is RoundRobin.
	Sched Sched

	// MaxPending bounds the connections of one listener that are accepted and that no worker has
	// taken. Later ones wait in the kernel's backlog. Without Pick, a connection is accepted only
	// if a worker is free to take it. 0: DefaultMaxPending.
	MaxPending int

	// MaxListeners bounds the servers that one worker has at the same time; the next one fails with
	// EMFILE. It also bounds the listeners that are kept without a worker. 0: DefaultMaxListeners.
	MaxListeners int

	// DisconnectTimeout is the time until a worker is killed (SIGKILL), from Disconnect or from the
	// close of its channel. 0: DefaultDisconnectTimeout; negative: no limit.
	DisconnectTimeout time.Duration

	// KeepListeners: when the last worker with a server on a listener closes that server by itself,
	// the listener stays open. Otherwise the address becomes free, as in Node. When the last worker
	// dies, or Disconnect was called on it, the listener stays open in any case.
	KeepListeners bool

	// FDs are descriptors of this program that workers may listen on by number, such as listening
	// sockets of a service manager: server.listen({fd: 3}), or socket.bind({fd: 3}) for UDP. The
	// cluster borrows them and sets them to non-blocking mode. Any other number fails with EBADF.
	FDs []int

	// Pick chooses the worker for a connection, for example always the same worker for one client.
	// It runs on the loop goroutine, once for each connection, when the connection is accepted.
	//
	// The next worker in turn gets the connection if Pick is nil, if it returns nil or a worker
	// without this server, if half of MaxPending already wait for the chosen worker, and if that
	// worker later refuses or dies.
	Pick func(i *Incoming) *Worker
}

// An Incoming describes a connection to [Options].Pick.
type Incoming struct {
	// Remote is the client's address; the zero value for an AF_UNIX socket.
	Remote netip.AddrPort

	// Listener identifies the listener: it is the same text for all of its connections.
	Listener string

	// Workers are the workers with this server, by ID. The slice is valid until Pick returns.
	Workers []*Worker
}

// A Program is the program that workers run after [Cluster.Upgrade].
type Program struct {
	// The fields have the meaning of those of [Options].
	Module   string
	Args     []string
	ExecPath string
	ExecArgv []string
	Self     string
	Fork     *childprocess.ForkOptions
}

func (o *Options) program() Program {
	return Program{o.Module, o.Args, o.ExecPath, o.ExecArgv, o.Self, o.Fork}
}

// checked returns a copy of p that shares nothing with the caller's, or an *OptionError.
func (p Program) checked() (Program, error) {
	p.Args, p.ExecArgv = slices.Clone(p.Args), slices.Clone(p.ExecArgv)
	var fork childprocess.ForkOptions
	if p.Fork != nil {
		fork = *p.Fork
		fork.Env, fork.Stdio = slices.Clone(fork.Env), slices.Clone(fork.Stdio)
	}
	p.Fork = &fork
	switch {
	case p.Module == "" && p.Self == "":
		return p, &OptionError{"Module", "neither it nor Self is given"}
	case p.Module != "" && p.Self != "":
		return p, &OptionError{"Self", "does not go with Module"}
	case p.Self != "" && (p.ExecPath != "" || len(p.ExecArgv) > 0):
		return p, &OptionError{"ExecPath", "does not go with Self"}
	case p.ExecPath == "" && len(p.ExecArgv) > 0:
		return p, &OptionError{"ExecArgv", "is given without ExecPath"}
	case fork.ExecPath != "" || len(fork.ExecArgv) > 0:
		return p, &OptionError{"Fork.ExecPath", "is an option of the cluster itself"}
	}
	return p, nil
}

// checked returns a copy of o with its defaults, or an *OptionError.
func (o *Options) checked() (Options, error) {
	if o == nil {
		return Options{}, &OptionError{"Module", "neither it nor Self is given"}
	}
	c := *o
	program, err := o.program().checked()
	if err != nil {
		return c, err
	}
	c.Args, c.ExecArgv, c.Fork = program.Args, program.ExecArgv, program.Fork
	c.FDs = slices.Clone(o.FDs)
	switch {
	case o.Sched > Shared:
		return c, &OptionError{"Sched", "is neither RoundRobin nor Shared"}
	case o.MaxPending < 0:
		return c, &OptionError{"MaxPending", "is negative"}
	case o.MaxListeners < 0:
		return c, &OptionError{"MaxListeners", "is negative"}
	case slices.ContainsFunc(o.FDs, func(n int) bool { return n < 0 }):
		return c, &OptionError{"FDs", "has a negative number"}
	case o.Sched == Shared && o.Pick != nil:
		return c, &OptionError{"Pick", "does not go with Shared: the kernel chooses"}
	}
	defaultTo(&c.MaxPending, DefaultMaxPending)
	defaultTo(&c.MaxListeners, DefaultMaxListeners)
	defaultTo(&c.DisconnectTimeout, DefaultDisconnectTimeout)
	return c, nil
}

// defaultTo replaces a zero *v by value.
func defaultTo[T int | time.Duration](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}
