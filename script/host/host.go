// Package host runs scripts written for Node on a loop: a [Host] is one script's world, with Node's
// modules, of which child_process is this library.
//
// A host belongs to its loop, and so do the values of its script. Several hosts may share a loop,
// and a program may have many loops, each on a goroutine of its own; hosts share nothing. The
// host's loop calls the script when something happens, as Node does; Go calls it by [Host.Do] on
// the loop, and by [Host.Call] from any other goroutine. No sandbox is promised: a script can do
// what the program can.
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

// Options are the settings of a [Host]. The zero value is good.
type Options struct {
	// Args is process.argv from its second element on: the script's file, and what follows.
	// ExecArgv is process.execArgv. ExecPath is process.execPath; empty: this program.
	Args     []string
	ExecArgv []string
	ExecPath string

	// Argv0 is process.argv0; empty: the name this program was started by.
	Argv0 string

	// Flags are the options of Node in effect: --name or --name=value, with their long names. nil:
	// ExecArgv.
	Flags []string

	// MemoryLimit bounds what the script's values take: bytes, 0 for no bound. Over it the script
	// gets an error "out of memory".
	MemoryLimit int64

	// ExposeInternals lets a script require what Node has under internal/, as far as Node's own
	// tests need it.
	ExposeInternals bool

	// Report is called with what there is to say of an error that ends the script: lines of text.
	// nil: they are written to stderr. What a script itself writes goes to the program's stdout and
	// stderr.
	Report func(text string)

	// EndOnSignals has a signal that ends the program, SIGHUP, SIGINT or SIGTERM, end the commands
	// of $ first. It is for programs that are nothing but their scripts.
	EndOnSignals bool

	// Exit is called once, when the script has called process.exit or threw what nobody caught;
	// nothing of the script runs after that. nil: the loop is stopped, and [Host.Run] returns.
	Exit func(code int)
}

// Host is the world of one script. A Host's methods must be called on the loop goroutine, or while
// nobody runs the loop, unless their comment says otherwise.
type Host struct {
	loop   *reactor.Loop
	engine *engine.Engine
	o      Options
	// functions of the library in JavaScript that Go calls, by name
	hooks        map[string]engine.Kept
	loaded       map[string]engine.Kept // modules of the library
	closers      map[closer]struct{}    // what holds descriptors
	ownedFDs     map[int]struct{}       // descriptors that the script has opened by module fs
	commands     map[int64]*command     // commands of $ that run, by their numbers
	lastCommand  int64                  // the number of the one that was started last
	signalKiller *signalKiller          // those that a signal for the program ends; nil: none
	nullFD       int                    // /dev/null for commands; -1: it was not opened yet
	pipeEnds     map[int]struct{}       // descriptors for commands that are still to be started
	killScope    childprocess.KillScope // whom the ends of these reach, once it is known
	environment  *environment           // of these, once the script has changed process.env
	inherited    *environment           // of these until then, once one was started
	// where datagrams are read into, made when it is first needed
	datagramBuffer []byte
	raw            map[int]unix.Termios // settings that terminals had before the script changed them
	depth          int                  // calls into JavaScript that are under way
	contexts       bool                 // the library has given the hook bindContext
	calls          map[*waitingCall]struct{}
	exited         bool
	code           int
	ticks          ticks
	emitter        emitter
	timers         timers
	wakeSleep      chan struct{} // has something once Interrupt was called; it ends sleep
	// done once Interrupt was called; it ends what a synchronous call waits for
	interrupted    context.Context
	interruptWaits context.CancelCauseFunc // of interrupted
	modules        modules
	offload        offload
}

// ErrExited is the error of what is asked of a script that has ended.
var ErrExited = errors.New("host: the script has ended")

// New returns a host on that loop, on the goroutine that runs the loop or is going to. o may be
// nil, and is not kept. The host has to be closed, before or after the loop is. It keeps the loop
// running only while its script waits for something.
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

// Close ends the script, without its exit event, and frees what it has: its timers, descriptors and
// memory. Processes that it has started go on, as when a program of Node ends. It may be called
// twice, and not by a function that the script has called: it returns an error then, and the script
// has ended.
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
		_ = unix.Close(fd) // Nobody is left to be told of an error.
	}
	clear(h.ownedFDs)
	if h.nullFD >= 0 {
		_ = unix.Close(h.nullFD)
		h.nullFD = -1
	}
	return h.engine.Close()
}

// closer is something of the script that holds a descriptor, or keeps the loop. The host closes it
// with itself.
type closer interface{ close() }

// Interrupt ends the script, soon: an endless loop, a regular expression that tries too much, or
// what waits in Atomics.wait. A child that spawnSync waits for is ended by its killSignal. What
// runs ends as by an exception that the script cannot catch, and whoever called it gets err; if
// nothing runs, the next one who calls the script does.
//
// One function of the language, or of a module, has to end first. Those of arrays take minutes if
// all elements of new Array(2**32-1) are missing, and crypto.pbkdf2Sync and fs.readFileSync as long
// as they are told to: nothing but the end of the process stops these. A script that nobody trusts
// is run by the command brood, as a child that can be killed.
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
