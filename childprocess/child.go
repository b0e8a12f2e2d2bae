package childprocess

import (
	"syscall"
	"time"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// A ChildProcess is a child that this package has started, or one that could not be started: then
// the error event has the reason.
//
// The On methods add a listener for one event and panic for a nil fn. Listeners are called on the
// loop goroutine, and never inside the call that causes the event.
//
// A ChildProcess's methods must be called on the loop goroutine unless their comment says
// otherwise.
type ChildProcess struct {
	// Stdin, Stdout and Stderr are this program's ends of the pipes in slots 0 to 2. One is nil if
	// its slot is no Pipe; for a PTY see Terminal. They are set when Spawn returns, also for a
	// program that could not be started, and are not changed later. They are closed from the start
	// if there were no descriptors for them (EMFILE, ENFILE).
	Stdin  *streams.Writable
	Stdout *streams.Readable
	Stderr *streams.Readable

	// Stdio has an entry for each slot of the child, at least three. Its first three are Stdin,
	// Stdout and Stderr.
	Stdio []StdioStream

	// The fields below belong to the loop goroutine, with three exceptions. Before enter they
	// belong to the goroutine that starts the child. Any goroutine may wait for done, and read
	// status and waitErr once done is closed. Any goroutine may read survivor once the loop is
	// closed.

	// Set before Spawn returns, and not changed later.
	loop     *reactor.Loop
	siblings *children // all children of loop, this one included
	op       string    // the form that started the child: Op of its errors
	file     string    // the program, or the shell
	args     []string  // with argv[0]
	// stream of slot 0, also if Stdin is nil because of an Input; nil: no pipe
	stdin      *streams.Writable
	channel    *ipc.Channel        // nil without an IPC slot
	terminal   *Terminal           // nil without a PTY slot
	streams    []StdioStream       // of all slots, also hidden ones, then that of the terminal
	tees       []*tee              // one for each slot that is a Tee
	source     *input              // see Options.source; nil without an Input
	scope      scope               // the processes that a limit or Terminate signals
	leadsGroup bool                // the child leads a process group, see KillGroup
	stopEvents bool                // Options.StopEvents
	hidden     [standardSlots]bool // slots whose streams are not in Stdio, see Options.hidden

	// The process and its state.
	state     childState
	starting  *starting       // the start under way; nil from takeStartResult on
	startErr  *SpawnError     // why there is no process; nil while starting and if there is one
	process   process.Process // Pid 0: not started. Pidfd -1: none, closed, or the survivor's
	startedAt time.Time       // valid if Pid is not 0
	status    ExitStatus      // Running before exit and error; final from close on
	survivor  *survivor       // nil unless the loop was closed while the child ran or started
	killed    bool            // this library has sent a signal
	unrefed   bool            // Unref: the running child does not keep the loop alive

	// How its exit is seen; unused once state is above childRunning.
	watcher      reactor.Watcher // of the pidfd, if watched
	watched      bool            // watcher is open
	bySIGCHLD    bool            // children.reap is called when SIGCHLD comes
	reapQueued   bool            // an immediate will call children.reap
	inSharedRefs bool            // counted in children.sharedRefs
	retryPause   time.Duration   // last pause before another try to reap, see exitPoll; 0: none yet
	retryTimer   *reactor.Timer  // of the next try; nil: none is due

	// Limits, input, memory, and the end.
	limits      limits
	feeder      *feeder       // writes the rest of source to stdin; nil: not needed, or not yet
	inputErr    error         // EPIPE if the child has not read all of source; nil before exit
	teeErr      error         // first failure of a Tee's target; nil: none
	filled      int32         // bytes of Options.input that stdin's pipe took before the start
	pending     int32         // things that close waits for, see exit_close.go; 0 from close on
	sampledPeak int64         // largest peak memory that Usage has seen, in bytes; 0: not asked
	startMaxrss int64         // peak memory of this program at the start, see ownMaxrss
	done        chan struct{} // closed after the close event, and by Loop.Close
	waitErr     error         // error of Wait, final when done is closed

	// The events. message is for the listeners of a child without a channel, which gets none.
	spawn      events.Event[struct{}]
	exit       events.Event[ExitStatus]
	close      events.Event[ExitStatus]
	err        events.Event[error]
	stop       events.Event[Signal]
	cont       events.Event[struct{}]
	disconnect events.Event[struct{}]
	message    events.Event[*ipc.Message]

	prev, next *ChildProcess // neighbours in siblings; nil at the ends and after close

	// Memory for status.Rusage and for Stdio, part of the child to save allocations.
	usage syscall.Rusage
	stdio [usualSlots]StdioStream
}

// childState only grows. A child that could not be started goes from childStarting to childExited:
// there never is a process to signal or to wait for.
type childState uint8

const (
	childStarting childState = iota // outside of Spawn only an Async child
	childRunning                    // it was not reaped, so the pid is its own
	childReaped                     // waitpid(2) has returned the status; exit is due
	childExited                     // exit was emitted, or error is due in its place
	childClosed                     // close was emitted, or the loop is closed
)

// OnSpawn calls fn once, before every other event, when the program was started.
func (c *ChildProcess) OnSpawn(fn func()) *events.Listener { return c.spawn.On(notNil(fn, "OnSpawn")) }

// OnExit calls fn once, when the process has exited or was killed by a signal. Its streams may
// still have data.
func (c *ChildProcess) OnExit(fn func(ExitStatus)) *events.Listener { return c.exit.On(fn) }

// OnClose calls fn once, after exit or error and after all streams of the child have closed. It is
// the last event.
func (c *ChildProcess) OnClose(fn func(ExitStatus)) *events.Listener { return c.close.On(fn) }

// OnError calls fn with each of these errors:
//
//   - *[SpawnError]: the program could not be started. close follows, without spawn and exit.
//   - *[AbortError]: Options.Context was done, and the child was signalled. It comes before exit;
//     in the forms that collect output also between exit and close, if processes of the child's
//     group were left.
//   - *[KillError]: the system does not let a limit, such as a time-out, signal the child.
//   - *[TeeError]: a target of a [Tee] takes no more.
//   - *streams.OpError with EPIPE, before exit: a child of Spawn or Fork has not read all of its
//     [Input].
//   - the Cause of a limit with CancelNone, such as [ErrTimeout].
//   - an error of the channel, see [ipc.Channel.OnError].
func (c *ChildProcess) OnError(fn func(error)) *events.Listener { return c.err.On(fn) }

// OnStop calls fn each time a signal has stopped the child, if Options.StopEvents is set. Several
// stops and continues in quick succession may be one event.
func (c *ChildProcess) OnStop(fn func(Signal)) *events.Listener { return c.stop.On(fn) }

// OnContinue calls fn each time the stopped child was continued, if Options.StopEvents is set.
func (c *ChildProcess) OnContinue(fn func()) *events.Listener {
	return c.cont.On(notNil(fn, "OnContinue"))
}

// notNil gives a func() the form that an Event takes.
func notNil(fn func(), op string) func(struct{}) {
	if fn == nil {
		panic("childprocess: " + op + ": nil callback")
	}
	return func(struct{}) { fn() }
}

// Pid returns the process id. It is 0 if the program could not be started, and for an Async child
// before spawn. After exit the number may belong to another process.
func (c *ChildProcess) Pid() int { return c.process.Pid }

// SpawnFile returns the program, as it was given to Spawn, or the shell.
func (c *ChildProcess) SpawnFile() string { return c.file }

// SpawnArgs returns the child's arguments with argv[0]. The caller must not change them.
func (c *ChildProcess) SpawnArgs() []string { return c.args }

// Status returns how the child exited. It returns false while the child runs, and for ever if its
// loop was closed before the exit.
func (c *ChildProcess) Status() (ExitStatus, bool) {
	return c.status, c.state >= childExited && !c.status.Running
}

// Ref has the running child keep the loop alive, which is the default. Its streams keep the loop
// alive independently of it.
func (c *ChildProcess) Ref() { c.setUnref(false) }

// Unref lets the loop end while the child runs. If the loop is then closed, the child lives on
// without its streams and events. Kill, KillGroup, KillTree and Terminate still reach it, and are
// safe to call from any goroutine from then on.
func (c *ChildProcess) Unref() { c.setUnref(true) }

func (c *ChildProcess) setUnref(unref bool) {
	if c.unrefed != unref {
		c.unrefed = unref
		if c.state <= childRunning {
			c.siblings.refChanged(c)
		}
	}
}
