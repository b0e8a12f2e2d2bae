package pool

import (
	"log/slog"
	"runtime"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
)

// Options configure a [Pool]. They are not kept or changed.
//
// One of Self and Module says what a worker is. Everything else may be zero.
type Options struct {
	// Self is the name of a worker of this program, see [childprocess.Workers], which calls
	// [Serve]. Its Protocol is Messages.
	Self string

	// Module is the program, or with ExecPath the script, that the workers run: "worker.js" for the
	// ExecPath "node".
	Module   string
	ExecPath string

	// Args are the worker's arguments.
	Args []string

	// Fork has what else a worker is started with: its environment, directory, cgroup, ListenFDs.
	// Refused are the fields that the pool decides on (Stdio, Silent, Serialization, ExecPath,
	// Encoding, LineEnd, MaxLine, HighWaterMark, MaxMessage, MaxQueue, Async) and those that end a
	// child by themselves (Context, Timeout, IdleTimeout, StopWhen, Overflow, Cancel, CancelFunc,
	// KillGrace). By default a worker leads a process group, which has ^C of the terminal pass it
	// by, gets SIGKILL when this program dies, on Linux (Pdeathsig), and does not hold up its end
	// for longer than a second by processes that it has left behind (CloseGrace).
	Fork *childprocess.ForkOptions

	// Name is what the pool is called in metrics and logs. "": nothing.
	Name string

	// Protocol is how jobs and answers go, see PROTOCOL.md in this package's folder.
	Protocol Protocol

	// Ready is when a worker gets its first job.
	Ready Ready

	// Order is which of several idle workers gets the next job.
	Order Order

	// Min is how many workers are kept, also when they are idle. 0: as many as Max; negative: none,
	// they are started as jobs come. Max is how many there are at most, but for successors that
	// start while those before them still work, and for those that finish their jobs and end: no
	// more than Max are these, besides those that a Reload ends. 0: Min, or as many as this program
	// may use processors.
	Min, Max int

	// Starting is how many workers start at once. 0: as many as this program may use processors.
	Starting int

	// InFlight is how many jobs a worker has at once, if its ready message does not allow for
	// fewer. 0: as many as that says, or one.
	InFlight int

	// Ahead is how many jobs more a worker is sent when every worker has InFlight jobs, so that it
	// has the next one when it is done. What it has not begun, as far as its answers tell, is given
	// to others when it dies or has to be killed. A worker that begins with the next job before its
	// answer is on the way, and dies in between, has that one run twice.
	Ahead int

	// MaxQueue and MaxQueueBytes bound what waits for a worker, in jobs and in bytes of their
	// encoded form: see [ErrQueueFull]. 0: DefaultMaxQueue, DefaultMaxQueueBytes; negative: no
	// limit.
	MaxQueue      int
	MaxQueueBytes int64

	// Attachments gives each worker a descriptor more, a socket by which RunOptions.Attach and
	// Result.Attach go. Go workers on Linux need none, they are passed files of memory.
	Attachments bool

	// MaxJob and MaxResult bound a job and an answer, in bytes of their encoded form. A bigger job
	// is refused; one with a bigger result, progress or chunk fails, with [ErrTooLarge]. 0:
	// DefaultMaxResult. A Go worker takes no message over ipc.DefaultMaxMessage: it answers such a
	// job with an error.
	MaxJob, MaxResult int64

	// Timeout is the time that a job may run. 0: no limit. RunOptions.Timeout comes before it.
	Timeout time.Duration

	// QueueTimeout is the time that a job may wait for a worker, before its first run. 0: no limit.
	QueueTimeout time.Duration

	// CancelGrace is the time that a worker has to answer a job that is cancelled, or over its
	// Timeout, before it is sent the KillSignal of Fork, SIGTERM by default. KillGrace is the time
	// from there to SIGKILL. 0: DefaultCancelGrace, DefaultKillGrace; negative: none.
	CancelGrace, KillGrace time.Duration

	// Retries is how often a job is run again after an error of the worker. MaxCrashes is how many
	// workers may die of a job: it is run again until then, by itself in a worker. MaxCrashes 0:
	// with Retries DefaultMaxCrashes; else 1, a job that was begun is not run again, but for one
	// beside a job for which its worker is killed: that is run again, uncounted, unless some of its
	// chunks were taken.
	Retries    int
	MaxCrashes int

	// Backoff is how long the replacement of workers that die without an answer waits.
	Backoff Backoff

	// CrashLoop is what becomes of waiting tasks while workers die one after the other.
	CrashLoop CrashLoopPolicy

	// MaxJobs is the number of jobs after which a worker is replaced; up to 15 % more, at random,
	// so that not all are replaced at once. 0: no limit.
	MaxJobs int

	// MaxAge is the age at which a worker is replaced. 0: no limit.
	MaxAge time.Duration

	// MaxMemory is the resident memory, in bytes, from which on a worker is replaced once another
	// one is ready; its jobs go on meanwhile. A worker over MaxMemoryHard is killed. Memory is
	// looked at after each job and each second. PSS counts the proportional set size instead, in
	// which pages that several processes share count in part: it takes longer to get. Linux. 0: no
	// limit.
	MaxMemory, MaxMemoryHard int64
	PSS                      bool

	// IdleTimeout is the time after which a worker without a job ends while there are more than
	// Min. 0: no limit.
	IdleTimeout time.Duration

	// StartTimeout is the time that a worker has to become ready. 0: DefaultStartTimeout; negative:
	// no limit.
	StartTimeout time.Duration

	// StuckAfter is the time after which OnStuck tells of a running job. 0: never.
	StuckAfter time.Duration

	// PingInterval is how often idle workers that understand it are asked whether they are there.
	// One that has not answered when the next ping is due is replaced. 0: never.
	PingInterval time.Duration

	// DisconnectGrace is the time that a worker which has been told to end has for that, before it
	// is sent the KillSignal. 0: DefaultDisconnectGrace; negative: none.
	DisconnectGrace time.Duration

	// Logger gets what the workers write to stderr, and to stdout where the protocol leaves that
	// alone, line by line; and workers that end though they should not. Nil: the loop's, if that
	// has one.
	Logger *slog.Logger
}

// What zero in Options stands for.
const (
	DefaultMaxQueue        = 65_536
	DefaultMaxQueueBytes   = 256 << 20
	DefaultMaxResult       = 64 << 20
	DefaultMaxCrashes      = 2
	DefaultStartTimeout    = 60 * time.Second
	DefaultCancelGrace     = 5 * time.Second
	DefaultKillGrace       = 5 * time.Second
	DefaultDisconnectGrace = 10 * time.Second
)

// A Protocol is how jobs and answers go between the pool and a worker.
type Protocol uint8

const (
	// Messages is Node's IPC: process.send and process.on('message'), or [Serve].
	Messages Protocol = iota

	// Lines is one JSON object a line, both ways, on the worker's descriptor 3, which is a socket.
	// What a worker prints does no harm.
	Lines

	// StdLines is one JSON object a line, jobs on stdin and answers on stdout. A line on stdout
	// that is no message of the protocol is logged.
	StdLines

	// Frames is four bytes with a length, big-endian, and so many bytes, both ways, on descriptor
	// 3: the job as it is, and one answer for each, in their order. A job of type []byte is not
	// encoded.
	Frames
)

var protocolNames = []string{"Messages", "Lines", "StdLines", "Frames"}

// String returns the protocol's name.
func (p Protocol) String() string { return nameOf(p, protocolNames) }

// A Ready is when a worker gets its first job.
type Ready uint8

const (
	// ReadyMessage waits for the ready message, which [Serve] and the helper for Node send. With
	// Frames, which has none, it is ReadySpawn.
	ReadyMessage Ready = iota

	// ReadySpawn takes a worker to be ready once its program was started. What a ready message says
	// counts from when it comes: with this and the next two a worker may be sent a job or two
	// before.
	ReadySpawn

	// ReadyFirst waits for the first message, whatever it is: a program that was written for
	// others, with its process.send('ready').
	ReadyFirst

	// ReadyListening waits until the worker listens at a socket of its own, which is looked at each
	// 20 ms: a server that was written without a thought of pools. Linux.
	ReadyListening
)

var readyNames = []string{"ReadyMessage", "ReadySpawn", "ReadyFirst", "ReadyListening"}

// String returns the name of the constant.
func (r Ready) String() string { return nameOf(r, readyNames) }

// An Order is which of several idle workers gets the next job.
type Order uint8

const (
	// LIFO is the worker that became idle last: its caches are warm, and those that are not needed
	// come to their IdleTimeout.
	LIFO Order = iota

	// FIFO is the worker that has been idle for longest.
	FIFO

	// RoundRobin is the worker that was given a job longest ago.
	RoundRobin
)

var orderNames = []string{"LIFO", "FIFO", "RoundRobin"}

// String returns the name of the constant.
func (o Order) String() string { return nameOf(o, orderNames) }

// A CrashLoopPolicy is what becomes of waiting tasks in a crash loop, see [Pool.OnCrashLoop].
type CrashLoopPolicy uint8

const (
	// CrashLoopWait has them wait until a worker answers again.
	CrashLoopWait CrashLoopPolicy = iota

	// CrashLoopFail fails them, and those that come, with a *[CrashLoopError].
	CrashLoopFail
)

var crashLoopNames = []string{"CrashLoopWait", "CrashLoopFail"}

// String returns the name of the constant.
func (c CrashLoopPolicy) String() string { return nameOf(c, crashLoopNames) }

// A Backoff is how long the replacement of a worker waits. The first one is immediate. When workers
// go on to die and none has answered a job in between, or has been ready for StableAfter, the wait
// is Min, and doubles with each death up to Max; it varies by 20 %. A worker that asks to be
// replaced before any of that counts as one that has died.
type Backoff struct {
	Min         time.Duration // 0: 100 ms
	Max         time.Duration // 0: 30 s
	StableAfter time.Duration // 0: 30 s
}

func nameOf[T ~uint8](v T, names []string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "invalid"
}

// settings are Options in which every zero was replaced.
type settings struct {
	Options
	fork            childprocess.ForkOptions
	inFlight        int  // 0: what the worker's ready message says
	rerunAfterCrash bool // jobs without retries are run again after a crash, too
}

// resolve returns o with its defaults, or an *[OptionError].
func (o *Options) resolve() (*settings, error) {
	if o == nil {
		o = new(Options)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &settings{Options: *o, inFlight: o.InFlight}
	if o.Fork != nil {
		s.fork = *o.Fork
	}
	s.Fork = nil
	processors := runtime.GOMAXPROCS(0)
	if s.Max == 0 {
		s.Max = max(s.Min, 0)
		if s.Max == 0 {
			s.Max = processors
		}
	}
	switch {
	case s.Min == 0:
		s.Min = s.Max
	case s.Min < 0:
		s.Min = 0
	}
	s.Starting = or(s.Starting, processors)
	s.MaxQueue = or(s.MaxQueue, DefaultMaxQueue)
	s.MaxQueueBytes = or(s.MaxQueueBytes, DefaultMaxQueueBytes)
	s.MaxJob = or(s.MaxJob, DefaultMaxResult)
	s.MaxResult = or(s.MaxResult, DefaultMaxResult)
	s.rerunAfterCrash = s.MaxCrashes > 1
	s.MaxCrashes = or(s.MaxCrashes, DefaultMaxCrashes)
	s.StartTimeout = or(s.StartTimeout, DefaultStartTimeout)
	s.CancelGrace = max(0, or(s.CancelGrace, DefaultCancelGrace))
	s.KillGrace = max(0, or(s.KillGrace, DefaultKillGrace))
	s.DisconnectGrace = max(0, or(s.DisconnectGrace, DefaultDisconnectGrace))
	s.Backoff.Min = or(s.Backoff.Min, 100*time.Millisecond)
	s.Backoff.Max = max(s.Backoff.Min, or(s.Backoff.Max, 30*time.Second))
	s.Backoff.StableAfter = or(s.Backoff.StableAfter, 30*time.Second)
	if s.Protocol == Frames && s.Ready == ReadyMessage {
		s.Ready = ReadySpawn
	}
	s.prepareFork()
	return s, nil
}

// or returns v, or instead if that is zero.
func or[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}

// leftBehind is how long processes that a worker has started can hold up its end by its pipes.
const leftBehind = time.Second

// slack is how much longer than MaxResult a message may be, in bytes, before it cannot be told
// which job it answers. A chunk of 64 KiB in base64 is not longer, however small MaxResult is.
const slack = 96 << 10

func (s *settings) prepareFork() {
	f := &s.fork
	f.CloseGrace = or(f.CloseGrace, leftBehind)
	f.Pdeathsig = or(f.Pdeathsig, parentDeathSignal)
	if !f.Detached && !f.Foreground && f.Pgid == 0 {
		f.Setpgid = true
	}
	f.MaxMessage = int(s.MaxResult) + slack
	f.MaxLine = f.MaxMessage
}

// check returns an *[OptionError] for what is wrong with the options.
func (o *Options) check() error {
	f := o.Fork
	if f == nil {
		f = new(childprocess.ForkOptions)
	}
	const pools, ends = "is the pool's to decide", "is not for workers, which the pool ends"
	for _, rule := range []struct {
		bad          bool
		name, reason string
	}{
		{o.Self == "" && o.Module == "", "Module", "is empty, and so is Self"},
		{o.Self != "" && o.Module != "", "Module", "is given beside Self"},
		{o.Self != "" && o.ExecPath != "", "ExecPath", "is given beside Self"},
		{o.Self != "" && o.Protocol != Messages, "Protocol", "is " + o.Protocol.String() + ", and Self is for Messages"},
		{int(o.Protocol) >= len(protocolNames), "Protocol", "is none of the constants"},
		{int(o.Ready) >= len(readyNames), "Ready", "is none of the constants"},
		{int(o.Order) >= len(orderNames), "Order", "is none of the constants"},
		{int(o.CrashLoop) >= len(crashLoopNames), "CrashLoop", "is none of the constants"},
		{o.Protocol == Frames && o.Ready == ReadyFirst, "Ready", "is ReadyFirst, and Frames has no message before the first answer"},
		{o.Protocol == Frames && o.Attachments, "Attachments", "is not for Frames"},
		{o.Ready == ReadyListening && !hasProc, "Ready", "is ReadyListening, which needs /proc, which only Linux has"},
		{o.Max < 0, "Max", "is negative"},
		{o.Max > 0 && o.Min > o.Max, "Min", "is more than Max"},
		{o.Starting < 0, "Starting", "is negative"},
		{o.InFlight < 0, "InFlight", "is negative"},
		{o.Ahead < 0, "Ahead", "is negative"},
		{o.Protocol == Frames && o.Retries > 0 && o.Ahead > 0 && o.InFlight > 1, "InFlight", "is more than one with Frames and Ahead"},
		{o.MaxJob < 0, "MaxJob", "is negative"},
		{o.MaxResult < 0, "MaxResult", "is negative"},
		{o.MaxResult > maxFrame, "MaxResult", "is more than 2 GiB"},
		{o.MaxJob > maxFrame, "MaxJob", "is more than 2 GiB"},
		{o.MaxJobs < 0, "MaxJobs", "is negative"},
		{o.MaxCrashes < 0, "MaxCrashes", "is negative"},
		{o.Retries < 0, "Retries", "is negative"},
		{o.Timeout < 0, "Timeout", "is negative"},
		{o.QueueTimeout < 0, "QueueTimeout", "is negative"},
		{o.IdleTimeout < 0, "IdleTimeout", "is negative"},
		{o.MaxAge < 0, "MaxAge", "is negative"},
		{o.StuckAfter < 0, "StuckAfter", "is negative"},
		{o.PingInterval < 0, "PingInterval", "is negative"},
		{o.MaxMemory < 0, "MaxMemory", "is negative"},
		{o.MaxMemoryHard < 0, "MaxMemoryHard", "is negative"},
		{o.MaxMemoryHard > 0 && o.MaxMemory > o.MaxMemoryHard, "MaxMemory", "is more than MaxMemoryHard"},
		{(o.MaxMemory > 0 || o.MaxMemoryHard > 0) && !hasProc, "MaxMemory", "needs /proc, which only Linux has"},
		{o.Backoff.Min < 0 || o.Backoff.Max < 0 || o.Backoff.StableAfter < 0, "Backoff", "is negative"},
		{f.ExecPath != "", "Fork.ExecPath", "is given: Options has an ExecPath"},
		{f.Stdio != nil, "Fork.Stdio", pools},
		{f.Silent, "Fork.Silent", pools},
		{f.Serialization != ipc.JSON, "Fork.Serialization", pools},
		{f.Encoding != 0, "Fork.Encoding", pools},
		{f.LineEnd != 0, "Fork.LineEnd", pools},
		{f.MaxLine != 0, "Fork.MaxLine", pools},
		{f.HighWaterMark != 0, "Fork.HighWaterMark", pools},
		{f.MaxMessage != 0, "Fork.MaxMessage", pools + ", by MaxResult"},
		{f.MaxQueue != 0, "Fork.MaxQueue", pools},
		{f.Async, "Fork.Async", pools},
		{f.Context != nil, "Fork.Context", ends},
		{f.Timeout != 0, "Fork.Timeout", ends},
		{f.IdleTimeout != 0, "Fork.IdleTimeout", ends},
		{f.StopWhen != nil, "Fork.StopWhen", ends},
		{f.Overflow != 0, "Fork.Overflow", ends},
		{f.KillGrace != 0, "Fork.KillGrace", ends},
		{f.Cancel != 0, "Fork.Cancel", ends},
		{f.CancelFunc != nil, "Fork.CancelFunc", ends},
		{f.Shell != "", "Fork.Shell", "is not for workers"},
	} {
		if rule.bad {
			return &OptionError{rule.name, rule.reason}
		}
	}
	return nil
}

// maxFrame is the longest job or answer that any protocol carries, in bytes.
const maxFrame = 1 << 31
