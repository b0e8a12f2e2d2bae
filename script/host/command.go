package host

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/streams"
)

// command is a command of $, as the library in JavaScript has it: a shell or a program with all that it starts, which are ended
// together. Its methods are pid, kill(signal), end() and timeout(ms).
type command struct {
	h       *Host
	c       *childprocess.ChildProcess
	done    engine.Kept
	timer   *reactor.Timer
	grace   time.Duration // from the soft signal to SIGKILL; < 0: for ever
	isEnded bool          // by the script or a limit
	bits    int64         // what tell says of the end
	stdout  output
	stderr  output
}

// output is what is kept of what a command writes to one of its descriptors.
type output struct {
	bytes []byte
	most  int  // bytes that are kept
	cuts  bool // more is thrown away; else it ends the command
}

func bindCommand(b *builder) {
	h := b.h
	b.fn("start", h.startCommand)
	b.fn("parse", parseCommand)
	b.fn("quote", func(c *engine.Call) (engine.Value, error) { return c.String(childprocess.Quote(c.Arg(0).Text())), nil })
	// setEnvironment gives the variables of commands whose options have none.
	b.fn("setEnvironment", func(c *engine.Call) (engine.Value, error) {
		var err error
		h.environment, err = stringsOf(c.Arg(0))
		return c.Undefined(), err
	})
	b.fn("pipe", h.commandPipe)
	b.fn("closeGiven", func(c *engine.Call) (engine.Value, error) {
		n := int(c.Arg(0).Int())
		if _, ok := h.given[n]; ok {
			delete(h.given, n)
			fd.Close(n)
		}
		return c.Undefined(), nil
	})
}

func commandMethods(b *builder) {
	method(b, "pid", func(x *command, c *engine.Call) (engine.Value, error) { return c.Int(int64(x.c.Pid())), nil })
	method(b, "kill", func(x *command, c *engine.Call) (engine.Value, error) {
		return c.Bool(x.signal(syscall.Signal(c.Arg(0).Int()))), nil
	})
	method(b, "end", func(x *command, c *engine.Call) (engine.Value, error) { x.end(); return c.Undefined(), nil })
	method(b, "timeout", func(x *command, c *engine.Call) (engine.Value, error) {
		x.limit(milliseconds(c.Arg(0)))
		return c.Undefined(), nil
	})
}

// startCommand starts a shell, or the program that it would start: start(options, text, values, slots, done). Options are undefined or what
// commandOptions reads, values are strings or bytes and become the shell's positional parameters, slots are undefined or what
// commandSlots reads. It returns the command, or throws. done is called once, see tell. What slots give away is closed
// here in any case.
func (h *Host) startCommand(c *engine.Call) (engine.Value, error) {
	x := &command{h: h, grace: defaultGrace, stdout: output{most: childprocess.MaxOutput}, stderr: output{most: childprocess.MaxOutput}}
	o := &childprocess.Options{Env: h.environment, KillScope: h.commandScope(), Stdio: []childprocess.Stdio{childprocess.Ignore}}
	given, err := commandSlots(o, c.Arg(3))
	for _, n := range given {
		delete(h.given, n)
	}
	shell, timeout := childprocess.DefaultShell, time.Duration(0)
	if with := c.Arg(0); err == nil && !with.IsNullish() {
		shell, timeout, err = x.commandOptions(o, with)
	}
	var values []string
	if err == nil {
		values, err = textsOrBytes(c.Arg(2))
	}
	prototype := c.Undefined()
	if err == nil {
		prototype, err = h.prototype(c.Scope, "command", commandMethods)
	}
	if err != nil {
		fd.Close(given...)
		return c.Undefined(), err
	}
	text := c.Arg(1).Text()
	var child *childprocess.ChildProcess
	if shell == childprocess.DefaultShell && len(given) == 0 && o.Stdio[0] == childprocess.Ignore {
		child = h.startProgram(o, text, values)
	}
	if child == nil {
		child, err = childprocess.Spawn(h.loop, shell, shellArguments(shell, text, values), o)
	}
	if err != nil {
		return c.Undefined(), commandError(err)
	}
	x.c, x.done = child, c.Arg(4).Keep()
	h.commands[x] = struct{}{}
	x.follow()
	x.limit(timeout)
	return c.Native(prototype, x), nil
}

// follow listens to the child.
func (x *command) follow() {
	x.keep(x.c.Stdout, &x.stdout)
	x.keep(x.c.Stderr, &x.stderr)
	x.c.OnError(func(error) {}) // Its status has what matters: a command need not read all of its input, nor a target of its output all of that.
	pid := x.c.Pid()
	if pid > 0 {
		x.h.last.begin(pid)
	}
	x.c.OnExit(func(childprocess.ExitStatus) {
		x.h.last.end(pid)
		if x.isEnded {
			x.closePipes()
		}
	})
	x.c.OnClose(x.tell)
}

// keep gathers what a stream has.
func (x *command) keep(r *streams.Readable, to *output) {
	if r == nil {
		return
	}
	r.OnData(func(chunk []byte) {
		room := to.most - len(to.bytes)
		if len(chunk) <= room {
			to.bytes = append(to.bytes, chunk...)
			return
		}
		to.bytes = append(to.bytes, chunk[:room]...)
		if x.bits |= endCutOff; !to.cuts && !x.isEnded {
			x.bits |= endFull
			x.end()
		}
	})
}

// limit has the command ended after some time, counted from now. 0: never.
func (x *command) limit(d time.Duration) {
	if x.timer != nil {
		x.timer.Stop()
		x.timer = nil
	}
	if d <= 0 || x.done.IsZero() {
		return
	}
	x.timer = x.h.loop.SetTimeout(d, func() {
		if !x.isEnded {
			x.bits |= endLate
		}
		x.end()
	})
	x.timer.Unref() // The command keeps the loop running.
}

// end ends all processes of the command: by the soft signal, and by SIGKILL if that does not help in time. If the shell
// has exited, others have its pipes, which are not waited for.
func (x *command) end() {
	x.isEnded = true
	x.c.Terminate(x.grace)
	if _, hasExited := x.c.Status(); hasExited {
		x.closePipes()
	}
}

func (x *command) closePipes() {
	for _, r := range []*streams.Readable{x.c.Stdout, x.c.Stderr} {
		if r != nil {
			r.Destroy(nil)
		}
	}
}

// signal sends a signal to all processes of the command, and reports whether there was one.
func (x *command) signal(s syscall.Signal) bool {
	if x.h.commandScope() == childprocess.ScopeTree {
		n, _ := x.c.KillTree(s) // Who may not be signalled was not.
		return n > 0
	}
	sent, _ := x.c.KillGroup(s)
	return sent
}

// commandScope is whom the ends of commands reach. A group of their own would be in the background of a terminal, where
// ^C does not reach it and the terminal cannot be read.
func (h *Host) commandScope() childprocess.KillScope {
	if h.scope == childprocess.ScopeAuto {
		h.scope = childprocess.ScopeGroup
		tty, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err == nil {
			_ = unix.Close(tty)
			if hasTrees {
				h.scope = childprocess.ScopeTree
			}
		}
	}
	return h.scope
}

// endCommands ends all commands that run, at the end of the script, and closes what was made for others.
func (h *Host) endCommands() {
	for n := range h.given {
		fd.Close(n)
		delete(h.given, n)
	}
	for x := range h.commands {
		x.signal(syscall.SIGKILL)
		x.c.Unref()
		delete(h.commands, x)
		h.engine.Release(&x.done)
		x.done = engine.Kept{}
	}
}

// Bits of what tell says about an end.
const (
	endLate   = 1 << iota // it has taken too long
	endCutOff             // there was more output than is kept
	endFull               // and that has ended it
)

// tell calls done(code, signal, stdout, stderr, milliseconds, bits, error): code is -1 for none, signal 0 for none, the
// outputs are bytes, or undefined for none, error is why the command did not start, or why it is not known how it has
// ended.
func (x *command) tell(status childprocess.ExitStatus) {
	if x.timer != nil {
		x.timer.Stop()
	}
	if x.done.IsZero() {
		return // The script has ended.
	}
	delete(x.h.commands, x)
	_ = x.h.Do(func(s *engine.Scope) error {
		problem := s.Undefined()
		if status.NotStarted != nil {
			problem = x.h.throw(s, commandError(status.NotStarted))
		} else if status.Lost {
			problem = x.h.throw(s, childprocess.ErrStatusLost)
		}
		ms := s.Float(float64(status.Elapsed.Microseconds()) / 1000)
		_, err := s.Kept(x.done).Call(s.Undefined(), s.Int(int64(status.Code)), s.Int(int64(status.Signal)), x.stdout.value(s), x.stderr.value(s),
			ms, s.Int(x.bits), problem)
		return err
	})
	x.h.engine.Release(&x.done)
	x.done = engine.Kept{}
}

func (o *output) value(s *engine.Scope) engine.Value {
	if len(o.bytes) == 0 {
		return s.Undefined()
	}
	return s.Uint8Array(o.bytes)
}

// commandError is an error as scripts see it: what could not be started, or a mistake in a call.
func commandError(err error) error {
	e, ok := errors.AsType[*childprocess.SpawnError](err)
	if !ok {
		return err
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	path := e.Path
	if path == "" {
		path = e.File
	}
	return &systemError{errno: errno, syscall: "spawn", paths: []string{path}}
}
