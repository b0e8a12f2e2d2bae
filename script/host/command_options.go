package host

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/script/engine"
)

// defaultGrace is the time from KillSignal to SIGKILL.
const defaultGrace = 5 * time.Second

// longestMilliseconds stands for "for ever".
const longestMilliseconds = 1 << 40

func milliseconds(v engine.Value) time.Duration {
	return time.Duration(min(v.Float(), longestMilliseconds) * float64(time.Millisecond))
}

// commandOptions reads an object that the library has checked: cwd, env (a list of "KEY=value"),
// shell, prefix, input, timeout, killSignal, killGrace, maxBuffer, cutOff and limits. Any of them
// may be undefined.
func (x *command) commandOptions(o *childprocess.Options, text *boundText, with engine.Value) (shell string, timeout time.Duration, err error) {
	f := &fields{v: with}
	given := func(name string) (engine.Value, bool) {
		v := f.get(name)
		return v, !v.IsNullish()
	}
	shell = childprocess.DefaultShell
	if v, ok := given("shell"); ok {
		shell = v.Text()
	}
	if v, ok := given("prefix"); ok {
		text.prefix = v.Text()
	}
	if v, ok := given("cwd"); ok {
		o.Dir = v.Text()
	}
	if env := f.list("env"); env != nil {
		o.Env = env
	}
	if v, ok := given("input"); ok {
		input := []byte(nil)
		if b, ok := v.Bytes(); ok {
			input = bytes.Clone(b)
		} else {
			input = []byte(v.Text())
		}
		o.Stdio[0] = childprocess.Input(bytes.NewReader(input))
	}
	if v, ok := given("timeout"); ok {
		timeout = milliseconds(v)
	}
	if v, ok := given("killSignal"); ok {
		o.KillSignal = syscall.Signal(v.Int())
	}
	if v, ok := given("killGrace"); ok {
		if x.grace = milliseconds(v); v.Float() > longestMilliseconds {
			x.grace = -1
		}
	}
	if v, ok := given("maxBuffer"); ok {
		x.stdout.limit = int(min(v.Float(), 1<<53))
		x.stderr.limit = x.stdout.limit
	}
	if f.get("cutOff").Bool() {
		x.stdout.truncates, x.stderr.truncates = true, true
	}
	if v, ok := given("limits"); ok {
		o.Rlimits, err = rlimits(v)
	}
	return shell, timeout, errors.Join(err, f.err)
}

// rlimitNames maps the names of limits in scripts to those of getrlimit(2).
var rlimitNames = map[string]int{
	"memory": unix.RLIMIT_AS, "cpu": unix.RLIMIT_CPU, "files": unix.RLIMIT_NOFILE, "processes": unix.RLIMIT_NPROC, "fileSize": unix.RLIMIT_FSIZE,
	"core": unix.RLIMIT_CORE, "stack": unix.RLIMIT_STACK,
}

// rlimits reads an object of numbers: bytes, seconds of CPU, or counts.
func rlimits(v engine.Value) (all []childprocess.Rlimit, err error) {
	names, err := v.Keys()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		resource, ok := rlimitNames[name]
		if !ok {
			return nil, &codedError{"TypeError", "ERR_INVALID_ARG_VALUE", fmt.Sprintf("The property 'limits.%s' is not a limit that there is", name)}
		}
		n, err := v.Get(name)
		if err != nil {
			return nil, err
		}
		all = append(all, childprocess.Rlimit{Resource: resource, Cur: uint64(n.Float()), Max: uint64(n.Float())})
	}
	return all, nil
}

// commandSlots reads stdin, stdout and stderr of a command into o. slots is nullish for the default
// (/dev/null, and two outputs that are kept), or a list with a list of targets for each descriptor.
// A target is "pipe", "ignore", "inherit", a descriptor to borrow, [descriptor] to take ownership
// of, or {path}. commandSlots returns the descriptors that it takes ownership of, also on error.
func commandSlots(o *childprocess.Options, slots engine.Value) (owned []int, err error) {
	if slots.IsNullish() {
		return nil, nil
	}
	n, err := slots.Len()
	if err != nil {
		return nil, err
	}
	o.Stdio = make([]childprocess.Stdio, n)
	for i := range o.Stdio {
		slot, err := slots.Index(i)
		if err != nil {
			return owned, err
		}
		count, err := slot.Len()
		if err != nil {
			return owned, err
		}
		targets := make([]childprocess.Stdio, count)
		for j := range targets {
			target, err := slot.Index(j)
			if err == nil {
				targets[j], err = commandTarget(i, target, &owned)
			}
			if err != nil {
				return owned, err
			}
		}
		if count == 1 {
			o.Stdio[i] = targets[0]
		} else {
			o.Stdio[i] = childprocess.Tee(targets...)
		}
	}
	return owned, nil
}

// commandTarget reads one target of a descriptor, and appends a descriptor to own to owned.
func commandTarget(slot int, v engine.Value, owned *[]int) (childprocess.Stdio, error) {
	switch {
	case v.Kind() == engine.String:
		switch v.Text() {
		case "ignore":
			return childprocess.Ignore, nil
		case "inherit":
			return childprocess.FD(slot), nil
		}
		return childprocess.Pipe, nil
	case v.Kind() == engine.Number:
		return childprocess.FD(int(v.Int())), nil
	case v.IsArray():
		fd, err := v.Index(0)
		*owned = append(*owned, int(fd.Int()))
		return childprocess.FD(int(fd.Int())).Owned(), err
	}
	path, err := v.Get("path")
	return childprocess.Path(path.Text(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666), err
}
