package host

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/streams"
)

// command is a running command of $: a shell or a program, with all processes that it starts, which
// are killed together. The library in JavaScript refers to it by its number.
type command struct {
	h        *Host
	number   int64
	c        *childprocess.ChildProcess
	promise  engine.Kept    // gets the result; zero once it has, or the script has ended
	timer    *reactor.Timer // nil without a timeout
	grace    time.Duration  // from KillSignal to SIGKILL; < 0: no SIGKILL
	isKilled bool           // kill was called, by the script or a limit
	outcome  int64          // outcome… bits for reportClose
	stdout   output
	stderr   output
}

// output is the part that is kept of what a command writes to one descriptor.
type output struct {
	bytes     []byte
	limit     int  // the most bytes that are kept
	truncates bool // more is dropped; if false, more kills the command
}

// bindCommand gives the library the commands of $.
func bindCommand(b *builder) {
	h := b.h
	b.fn("start", h.startCommand)
	commandFn(b, "pid", func(x *command, c *engine.Call) engine.Value { return c.Int(int64(x.c.Pid())) })
	commandFn(b, "signal", func(x *command, c *engine.Call) engine.Value { return c.Bool(x.signal(syscall.Signal(c.Arg(1).Int()))) })
	commandFn(b, "kill", func(x *command, c *engine.Call) engine.Value { x.kill(); return c.Undefined() })
	commandFn(b, "timeout", func(x *command, c *engine.Call) engine.Value {
		x.setTimeout(milliseconds(c.Arg(1)))
		return c.Undefined()
	})
	b.fn("parse", parseCommand)
	b.fn("quote", func(c *engine.Call) (engine.Value, error) { return c.String(childprocess.Quote(c.Arg(0).Text())), nil })
	// setEnvironment(list) sets the environment of commands without the option env.
	b.fn("setEnvironment", func(c *engine.Call) (engine.Value, error) {
		list, err := stringsOf(c.Arg(0))
		h.environment = environmentOf(list)
		return c.Undefined(), err
	})
	b.fn("pipe", h.commandPipe)
	b.fn("closePipeEnd", func(c *engine.Call) (engine.Value, error) {
		n := int(c.Arg(0).Int())
		if _, ok := h.pipeEnds[n]; ok {
			delete(h.pipeEnds, n)
			fd.Close(n)
		}
		return c.Undefined(), nil
	})
}

// commandFn adds a function whose first argument is a command's number.
func commandFn(b *builder, name string, fn func(x *command, c *engine.Call) engine.Value) {
	b.fn(name, func(c *engine.Call) (engine.Value, error) {
		x := b.h.commands[c.Arg(0).Int()]
		if x == nil {
			return c.Undefined(), fmt.Errorf("no command runs that has the number %v", c.Arg(0).Float())
		}
		return fn(x, c), nil
	})
}

// startCommand is start(promise, text, values, areChecked, options, slots): it starts a shell, or
// the program that the shell would start, and returns the command's number. reportClose gives
// promise the result, once.
//
// text is what parse returned. values has a value for each of its places: if areChecked, a string,
// bytes or a list of these. Otherwise the library has checked nothing, and if a value is not a
// plain string, startCommand starts nothing and returns undefined. options is undefined or what
// commandOptions reads, slots undefined or what commandSlots reads. startCommand takes ownership of
// the descriptors in slots, also on error.
func (h *Host) startCommand(c *engine.Call) (engine.Value, error) {
	text := boundText{}
	var err error
	text.commandText, err = commandTextOf(c.Arg(1))
	areChecked := c.Arg(3).Bool()
	if err == nil && !areChecked && !text.readPlain(c.Arg(2)) {
		return c.Undefined(), nil
	}
	x := &command{h: h, grace: defaultGrace, stdout: output{limit: childprocess.MaxOutput}, stderr: output{limit: childprocess.MaxOutput}}
	nothing := h.nullStdin()
	o := &childprocess.Options{KillScope: h.commandKillScope(), Stdio: []childprocess.Stdio{nothing}}
	owned, slotsErr := commandSlots(o, c.Arg(5))
	for _, n := range owned {
		delete(h.pipeEnds, n)
	}
	if err == nil && areChecked {
		err = text.read(c.Arg(2))
	}
	shell, timeout := childprocess.DefaultShell, time.Duration(0)
	if with := c.Arg(4); err == nil && !with.IsNullish() {
		shell, timeout, err = x.commandOptions(o, &text, with)
	}
	if err = errors.Join(slotsErr, err); err != nil {
		fd.Close(owned...)
		return c.Undefined(), err
	}
	environment := h.commandEnvironment(o)
	var child *childprocess.ChildProcess
	// With other input, a failed attempt would have consumed some of what the shell needs.
	isTriedFirst := len(owned) == 0 && (o.Stdio[0] == nothing || o.Stdio[0] == childprocess.Ignore)
	if shell == childprocess.DefaultShell && isTriedFirst {
		child = h.startProgram(o, &text, environment)
	}
	if child == nil {
		child, err = childprocess.Spawn(h.loop, shell, text.shellArguments(shell), o)
	}
	if err != nil {
		return c.Undefined(), commandError(err)
	}
	h.lastCommand++
	x.number, x.c, x.promise = h.lastCommand, child, c.Arg(0).Keep()
	h.commands[x.number] = x
	x.watch()
	x.setTimeout(timeout)
	return c.Int(x.number), nil
}

// nullStdin returns the stdin of commands without input. The descriptor is opened once, because
// open and close take longer than all else that is done for it.
func (h *Host) nullStdin() childprocess.Stdio {
	if h.nullFD < 0 {
		null, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return childprocess.Ignore // The command reports the same error.
		}
		h.nullFD = null
	}
	return childprocess.FD(h.nullFD)
}

// watch subscribes to the child's output and exit.
func (x *command) watch() {
	x.collect(x.c.Stdout, &x.stdout)
	x.collect(x.c.Stderr, &x.stderr)
	// Ignored, because the status tells what matters: a command need not read all of its input, nor
	// a target all of the output.
	x.c.OnError(func(error) {})
	pid := x.c.Pid()
	if pid > 0 {
		x.h.signalKiller.add(pid)
	}
	x.c.OnExit(func(childprocess.ExitStatus) {
		x.h.signalKiller.remove(pid)
		if x.isKilled {
			x.closePipes()
		}
	})
	x.c.OnClose(x.reportClose)
}

// collect keeps the output of r in to.
func (x *command) collect(r *streams.Readable, to *output) {
	if r == nil {
		return
	}
	r.OnData(func(chunk []byte) {
		room := to.limit - len(to.bytes)
		if len(chunk) <= room {
			to.bytes = append(to.bytes, chunk...)
			return
		}
		to.bytes = append(to.bytes, chunk[:room]...)
		if x.outcome |= outcomeCutOff; !to.truncates && !x.isKilled {
			x.outcome |= outcomeFull
			x.kill()
		}
	})
}

// setTimeout kills the command after d from now. 0: never. It replaces an earlier timeout.
func (x *command) setTimeout(d time.Duration) {
	if x.timer != nil {
		x.timer.Stop()
		x.timer = nil
	}
	if d <= 0 || x.promise.IsZero() {
		return
	}
	x.timer = x.h.loop.SetTimeout(d, func() {
		if !x.isKilled {
			x.outcome |= outcomeLate
		}
		x.kill()
	})
	x.timer.Unref() // The command itself keeps the loop running.
}

// kill sends KillSignal to all processes of the command, and SIGKILL after grace. If the shell has
// exited, its pipes are closed, because other processes may hold them open.
func (x *command) kill() {
	x.isKilled = true
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
	if x.h.commandKillScope() == childprocess.ScopeTree {
		n, _ := x.c.KillTree(s) // A process that may not be signalled is not counted.
		return n > 0
	}
	sent, _ := x.c.KillGroup(s)
	return sent
}

// commandKillScope returns which processes are killed with a command. On a terminal that is the
// process tree where the system can find it, because a process group of its own would be in the
// background: ^C would not reach it, and it could not read the terminal.
func (h *Host) commandKillScope() childprocess.KillScope {
	if h.killScope == childprocess.ScopeAuto {
		h.killScope = childprocess.ScopeGroup
		tty, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err == nil {
			_ = unix.Close(tty)
			if hasTrees {
				h.killScope = childprocess.ScopeTree
			}
		}
	}
	return h.killScope
}

// killCommands kills all running commands at the end of the script, and closes the pipe ends of
// those that have not started.
func (h *Host) killCommands() {
	for n := range h.pipeEnds {
		fd.Close(n)
		delete(h.pipeEnds, n)
	}
	for number, x := range h.commands {
		x.signal(syscall.SIGKILL)
		x.c.Unref()
		delete(h.commands, number)
		h.engine.Release(&x.promise)
	}
}

// Bits of command.outcome. The library has the same numbers.
const (
	outcomeLate   = 1 << iota // the timeout has killed it
	outcomeCutOff             // it wrote more than is kept
	outcomeFull               // and was killed for that
)

// reportClose calls commandClosed(promise, code, signal, stdout, stderr, milliseconds, outcome,
// error) of the library. code is -1 and signal 0 if there is none; an output is bytes, or undefined
// if empty. error says why the command did not start or why its status is unknown; else it is
// undefined.
func (x *command) reportClose(status childprocess.ExitStatus) {
	if x.timer != nil {
		x.timer.Stop()
	}
	if x.promise.IsZero() {
		return // The script has ended.
	}
	delete(x.h.commands, x.number)
	_ = x.h.Do(func(s *engine.Scope) error {
		problem := s.Undefined()
		if status.NotStarted != nil {
			problem = x.h.errorValue(s, commandError(status.NotStarted))
		} else if status.Lost {
			problem = x.h.errorValue(s, childprocess.ErrStatusLost)
		}
		ms := s.Float(float64(status.Elapsed.Microseconds()) / 1000)
		promise := s.Kept(x.promise)
		x.h.engine.Release(&x.promise)
		_, err := x.h.hook(s, "commandClosed").Call(s.Undefined(), promise, s.Int(int64(status.Code)), s.Int(int64(status.Signal)),
			x.stdout.value(s), x.stderr.value(s), ms, s.Int(x.outcome), problem)
		return err
	})
}

func (o *output) value(s *engine.Scope) engine.Value {
	if len(o.bytes) == 0 {
		return s.Undefined()
	}
	return s.Uint8Array(o.bytes)
}

// commandError returns an error as scripts see it: a systemError if the program could not be
// started, else err.
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
