package host

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/script/engine"
)

// child is the native object of a child process. Its methods are kill(signal), ref and unref. It is
// in Host.closers from its start to its exit.
type child struct {
	h *Host
	c *childprocess.ChildProcess

	unrefed bool
}

// bindChild gives the library child processes, and the channel to the parent.
func bindChild(b *builder) {
	h := b.h
	b.fn("spawn", h.spawn)
	b.fn("spawnSync", h.spawnSync)
	b.fn("closeDescriptor", func(c *engine.Call) (engine.Value, error) {
		fd := int(c.Arg(0).Int())
		h.disownFD(fd)
		return c.Undefined(), unix.Close(fd)
	})
	b.fn("parentChannel", func(c *engine.Call) (engine.Value, error) {
		channel, err := ipc.Parent(h.loop)
		if errors.Is(err, ipc.ErrNoParent) {
			return c.Undefined(), nil
		}
		if err != nil {
			return c.Undefined(), err
		}
		return h.newChannel(c.Scope, channel, true)
	})
}

func childMethods(b *builder) {
	method(b, "kill", func(x *child, c *engine.Call) (engine.Value, error) {
		sent, err := x.c.Kill(syscall.Signal(c.Arg(0).Int()))
		if e := asSystemError(err); e != nil {
			return c.Int(-int64(e.errno)), nil
		}
		if !sent {
			return c.Int(-int64(syscall.ESRCH)), nil
		}
		return c.Int(0), nil
	})
	method(b, "ref", func(x *child, c *engine.Call) (engine.Value, error) {
		x.unrefed = false
		x.c.Ref()
		return c.Undefined(), nil
	})
	method(b, "unref", func(x *child, c *engine.Call) (engine.Value, error) {
		x.unrefed = true
		x.c.Unref()
		return c.Undefined(), nil
	})
}

// spawn is spawn(options, onexit). options are file, args, envPairs, cwd, detached, uid, gid,
// argv0, serialization and stdio, a list of {type: 'pipe' | 'ignore' | 'inherit' | 'ipc' | 'fd',
// fd}. It returns {errno, pid, handle, stdio, channel}: errno is 0 or negative; stdio has a stream
// or undefined for each slot. If errno is 0, onexit(code, signal) is called once.
func (h *Host) spawn(c *engine.Call) (engine.Value, error) {
	o, file, args, err := spawnOptions(c.Arg(0))
	if err != nil {
		return c.Undefined(), err
	}
	started, err := childprocess.Spawn(h.loop, file, args, o)
	for err != nil && asExecvp(err, &file, &args, o) {
		started, err = childprocess.Spawn(h.loop, file, args, o)
	}
	if err != nil {
		result := c.Object()
		return result, result.Set("errno", c.Int(-int64(startErrno(err))))
	}
	return h.spawnResult(c, started, c.Arg(1))
}

// asExecvp changes the arguments of a failed call to what execvp(3), which Node uses, would have
// done: run a program that PATH has in a relative directory, and run a file that the kernel cannot
// execute with a shell. It reports whether the call is to be repeated.
func asExecvp(err error, file *string, args *[]string, o *childprocess.Options) bool {
	e, ok := errors.AsType[*childprocess.SpawnError](err)
	if !ok || e.Step != childprocess.StepProgram || *file == fallbackShell {
		return false
	}
	switch e.Err {
	case childprocess.ErrDot:
		if o.Argv0 == "" {
			o.Argv0 = *file
		}
		*file = e.Path
	case syscall.ENOEXEC:
		*file, *args, o.Argv0 = fallbackShell, append([]string{e.Path}, *args...), ""
	default:
		return false
	}
	return true
}

const fallbackShell = "/bin/sh"

// startErrno returns the errno of a child that did not start. EINVAL stands for what package
// childprocess refuses, because the kernel would refuse it, too.
func startErrno(err error) syscall.Errno {
	if e := asSystemError(err); e != nil {
		return e.errno
	}
	return syscall.EINVAL
}

// spawnResult returns the result of spawn.
func (h *Host) spawnResult(c *engine.Call, started *childprocess.ChildProcess, onexit engine.Value) (engine.Value, error) {
	result := c.Object()
	prototype, err := h.prototype(c.Scope, "child", childMethods)
	if err != nil {
		return result, err
	}
	errno := int64(0)
	if status, known := started.Status(); known && status.NotStarted != nil {
		errno = -int64(startErrno(status.NotStarted))
	}
	stdio := make([]engine.Value, len(started.Stdio))
	for i, slot := range started.Stdio {
		stdio[i] = c.Undefined()
		if slot.Readable != nil || slot.Writable != nil {
			if stdio[i], err = h.newStream(c.Scope, slot.Readable, slot.Writable); err != nil {
				return result, err
			}
		}
	}
	// The library has errno for a child that does not start, and hears of errors of the channel
	// from the channel.
	started.OnError(func(error) {})
	x := &child{h: h, c: started}
	if errno == 0 {
		x.reportExit(h.keepCallback(c.Scope, onexit))
	}
	set := []error{
		result.Set("errno", c.Int(errno)), result.Set("pid", c.Int(int64(started.Pid()))),
		result.Set("handle", c.Native(prototype, x)), result.Set("stdio", c.Array(stdio...)),
	}
	if channel := started.Channel(); channel != nil {
		v, err := h.newChannel(c.Scope, channel, false)
		set = append(set, err, result.Set("channel", v))
	}
	return result, errors.Join(set...)
}

// reportExit calls fn once, with the child's exit code and signal.
func (x *child) reportExit(fn engine.Kept) {
	h := x.h
	h.closers[x] = struct{}{}
	x.c.OnExit(func(status childprocess.ExitStatus) {
		delete(h.closers, x)
		_ = h.Do(func(s *engine.Scope) error {
			signal := s.Null()
			if status.Signal != 0 {
				signal = s.Int(int64(status.Signal))
			}
			_, err := s.Kept(fn).Call(s.Undefined(), s.Int(int64(max(0, status.Code))), signal)
			return err
		})
		h.engine.Release(&fn)
	})
}

// close lets the child go on: a script that ends does not kill its children.
func (x *child) close() { x.c.Unref() }

// spawnOptions reads options that the library has checked.
func spawnOptions(v engine.Value) (o *childprocess.Options, file string, args []string, err error) {
	f := &fields{v: v}
	o = &childprocess.Options{
		Dir: f.text("cwd"), Env: f.list("envPairs"), Detached: f.get("detached").Bool(), UID: f.id("uid"), GID: f.id("gid"),
		ParentPath: f.get("parentPath").Bool(),
	}
	file = f.text("file")
	args = f.list("args")
	if len(args) > 0 {
		o.Argv0, args = args[0], args[1:]
	}
	if f.text("serialization") == "advanced" {
		o.Serialization = ipc.Advanced
	}
	stdio := f.get("stdio")
	n, err := stdio.Len()
	if err != nil || f.err != nil {
		return nil, "", nil, errors.Join(err, f.err)
	}
	for i := range n {
		slot, err := stdio.Index(i)
		if err != nil {
			return nil, "", nil, err
		}
		s := &fields{v: slot}
		switch kind := s.text("type"); kind {
		case "pipe", "overlapped":
			o.Stdio = append(o.Stdio, childprocess.Pipe)
		case "ignore":
			o.Stdio = append(o.Stdio, childprocess.Ignore)
		case "inherit":
			o.Stdio = append(o.Stdio, childprocess.FD(i))
		case "ipc":
			o.Stdio = append(o.Stdio, childprocess.IPC)
		default:
			o.Stdio = append(o.Stdio, childprocess.FD(int(s.get("fd").Int())))
		}
		if s.err != nil {
			return nil, "", nil, s.err
		}
	}
	return o, file, args, nil
}

// fields reads properties of an object. It keeps the first error.
type fields struct {
	v   engine.Value
	err error
}

func (f *fields) get(name string) engine.Value {
	v, err := f.v.Get(name)
	if err != nil && f.err == nil {
		f.err = err
	}
	return v
}

func (f *fields) text(name string) string { return outsideText(f.get(name)) }

func (f *fields) id(name string) *uint32 {
	v := f.get(name)
	if v.IsNullish() {
		return nil
	}
	id := uint32(v.Int())
	return &id
}

// list returns the elements of an array as strings, nil if the property is no array.
func (f *fields) list(name string) []string {
	v := f.get(name)
	if !v.IsArray() {
		return nil
	}
	all, err := stringsOf(v)
	if err != nil && f.err == nil {
		f.err = err
	}
	return all
}
