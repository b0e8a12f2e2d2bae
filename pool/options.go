package pool

import (
	"log/slog"
	"runtime"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
)

// Options configure a [Pool]. They are neither kept nor changed.
//
// Exactly one of Self and Module says what a worker runs. Everything else may be zero.
type Options struct {
	// Self is the name of a worker of this program in its [childprocess.Workers], which calls
	// [Serve]. Its Protocol is Messages.
	Self string

	// Module is the program that the workers run, or with ExecPath the script: "worker.js" for the
	// ExecPath "node".
	Module   string
	ExecPath string

	// Args are the worker's arguments.
	Args []string

	// Fork has the other options of a worker's start: environment, directory, cgroup, ListenFDs.
	// The pool refuses the fields that it sets itself (Stdio, Silent, Serialization, ExecPath,
	// Encoding, LineEnd, MaxLine, HighWaterMark, MaxMessage, MaxQueue, Async), Shell, and the
	// fields that kill a child (Context, Timeout, IdleTimeout, StopWhen, Overflow, Cancel,
	// CancelFunc, KillGrace).
	//
	// Defaults differ from childprocess in three fields. Setpgid: a worker leads a process group,
	// so the terminal's ^C does not reach it. Pdeathsig: on Linux a worker gets SIGKILL when this
	// program dies. CloseGrace: after a worker's exit, processes that it started hold up its
	// 'close' for at most a second.
	Fork *childprocess.ForkOptions

	// Name is the pool's label in metrics and logs. "": none.
	Name string

	// Protocol is the form of jobs and answers on the wire. PROTOCOL.md in this package's folder
	// has the messages.
	Protocol Protocol

	// Ready is the condition on which a worker gets its first job.
	Ready Ready

	// Order chooses among idle workers.
	Order Order

	// Min is the number of workers that are kept, also when idle. 0: Max; negative: none, they are
	// started as jobs come.
	//
	// Max is the greatest number of workers. 0: Min, or the number of processors this program may
	// use. Not counted are successors that start while their predecessors still work, and workers
	// that finish their jobs and exit; apart from those that a Reload replaces, there are at most
	// Max of these.
	Min, Max int

	// Starting is the greatest number of workers that start at once. 0: the number of processors
	// this program may use.
	Starting int

	// InFlight is the number of jobs that a worker has at once, if its ready message does not ask
	// for fewer. 0: the number in the ready message, or one.
	InFlight int

	// Ahead is the number of further jobs that a worker is sent when every worker has InFlight
	// jobs, so that it can begin the next one without waiting for the pool. If the worker dies or
	// is killed, the jobs that its answers do not show as begun go to other workers. A job is
	// therefore run twice if the worker began it before it had sent the answer to the last one, and
	// died in between.
	Ahead int

	// MaxQueue and MaxQueueBytes bound the jobs that wait for a worker, in number and in bytes of
	// their encoded form; see [ErrQueueFull]. 0: DefaultMaxQueue, DefaultMaxQueueBytes; negative:
	// no limit.
	MaxQueue      int
	MaxQueueBytes int64

	// Attachments gives each worker one more descriptor, a socket for RunOptions.Attach and
	// Result.Attach. Go workers on Linux do not need it, because they exchange files of memory.
	Attachments bool

	// MaxJob and MaxResult bound a job and an answer, in bytes of their encoded form. Run refuses a
	// bigger job. A job fails with [ErrTooLarge] if its result, or one of its progress messages or
	// chunks, is bigger. 0: DefaultMaxResult. A Go worker answers a job over ipc.DefaultMaxMessage
	// with an error.
	MaxJob, MaxResult int64

	// Timeout limits the time of a run. 0: no limit. RunOptions.Timeout replaces it.
	Timeout time.Duration

	// QueueTimeout limits the time that a job waits for its first run. 0: no limit.
	QueueTimeout time.Duration

	// CancelGrace is the time that a worker has to answer a job that is cancelled or over its
	// Timeout. After it the worker is sent the KillSignal of Fork, SIGTERM by default, and after
	// KillGrace SIGKILL. 0: DefaultCancelGrace, DefaultKillGrace; negative: none.
	CancelGrace, KillGrace time.Duration

	// Retries is the number of times that a job is run again after an error of the worker.
	//
	// MaxCrashes is the number of workers that may die of a job. Until then it is run again, alone
	// in a worker. 0: DefaultMaxCrashes with Retries; otherwise 1, so a job that was begun is not
	// run again.
	//
	// A job whose worker is killed because of another job is run again without being counted,
	// unless some of its chunks were taken.
	Retries    int
	MaxCrashes int

	// Backoff is the pause before a worker that died is replaced.
	Backoff Backoff

	// CrashLoop says whether tasks wait or fail in a crash loop, see [Pool.OnCrashLoop].
	CrashLoop CrashLoopPolicy

	// MaxJobs is the number of jobs after which a worker is replaced. Up to 15 % are added at
	// random, so that workers are not all replaced at once. 0: no limit.
	MaxJobs int

	// MaxAge is the age at which a worker is replaced. 0: no limit.
	MaxAge time.Duration

	// MaxMemory is a bound of the resident memory, in bytes. A worker over it is replaced once a
	// successor is ready, and finishes its jobs. A worker over MaxMemoryHard is killed. 0: no
	// limit.
	//
	// PSS counts the proportional set size instead, which divides shared pages among their
	// processes; the kernel takes longer to compute it. Memory is checked after each job and once a
	// second. Linux only.
	MaxMemory, MaxMemoryHard int64
	PSS                      bool

	// IdleTimeout is the time after which an idle worker exits if there are more than Min. 0: no
	// limit.
	IdleTimeout time.Duration

	// StartTimeout limits the time until a worker is ready. 0: DefaultStartTimeout; negative: no
	// limit.
	StartTimeout time.Duration

	// StuckAfter is the time of a run after which OnStuck reports the task. 0: never.
	StuckAfter time.Duration

	// PingInterval is the time between pings to idle workers that accept them. A worker without an
	// answer when the next ping is due is replaced. 0: no pings.
	PingInterval time.Duration

	// DisconnectGrace is the time that a disconnected worker has to exit before it is sent the
	// KillSignal. 0: DefaultDisconnectGrace; negative: none.
	DisconnectGrace time.Duration

	// Logger gets the workers' stderr line by line, their stdout where the protocol does not use
	// it, and reports of unexpected exits. Nil: the loop's logger, if it has one.
	Logger *slog.Logger
}

// Defaults of [Options].
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

// A Protocol is the form of jobs and answers between the pool and a worker.
type Protocol uint8

const (
	// Messages is Node's IPC: process.send and process.on('message'), or [Serve].
	Messages Protocol = iota

	// Lines is one JSON object per line, both ways, on the worker's descriptor 3, which is a
	// socket. Stdout and stderr remain free for output.
	Lines

	// StdLines is one JSON object per line, jobs on stdin and answers on stdout. A line on stdout
	// that is no message of the protocol is logged.
	StdLines

	// Frames is four bytes of length, big-endian, and that many bytes, both ways, on descriptor 3.
	// A frame to the worker is a job; each frame from it answers the oldest job. A job of type
	// []byte is sent as it is.
	Frames
)

var protocolNames = []string{"Messages", "Lines", "StdLines", "Frames"}

// String returns the protocol's name.
func (p Protocol) String() string { return nameOf(p, protocolNames) }

// A Ready is the condition on which a worker gets its first job.
type Ready uint8

const (
	// ReadyMessage waits for the ready message, which [Serve] and the helper for Node send. With
	// Frames, which has none, it is ReadySpawn.
	ReadyMessage Ready = iota

	// ReadySpawn takes a worker to be ready once its program was started. If a ready message comes
	// later, it counts from then on; with this and the next two constants a worker may be sent a
	// job or two before.
	ReadySpawn

	// ReadyFirst waits for the first message of any kind, for programs that have a
	// process.send('ready') for another parent.
	ReadyFirst

	// ReadyListening waits until the worker listens at a socket of its own, which the pool checks
	// every 20 ms. It is for servers that know nothing of pools. Linux only.
	ReadyListening
)

var readyNames = []string{"ReadyMessage", "ReadySpawn", "ReadyFirst", "ReadyListening"}

// String returns the name of the constant.
func (r Ready) String() string { return nameOf(r, readyNames) }

// An Order chooses the idle worker that gets the next job.
type Order uint8

const (
	// LIFO is the worker that became idle last. Its caches are warm, and workers that are not
	// needed reach their IdleTimeout.
	LIFO Order = iota

	// FIFO is the worker that has been idle longest.
	FIFO

	// RoundRobin is the worker whose last job was given to it longest ago.
	RoundRobin
)

var orderNames = []string{"LIFO", "FIFO", "RoundRobin"}

// String returns the name of the constant.
func (o Order) String() string { return nameOf(o, orderNames) }

// A CrashLoopPolicy says whether waiting tasks go on waiting in a crash loop, see
// [Pool.OnCrashLoop].
type CrashLoopPolicy uint8

const (
	// CrashLoopWait lets tasks wait until a worker answers again.
	CrashLoopWait CrashLoopPolicy = iota

	// CrashLoopFail fails waiting tasks, and makes Run return, with a *[CrashLoopError].
	CrashLoopFail
)

var crashLoopNames = []string{"CrashLoopWait", "CrashLoopFail"}

// String returns the name of the constant.
func (c CrashLoopPolicy) String() string { return nameOf(c, crashLoopNames) }

// A Backoff is the pause before a worker that died is replaced. The first replacement is immediate.
// The pause before the second is Min, and doubles with each death up to Max; it varies by 20 %. The
// count starts again when a worker answers a job or has been ready for StableAfter. A worker that
// retires before either counts as one that died.
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

// settings are Options in which defaults have replaced every zero. Only Resize changes them later
// (Min, Max).
type settings struct {
	Options
	fork            childprocess.ForkOptions
	inFlight        int  // jobs at once in a worker; 0: the number in its ready message
	rerunAfterCrash bool // a job without retries is also run again after a crash
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

// or returns v, or instead if v is zero.
func or[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}

// leftBehind is the longest time that processes which a worker has started can delay the worker's
// 'close' by holding its pipes.
const leftBehind = time.Second

// slack is the number of bytes by which a message may be longer than MaxResult and still be read
// whole, so that its job is known. It has room for a chunk of 64 KiB in base64, however small
// MaxResult is.
const slack = 96 << 10

// prepareFork sets the fields of fork that the pool decides on, and its defaults.
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

// check returns an *[OptionError] for the first option that is invalid.
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

// maxFrame is the longest job or answer in any protocol, in bytes.
const maxFrame = 1 << 31
