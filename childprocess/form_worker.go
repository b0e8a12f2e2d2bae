package childprocess

import (
	"fmt"
	"os"
	"strings"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// Workers are functions by name that this program runs in processes of their own, forks of itself:
//
//	var workers = childprocess.Workers{"hash": hash}
//
//	func main() {
//		if worker, err := workers.Run(); worker {
//			os.Exit(…) // This process was a worker, and has done its work.
//		}
//		… childprocess.ForkSelf(loop, "hash", nil, nil) …
//	}
type Workers map[string]Worker

// A Worker sets up the process of a worker: it adds its listeners to parent, the channel to the
// process that forked it, and returns. Then the loop runs until nothing keeps it alive. A listener
// for messages keeps it alive until the parent disconnects or exits. If a Worker returns an error,
// the loop does not run.
type Worker func(l *reactor.Loop, parent *ipc.Channel, args []string) error

// Run runs the worker if this process was started as one by [ForkSelf], and returns true when the
// worker is done. In every other process it does nothing and returns false. The error is that of
// the worker or of its loop, or an *[ArgumentError] for a name that is not in w. After a worker's
// Run, ForkSelf returns a *[WorkerError], because the rest of main is not for a worker.
//
// Preconditions:
//
//   - It is called first in main, because a worker runs everything before the call, too.
func (w Workers) Run() (worker bool, err error) { return w.RunWith(nil) }

// RunWith is [Workers.Run] with the options of the worker's loop.
func (w Workers) RunWith(o *reactor.Options) (worker bool, err error) {
	name, ok := os.LookupEnv(workerName)
	if !ok {
		return false, nil
	}
	defer identity.finish()
	// Children of this process must not inherit the name. Unsetenv fails only for impossible names.
	_ = os.Unsetenv(workerName)
	fn := w[name]
	if fn == nil {
		return true, &ArgumentError{"Workers.Run", fmt.Sprintf("worker %q", name), "is unknown"}
	}
	nameProcess()
	return true, runWorker(fn, o)
}

// runWorker makes the worker's loop and channel, and runs the loop until nothing keeps it alive.
func runWorker(fn Worker, o *reactor.Options) (err error) {
	l, err := reactor.New(o)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := l.Close(); err == nil {
			err = closeErr
		}
	}()
	parent, err := ipc.Parent(l)
	if err != nil {
		return err
	}
	if err := fn(l, parent, os.Args[1:]); err != nil {
		// A listener that fn has added would keep the loop alive.
		parent.Destroy()
		return err
	}
	return l.Run()
}

// ForkSelf starts this program again, as the worker called name: [Workers.Run] runs it there. args
// take the place of the program's own arguments. ExecPath and ExecArgv are refused; otherwise
// ForkSelf is as [Fork]. Must be called on the loop goroutine.
//
// On Linux the child is the very file that is running (/proc/self/exe), even if another file has
// its path by now. Once the child is in Workers.Run, ps(1) shows it under the program's name.
//
// Preconditions:
//
//   - If this process is a worker, its [Worker] function was called and Workers.Run has not
//     returned. Otherwise the error is a *[WorkerError], because a program that calls ForkSelf in
//     main without Workers.Run would start itself without end.
func ForkSelf(l *reactor.Loop, name string, args []string, o *ForkOptions) (*ChildProcess, error) {
	if o == nil {
		o = new(ForkOptions)
	}
	run := *o
	err := identity.mayFork()
	self, selfErr := selfExecutable()
	switch {
	case err != nil:
	case selfErr != nil:
		err = selfErr
	case name == "":
		err = &ArgumentError{"fork", "name", "is empty"}
	case strings.IndexByte(name, 0) >= 0:
		err = &ArgumentError{"fork", "name", containsNUL}
	case o.ExecPath != "" || len(o.ExecArgv) > 0:
		err = &ArgumentError{"fork", "ExecPath", "is not for ForkSelf"}
	}
	if run.Argv0 == "" {
		run.Argv0 = os.Args[0]
	}
	run.Env = append(without(o.environ(), workerName), workerName+"="+name)
	return run.fork(l, self, args, err)
}
