package childprocess

import (
	"slices"
	"strconv"
	"strings"

	"github.com/brood-go/brood/reactor"
)

// ForkOptions say how [Fork] starts a program. A nil *ForkOptions means all defaults. Shell must be
// empty. Stdio must have one IPC if it is not nil; for [AllStdio], Fork adds it. A nil Stdio means
// this program's stdin, stdout and stderr, and the channel on descriptor 3.
type ForkOptions struct {
	Options

	// ExecPath is the program that runs the module, such as "node". "": the module is itself a
	// program.
	ExecPath string

	// ExecArgv are arguments for ExecPath before the module. Without ExecPath it must be empty.
	ExecArgv []string

	// Silent makes the first three descriptors pipes, if Stdio is nil.
	Silent bool
}

// Fork starts a child with a channel for messages: a Node.js module, where process.send and
// process.on('message') are the other side of [ChildProcess.OnMessage] and [ChildProcess.Send], or
// a program that calls [ipc.Parent]. Otherwise it is as [Spawn]. Must be called on the loop
// goroutine.
//
//	childprocess.Fork(loop, "worker.js", nil, &childprocess.ForkOptions{ExecPath: "node"})
//
// Source: Node v20 documentation, child_process.fork.
func Fork(l *reactor.Loop, module string, args []string, o *ForkOptions) (*ChildProcess, error) {
	if o == nil {
		o = new(ForkOptions)
	}
	return o.fork(l, module, args, nil)
}

// fork is Fork. If the caller has found a mistake, fork only returns that.
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

// command returns the program to start and its arguments.
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

// stdio returns the slots with an IPC among them. The caller's slice is not changed.
func (o *ForkOptions) stdio() ([]Stdio, error) {
	slots := o.Stdio
	switch {
	case slots == nil && o.Silent:
		slots = AllStdio(Pipe)
	case slots == nil:
		slots = AllStdio(Inherit)
	case slices.ContainsFunc(slots, func(s Stdio) bool { return s.form == formIPC }):
		return slots, nil
	// A list that AllStdio did not make must name its IPC slot.
	case len(slots) != 3 || slices.ContainsFunc(slots, func(s Stdio) bool { return !s.all }):
		return slots, &ArgumentError{"fork", "Stdio", "has no IPC"}
	}
	return append(slices.Clone(slots), IPC), nil
}
