package cluster

import (
	"net/netip"
	"slices"
	"time"

	"github.com/brood-go/brood/childprocess"
)

const (
	// DefaultMaxPending is how many connections of a listener are accepted by default that no
	// worker has taken.
	DefaultMaxPending = 64

	// DefaultMaxListeners is how many servers one worker may have by default.
	DefaultMaxListeners = 256

	// DefaultDisconnectTimeout is how long a worker that is told to disconnect may take by default.
	DefaultDisconnectTimeout = 30 * time.Second

	// DefaultReadyTimeout is how long a new worker of Reload may take by default until it listens.
	DefaultReadyTimeout = time.Minute
)

// Sched is how the connections of a TCP or AF_UNIX server come to the workers.
type Sched uint8

const (
	// RoundRobin has the primary accept, and hand each connection to one worker, in turn: Node's
	// cluster.SCHED_RR.
	RoundRobin Sched = iota

	// Shared has the workers accept, from one socket that all of them have: Node's
	// cluster.SCHED_NONE. The kernel chooses. UDP sockets are always shared.
	Shared
)

// String returns "rr" or "none", as NODE_CLUSTER_SCHED_POLICY has it.
func (s Sched) String() string {
	if s == Shared {
		return "none"
	}
	return "rr"
}

// Options say what the workers of a [Cluster] are and how they get their connections. They are
// copied.
type Options struct {
	// Module and Args are the worker's program and its arguments, ExecPath and ExecArgv what runs
	// it, as for
	// [childprocess.Fork]: with "node" as ExecPath the module is a Node program that uses cluster, or just listens. It must be
	// a file: by node -e a worker never comes online. A worker listens where it likes, with this
	// program's rights.
	Module   string
	Args     []string
	ExecPath string
	ExecArgv []string

	// Self is, instead of Module, the name of a worker that is this program again, see
	// [childprocess.ForkSelf]. It calls [Join]. Args are its arguments.
	Self string

	// Fork has the other settings of the worker's process: environment, Stdio, Silent,
	// Serialization, limits. Its ExecPath and ExecArgv are those above and must be empty.
	//
	// What a worker that cannot be trusted may make this program keep is bounded by its MaxMessage
	// and MaxQueue.
	Fork *childprocess.ForkOptions

	// Sched is how connections come to the workers.
	Sched Sched

	// MaxPending is how many connections of one listener are accepted that no worker has taken.
	// What comes then waits in the kernel's backlog. Without Pick no more are accepted than there
	// are workers to take them. 0: DefaultMaxPending.
	MaxPending int

	// MaxListeners is how many servers one worker may have at the same time; the next one gets
	// EMFILE. 0: DefaultMaxListeners.
	MaxListeners int

	// DisconnectTimeout is how long a worker may take that was told to disconnect, or whose channel
	// has ended, until it is killed. 0: DefaultDisconnectTimeout; negative: no limit.
	DisconnectTimeout time.Duration

	// KeepListeners has a listener stay when its last worker closes its server by itself. Without
	// it the address is free then, as it is in Node. A listener whose workers have died, or were
	// told to disconnect, stays in any case.
	KeepListeners bool

	// FDs are descriptors of this program, listening sockets from a service manager say, that a
	// worker may name: server.listen({fd: 3}), and for a UDP socket socket.bind({fd: 3}). They are
	// borrowed, and come to be in non-blocking mode. All others are EBADF for a worker.
	FDs []int

	// Pick chooses the worker for a connection: of one client always the same, for instance. Nil,
	// or a Pick that returns nil or a worker that does not have this server, is the next worker in
	// turn. It is called on the loop goroutine, once for each connection, when that is accepted.
	// When the chosen worker refuses the connection or dies, and when too many wait for it already
	// (half of MaxPending), the connection goes to another.
	Pick func(i *Incoming) *Worker
}

// An Incoming is a connection that [Options].Pick chooses a worker for.
type Incoming struct {
	// Remote is the client's address, the zero value for an AF_UNIX socket.
	Remote netip.AddrPort

	// Listener names the listener: the same text for all connections of one.
	Listener string

	// Workers are those that have this server, by ID. The slice is valid until Pick returns.
	Workers []*Worker
}

// A Program is what [Cluster.Upgrade] has workers run from then on.
type Program struct {
	// These are what they are in [Options].
	Module   string
	Args     []string
	ExecPath string
	ExecArgv []string
	Self     string
	Fork     *childprocess.ForkOptions
}

// program returns o's part of what a worker runs.
func (o *Options) program() Program {
	return Program{o.Module, o.Args, o.ExecPath, o.ExecArgv, o.Self, o.Fork}
}

// checked returns a copy of p that its caller cannot change, or the option that makes no sense.
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

// checked returns a copy of o with its defaults, or the option that makes no sense.
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
		return c, &OptionError{"Sched", "is none that there is"}
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

func defaultTo[T int | time.Duration](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}
