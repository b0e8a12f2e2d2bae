package childprocess

import (
	"fmt"
	"os"
	"strings"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// Workers are parts of this program that run in processes of their own, by name: the program forks
// itself.
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

// A Worker sets the process of a worker up: it adds its listeners to parent, the channel to the
// process that has forked it, and returns. The loop then runs until nothing keeps it alive: until
// the parent disconnects or ends, if there is a listener for messages. An error ends the worker at
// once.
type Worker func(l *reactor.Loop, parent *ipc.Channel, args []string) error

// Run runs the worker that this process was started as by [ForkSelf], and returns when it has
// ended, with worker true. In every other process it does nothing, and worker is false. Call it
// first thing in main. Errors are those of the worker and of its loop, and an *[ArgumentError] for
// a name that is not in w. After a Run that was a worker's, ForkSelf returns a *[WorkerError]: what
// is left of main is not this process's to do.
func (w Workers) Run() (worker bool, err error) { return w.RunWith(nil) }

// RunWith is [Workers.Run] with the options of the worker's loop.
func (w Workers) RunWith(o *reactor.Options) (worker bool, err error) {
	name, ok := os.LookupEnv(workerName)
	if !ok {
		return false, nil
	}
	defer identity.finish()
	// It is this process's name and not that of those it starts. Unsetenv fails for impossible
	// names only.
	_ = os.Unsetenv(workerName)
	fn := w[name]
	if fn == nil {
		return true, &ArgumentError{"Workers.Run", fmt.Sprintf("worker %q", name), "is unknown"}
	}
	nameProcess()
	return true, runWorker(fn, o)
}

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
		// What the worker has begun would keep the loop alive.
		parent.Destroy()
		return err
	}
	return l.Run()
}

// ForkSelf starts this program again as the worker called name, whose [Workers.Run] then runs it.
// The worker finds args in place of the program's own arguments. ExecPath and ExecArgv are refused;
// otherwise it is as [Fork].
//
// On Linux it is the very file that is running (/proc/self/exe), also when another was put in its
// place since; ps(1) shows the worker under the program's name, once it has come to Workers.Run.
//
// A process that is itself a worker may fork others while it is one, that is, from its [Worker] on.
// Before it has come to Workers.Run and after that ForkSelf returns a *[WorkerError]: a program
// that calls it in main without Workers.Run would else start itself without end.
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
