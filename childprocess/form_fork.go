package childprocess

import (
	"slices"
	"strconv"
	"strings"

	"github.com/brood-go/brood/reactor"
)

// ForkOptions say how [Fork] starts a program. A nil *ForkOptions means all defaults.
//
// Of Options, Shell is refused, and Stdio, when it is given, must have one IPC; [AllStdio] is given
// it. By default the child has this program's stdin, stdout and stderr, and the channel on
// descriptor 3.
type ForkOptions struct {
	Options

	// ExecPath is the program that runs the module: "node" for a Node.js worker. "": the module is
	// a program itself.
	ExecPath string

	// ExecArgv are arguments for ExecPath, in front of the module.
	ExecArgv []string

	// Silent has pipes for the first three descriptors, where Stdio is nil.
	Silent bool
}

// Fork starts a program that talks to this one by messages: a Node.js module, whose process.send
// and process.on('message') are the other side of [ChildProcess.Send] and [ChildProcess.OnMessage],
// or a program with [ipc.Parent]. Otherwise it is as [Spawn] (Node v20 documentation,
// child_process.fork).
//
//	childprocess.Fork(loop, "worker.js", nil, &childprocess.ForkOptions{ExecPath: "node"})
func Fork(l *reactor.Loop, module string, args []string, o *ForkOptions) (*ChildProcess, error) {
	if o == nil {
		o = new(ForkOptions)
	}
	return o.fork(l, module, args, nil)
}

// fork is Fork, and returns a mistake that was found before.
func (o *ForkOptions) fork(l *reactor.Loop, module string, args []string, mistake error) (*ChildProcess, error) {
	run := o.Options
	var file string
	var argv []string
	if mistake == nil {
		file, argv, mistake = o.command(module, args)
	}
	if mistake == nil {
		run.Stdio, mistake = o.stdio()
	}
	return start(l, "fork", file, argv, &run, mistake)
}

func (o *ForkOptions) command(module string, args []string) (file string, argv []string, err error) {
	bad := func(name, reason string) error { return &ArgumentError{"fork", name, reason} }
	switch {
	case module == "":
		return "", nil, bad("module", "is empty")
	case o.Shell != "":
		return "", nil, bad("Shell", "is not for fork")
	case o.ExecPath == "" && len(o.ExecArgv) > 0:
		return "", nil, bad("ExecArgv", "is given without ExecPath")
	case o.ExecPath == "":
		return module, args, nil
	case strings.IndexByte(module, 0) >= 0:
		return "", nil, bad("module", containsNUL)
	}
	for i, a := range o.ExecArgv {
		if strings.IndexByte(a, 0) >= 0 {
			return "", nil, bad("ExecArgv["+strconv.Itoa(i)+"]", containsNUL)
		}
	}
	return o.ExecPath, slices.Concat(o.ExecArgv, []string{module}, args), nil
}

func (o *ForkOptions) stdio() ([]Stdio, error) {
	slots := o.Stdio
	switch {
	case slots == nil && o.Silent:
		slots = AllStdio(Pipe)
	case slots == nil:
		slots = AllStdio(Inherit)
	case slices.ContainsFunc(slots, func(s Stdio) bool { return s.form == formIPC }):
		return slots, nil
	// Not by AllStdio.
	case len(slots) != 3 || slices.ContainsFunc(slots, func(s Stdio) bool { return !s.all }):
		return slots, &ArgumentError{"fork", "Stdio", "has no IPC"}
	}
	return append(slices.Clone(slots), IPC), nil
}
