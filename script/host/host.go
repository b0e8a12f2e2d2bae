// Package host runs scripts written for Node on a loop: a [Host] is one script's world, with Node's modules, of which
// child_process is this library.
//
// A host belongs to its loop: all of it is used on the loop goroutine, but for [Host.Interrupt]. Several hosts may share a loop, and a program
// may have many loops. No sandbox is promised: a script can do what the program can.
package host

import (
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
	// Args is process.argv from its second element on: the script's file, and what follows. ExecArgv is process.execArgv. ExecPath is
	// process.execPath; empty: this program.
	Args     []string
	ExecArgv []string
	ExecPath string

	// Argv0 is process.argv0; empty: the name this program was started by.
	Argv0 string

	// Flags are the options of Node in effect: --name or --name=value, with their long names. nil: ExecArgv.
	Flags []string

	// MemoryLimit bounds what the script's values take: bytes, 0 for no bound. Over it the script gets an error "out of memory".
	MemoryLimit int64

	// ExposeInternals lets a script require what Node has under internal/, as far as Node's own tests need it.
	ExposeInternals bool

	// EndOnSignals has a signal that ends the program, SIGHUP, SIGINT or SIGTERM, end the commands of $ first. It is for programs that are nothing but
	// their scripts.
	EndOnSignals bool

	// Exit is called once, when the script has called process.exit or threw what nobody caught; nothing of the script runs after
	// that. nil: the loop is stopped, and [Host.Run] returns.
	Exit func(code int)
}

// Host is the world of one script.
type Host struct {
	loop        *reactor.Loop
	engine      *engine.Engine
	o           Options
	hooks       map[string]engine.Kept // functions of the library in JavaScript that Go calls, by name
	loaded      map[string]engine.Kept // modules of the library
	open        map[closer]struct{}    // what holds descriptors
	files       map[int]struct{}       // descriptors that the script has opened by module fs
	commands    map[int64]*command     // commands of $ that run, by their numbers
	lastCommand int64                  // the number of the one that was started last
	null        int                    // /dev/null for commands; -1: it was not opened yet
	given       map[int]struct{}       // descriptors for commands that are still to be started
	scope       childprocess.KillScope // whom the ends of these reach, once it is known
	environment *environment           // of these, once the script has changed process.env
	inherited   *environment           // of these until then, once one was started
	datagram    []byte                 // where datagrams are read into, made when it is first needed
	raw         map[int]unix.Termios   // settings that terminals had before the script changed them
	depth       int                    // calls into JavaScript that are under way
	contexts    bool                   // the library has given the hook bindContext
	exited      bool
	code        int
	ticks       ticks
	emitter     emitter
	timers      timers
	wake        chan struct{} // has something once Interrupt was called; it ends sleep
	modules     modules
	offload     offload
}

// ErrExited is the error of what is asked of a script that has ended.
var ErrExited = errors.New("host: the script has ended")

// New returns a host on that loop. o may be nil. The host has to be closed, before or after the loop is.
func New(loop *reactor.Loop, o *Options) (*Host, error) {
	h := &Host{
		loop: loop, hooks: map[string]engine.Kept{}, loaded: map[string]engine.Kept{}, open: map[closer]struct{}{}, files: map[int]struct{}{},
		commands: map[int64]*command{}, null: -1, given: map[int]struct{}{}, wake: make(chan struct{}, 1),
	}
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
		MemoryLimit: h.o.MemoryLimit, Throw: h.throw, Resolve: h.resolveImport, Load: h.loadImport, Attributes: checkAttributes, Rejection: h.onRejection,
	})
	if err != nil {
		return nil, err
	}
	h.timers.init(h)
	if err := h.engine.Do(h.boot); err != nil {
		_ = h.engine.Close()
		return nil, fmt.Errorf("host: the library does not start: %w", err)
	}
	return h, nil
}

// Close ends the script and frees what it has: its timers, descriptors and memory. Processes that it has started go on, as when a program of Node
// ends. It may be called twice, and not by a function that the script has called: it returns an error then, and the script has ended.
func (h *Host) Close() error {
	h.exited = true
	if h.depth > 0 {
		h.engine.Interrupt(ErrExited)
		return errors.New("host: closed while the script runs")
	}
	h.timers.close()
	h.restoreTerminals()
	h.endCommands()
	for x := range h.open {
		x.close()
	}
	for fd := range h.files {
		_ = unix.Close(fd) // Nobody is left to be told of an error.
	}
	clear(h.files)
	if h.null >= 0 {
		_ = unix.Close(h.null)
		h.null = -1
	}
	return h.engine.Close()
}

// closer is something of the script that holds a descriptor, or keeps the loop. The host closes it with itself.
type closer interface{ close() }

// Interrupt ends what the script does right now, soon: an endless loop, too. It has ended then as by an exception that it cannot catch, whose error
// is err. It may be called from any goroutine.
func (h *Host) Interrupt(err error) {
	h.engine.Interrupt(err)
	select {
	case h.wake <- struct{}{}:
	default:
	}
}
