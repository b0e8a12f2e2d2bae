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

// A ChildProcess is a started program, or one that could not be started, which its error event
// tells.
//
// A ChildProcess's methods must be called on the loop goroutine unless their comment says
// otherwise.
type ChildProcess struct {
	// Stdin, Stdout and Stderr are the parent's ends of the first three Stdio, nil where these are
	// no pipes; of a PTY see Terminal. They are there also when the program could not be started,
	// and closed if the descriptors could not be made (EMFILE, ENFILE).
	Stdin  *streams.Writable
	Stdout *streams.Readable
	Stderr *streams.Readable

	// Stdio has an entry for each descriptor of the child, at least three.
	Stdio []StdioStream

	// of slot 0, also when the library writes to it; nil if that is no pipe
	stdin    *streams.Writable
	channel  *ipc.Channel  // nil without an IPC slot
	terminal *Terminal     // nil without a PTY slot
	streams  []StdioStream // those of Stdio, and behind them those of the terminal

	loop     *reactor.Loop
	siblings *children
	op       string // the form that started it, for errors
	file     string
	args     []string // with argv[0]
	// Pid is 0 until it was started; Pidfd is -1 where there is none, or it is closed
	process   process.Process
	starting  *starting // nil once it was started, or could not be
	startedAt time.Time
	status    ExitStatus
	startErr  *SpawnError

	state        childState
	scope        scope // whom limits signal
	leadsGroup   bool  // a process group, see KillGroup
	killed       bool
	unrefed      bool
	stopEvents   bool
	bySIGCHLD    bool                // children.reap is called for it when SIGCHLD comes
	reapQueued   bool                // such a call is queued
	inSharedRefs bool                // it is counted in children.shared
	watched      bool                // watcher is in use
	hidden       [standardSlots]bool // see Options.hidden

	tees   []*tee
	teeErr error // the first failure of a target

	source   *input  // see Options.source
	feeder   *feeder // what reads it; nil when stdin has, from the start, all that it gets
	inputErr error   // EPIPE when the child has not read all of it

	limits     limits
	watcher    reactor.Watcher // of the pidfd
	retryPause time.Duration   // between two questions for an end that cannot be had, see exitPoll
	retryTimer *reactor.Timer  // of the next one; nil if there is none

	sampledPeak int64         // of its memory, in bytes, as far as Usage has seen it
	startMaxrss int64         // the most memory of this program up to its start, see ownMaxrss
	filled      int32         // bytes of Options.input that stdin's pipe has
	pending     int32         // what close still waits for, see exit_close.go
	done        chan struct{} // closed after close was emitted; status is final then
	waitErr     error

	spawn      events.Event[struct{}]
	exit       events.Event[ExitStatus]
	close      events.Event[ExitStatus]
	err        events.Event[error]
	stop       events.Event[Signal]
	disconnect events.Event[struct{}]     // disconnect
	message    events.Event[*ipc.Message] // for the listeners of a child without a channel
	cont       events.Event[struct{}]

	survivor *survivor // once the loop was closed while the child ran

	prev, next *ChildProcess // in children.open

	// Memory that is part of every child, to have it in one piece.
	usage syscall.Rusage
	stdio [usualSlots]StdioStream
}

// childState only grows, from starting to closed. A child that has ended was waited for; it has
// exited when that is told. A child that could not be started has exited without running: there is
// no process to signal or to wait for.
type childState uint8

const (
	childStarting childState = iota // seen only of an Async child
	childRunning
	childReaped
	childExited
	childClosed
)

// OnSpawn calls fn once, before every other event, when the program was started.
func (c *ChildProcess) OnSpawn(fn func()) *events.Listener { return c.spawn.On(notNil(fn, "OnSpawn")) }

// OnExit calls fn once, when the process has ended. Its streams may still have data.
func (c *ChildProcess) OnExit(fn func(ExitStatus)) *events.Listener { return c.exit.On(fn) }

// OnClose calls fn once, after exit or error and after all streams of the child have closed.
func (c *ChildProcess) OnClose(fn func(ExitStatus)) *events.Listener { return c.close.On(fn) }

// OnError calls fn when the program could not be started, with a *[SpawnError]; then there is no
// spawn and no exit, but a close. It also calls fn when the end of Options.Context has ended the
// child (*[AbortError]), before exit, or, with the forms that wait for the output, what the child
// has left of its group, before close; and when the system does not let a time-out or a context
// signal it (*[KillError]); when a target of a [Tee] takes no more (*[TeeError]); and, before exit,
// when a child of Spawn or Fork has not read all of its [Input] (*streams.OpError, EPIPE).
func (c *ChildProcess) OnError(fn func(error)) *events.Listener { return c.err.On(fn) }

// OnStop calls fn each time a signal has stopped the child, if Options.StopEvents is set. Stops and
// continues in quick succession may be told once.
func (c *ChildProcess) OnStop(fn func(Signal)) *events.Listener { return c.stop.On(fn) }

// OnContinue calls fn each time the stopped child was continued, if Options.StopEvents is set.
func (c *ChildProcess) OnContinue(fn func()) *events.Listener {
	return c.cont.On(notNil(fn, "OnContinue"))
}

// notNil gives a func() the form that an Event wants.
func notNil(fn func(), op string) func(struct{}) {
	if fn == nil {
		panic("childprocess: " + op + ": nil callback")
	}
	return func(struct{}) { fn() }
}

// Pid returns the process id, 0 when the program could not be started, and for an Async child
// before spawn. After exit the number may belong to another process.
func (c *ChildProcess) Pid() int { return c.process.Pid }

// SpawnFile returns the program, as it was given to Spawn, or the shell.
func (c *ChildProcess) SpawnFile() string { return c.file }

// SpawnArgs returns the child's arguments with argv[0].
func (c *ChildProcess) SpawnArgs() []string { return c.args }

// Status returns how the child ended, and false while it runs, which is for ever when its loop was
// closed before.
func (c *ChildProcess) Status() (ExitStatus, bool) {
	return c.status, c.state >= childExited && !c.status.Running
}

// Ref has the running child keep the loop alive, as a new one does. Its streams do that on their
// own.
func (c *ChildProcess) Ref() { c.setUnref(false) }

// Unref lets the loop end while the child runs. When the loop is then closed the child lives on,
// without its streams and events. Kill, KillGroup, KillTree and Terminate still reach it, and are
// then safe to call from any goroutine.
func (c *ChildProcess) Unref() { c.setUnref(true) }

func (c *ChildProcess) setUnref(unref bool) {
	if c.unrefed != unref {
		c.unrefed = unref
		if c.state <= childRunning {
			c.siblings.refChanged(c)
		}
	}
}
