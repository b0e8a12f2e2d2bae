// Package host runs scripts written for Node on a loop. A [Host] is the world of one script, with
// Node's modules; module child_process is package childprocess.
//
// A host and the values of its script belong to its loop. Several hosts may share a loop, and a
// program may have many loops, each on a goroutine of its own; hosts share nothing. The loop calls
// the script when something happens, as Node does. Go calls it with [Host.Do] on the loop, and with
// [Host.Call] from any other goroutine. There is no sandbox: a script can do all that the program
// can.
package host

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
)

// Options are the settings of a [Host]. The zero value is valid.
type Options struct {
	// Args is process.argv from its second element on: the script's file and its arguments.
	// ExecArgv is process.execArgv. ExecPath is process.execPath; empty: this program.
	Args     []string
	ExecArgv []string
	ExecPath string

	// Argv0 is process.argv0; empty: the name by which this program was started.
	Argv0 string

	// Flags are the options of Node in effect, with their long names: --name or --name=value. nil:
	// ExecArgv.
	Flags []string

	// MemoryLimit bounds the memory of the script's values: bytes, 0 for no bound. Over it the
	// script gets an error "out of memory".
	MemoryLimit int64

	// ExposeInternals lets a script require Node's modules under internal/, as far as Node's own
	// tests need them.
	ExposeInternals bool

	// Report is called on the loop goroutine with the report about an error that ends the script:
	// lines of text. nil: they are written to stderr. The script's own output goes to the program's
	// stdout and stderr.
	Report func(text string)

	// EndOnSignals is for programs that do nothing but run their script: if SIGHUP, SIGINT or
	// SIGTERM ends the program, the commands of $ are killed first.
	EndOnSignals bool

	// Exit is called once, on the loop goroutine, when the script ends by process.exit, by an
	// uncaught exception, or in [Host.Run] because nothing is left to run. Nothing of the script
	// runs after that. nil: the loop is stopped, and Run returns.
	Exit func(code int)
}

// Host is the world of one script. A Host's methods must be called on the loop goroutine, or while
// no goroutine runs the loop, unless their comment says otherwise.
type Host struct {
	loop   *reactor.Loop
	engine *engine.Engine
	o      Options

	// Values of the library in JavaScript, by name: functions that Go calls and prototypes of
	// natives, and module objects.
	hooks  map[string]engine.Kept
	loaded map[string]engine.Kept

	// Close closes these. Each element is removed when it is closed earlier.
	closers  map[closer]struct{}
	ownedFDs map[int]struct{} // descriptors that the script has opened with module fs
	pipeEnds map[int]struct{} // the child's ends of pipes for commands that have not started
	nullFD   int              // /dev/null as stdin of commands; -1 until a command needs it

	// Commands of $.
	commands     map[int64]*command     // the running ones, by number
	lastCommand  int64                  // number of the command started last; 0: none
	signalKiller *signalKiller          // nil without Options.EndOnSignals
	killScope    childprocess.KillScope // ScopeAuto until commandKillScope has looked
	environment  *environment           // process.env as the script has changed it; nil: unchanged
	inherited    *environment           // the program's, read for the first command; nil before

	// of all UDP sockets, for one recvfrom(2); nil before the first
	datagramBuffer []byte
	// settings to restore, by descriptor of a terminal in raw mode
	raw      map[int]unix.Termios
	depth    int  // calls into JavaScript that have not returned
	contexts bool // the library has set the hook bindContext
	calls    map[*waitingCall]struct{}
	exited   bool // the script has ended: nothing of it runs any more
	code     int  // exit code; valid once exited
	ticks    ticks
	emitter  emitter
	timers   timers
	modules  modules
	offload  offload

	// Interrupt uses these on any goroutine.
	wakeSleep      chan struct{}   // capacity 1; an element ends sleep
	interrupted    context.Context // done once Interrupt was called; ends synchronous waits
	interruptWaits context.CancelCauseFunc
}

// ErrExited is the error of a call into a script that has ended.
var ErrExited = errors.New("host: the script has ended")

// New returns a host on loop. o may be nil and is copied. The caller must Close the host, before or
// after the loop. The host keeps the loop running only while its script waits for something. New
// returns an error if the engine finds no memory or the path of this program is unknown.
//
// Preconditions:
//
//   - The calling goroutine runs the loop, or will run it.
func New(loop *reactor.Loop, o *Options) (*Host, error) {
	h := &Host{
		loop: loop, hooks: map[string]engine.Kept{}, loaded: map[string]engine.Kept{}, closers: map[closer]struct{}{}, ownedFDs: map[int]struct{}{},
		commands: map[int64]*command{}, nullFD: -1, pipeEnds: map[int]struct{}{}, wakeSleep: make(chan struct{}, 1),
		calls: map[*waitingCall]struct{}{},
	}
	h.interrupted, h.interruptWaits = context.WithCancelCause(context.Background())
	if o != nil {
		h.o = *o
	}
	if h.o.Flags == nil {
		h.o.Flags = h.o.ExecArgv
	}
	if h.o.Argv0 == "" {
		h.o.Argv0 = os.Args[0]
	}
	if h.o.ExecPath == "" {
		path, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("host: the path of this program: %w", err)
		}
		h.o.ExecPath = path
	}
	var err error
	h.engine, err = engine.New(&engine.Options{
		MemoryLimit: h.o.MemoryLimit, Throw: h.errorValue, Resolve: h.resolveModule, Load: h.loadImport,
		Attributes: checkAttributes, Rejection: h.onRejection,
	})
	if err != nil {
		return nil, err
	}
	if h.o.EndOnSignals {
		h.signalKiller = newSignalKiller()
	}
	h.timers.init(h)
	if err := h.engine.Do(h.boot); err != nil {
		_ = h.engine.Close()
		return nil, fmt.Errorf("host: the library does not start: %w", err)
	}
	return h, nil
}

// Close ends the script without its exit event, and frees its timers, descriptors and memory. Child
// processes go on, as when Node ends; commands of $ are killed. Close may be called twice. If a
// function that the script has called calls Close, the script has ended, but Close returns an error
// and frees nothing.
func (h *Host) Close() error {
	h.exited = true
	h.failCalls()
	if h.depth > 0 {
		h.engine.Interrupt(ErrExited)
		return errors.New("host: closed while the script runs")
	}
	h.timers.close()
	h.restoreTerminals()
	h.killCommands()
	for x := range h.closers {
		x.close()
	}
	h.signalKiller.close()
	for fd := range h.ownedFDs {
		_ = unix.Close(fd) // Best effort: the script has ended.
	}
	clear(h.ownedFDs)
	if h.nullFD >= 0 {
		_ = unix.Close(h.nullFD)
		h.nullFD = -1
	}
	return h.engine.Close()
}

// closer holds a descriptor of the script, or keeps the loop running. Host.closers has each until
// it is closed; Close closes the rest.
type closer interface{ close() }

// Interrupt ends the script soon: an endless loop, a slow regular expression or Atomics.wait. A
// child that spawnSync waits for gets its killSignal. The running code ends as by an exception that
// the script cannot catch, and its caller gets err. If nothing runs, the next call into the script
// returns err.
//
// A single function of the language or of a module has to return first. Functions of arrays take
// minutes on new Array(2**32-1); crypto.pbkdf2Sync and fs.readFileSync take as long as their
// arguments say. Only the end of the process stops these, so run a script that you do not trust
// with the command brood, as a child that can be killed.
//
// Safe to call from any goroutine, also after Close.
func (h *Host) Interrupt(err error) {
	h.engine.Interrupt(err)
	h.interruptWaits(err)
	select {
	case h.wakeSleep <- struct{}{}:
	default:
	}
}
