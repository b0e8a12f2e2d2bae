package pool_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// exampleWorkers are the workers of the examples. A program runs them in main: if worker, err :=
// exampleWorkers.Run(); worker { … }.
var exampleWorkers = childprocess.Workers{
	"sum": func(l *reactor.Loop, parent *ipc.Channel, _ []string) error {
		return pool.Serve(l, parent, pool.Handlers{
			"sum": func(ctx context.Context, j *pool.Job) (any, error) {
				var numbers []int
				if err := j.Decode(&numbers); err != nil {
					return nil, err
				}
				total := 0
				for i, n := range numbers {
					if ctx.Err() != nil {
						return nil, context.Cause(ctx) // It is cancelled, or over its Timeout.
					}
					total += n
					_ = j.Progress(i + 1) // If the parent is gone, ctx ends too.
				}
				return total, nil
			},
			"count": func(_ context.Context, j *pool.Job) (any, error) {
				return len(j.Attachment()), nil
			},
			"list": func(_ context.Context, j *pool.Job) (any, error) {
				for i := range 3 {
					if _, err := fmt.Fprintln(j, "line", i); err != nil {
						return nil, err
					}
				}
				return 3, nil
			},
			"pid": func(context.Context, *pool.Job) (any, error) { return os.Getpid(), nil },
		})
	},
}

func exampleLoop() *reactor.Loop {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	return loop
}

// Jobs that compute, from goroutines such as those of an HTTP server: a worker for each processor,
// a timeout that holds whatever the job does, and a second run if a worker dies.
func ExamplePool_Do() {
	loop := exampleLoop()
	p, err := pool.New(loop, &pool.Options{Self: "sum", Timeout: time.Minute, Retries: 1})
	if err != nil {
		panic(err)
	}
	go func() {
		var total int
		err := p.Do(context.Background(), []int{1, 2, 3}, &total, &pool.RunOptions{Method: "sum"})
		fmt.Println(total, err)
		_ = loop.Post(func() { p.Stop(nil, nil) })
	}()
	if err := loop.Run(); err != nil {
		panic(err)
	}
	_ = loop.Close()
	// Output: 6 <nil>
}

// A stream of bytes that does not fit into memory: the worker waits while the listener does not
// take it.
func ExampleTask_OnChunk() {
	loop := exampleLoop()
	p, err := pool.New(loop, &pool.Options{Self: "sum", Max: 1})
	if err != nil {
		panic(err)
	}
	task, err := p.Run(nil, &pool.RunOptions{Method: "list"}, func(r *pool.Result, err error) {
		fmt.Printf("done: %s %v\n", r.Raw(), err)
		p.Stop(nil, nil)
	})
	if err != nil {
		panic(err)
	}
	task.OnChunk(func(chunk []byte) { fmt.Printf("%s", chunk) })
	if err := loop.Run(); err != nil {
		panic(err)
	}
	_ = loop.Close()
	// Output:
	// line 0
	// line 1
	// line 2
	// done: 3 <nil>
}

// A large payload goes beside the job, as memory that both processes map, and not through JSON.
func ExampleRunOptions_attach() {
	loop := exampleLoop()
	p, err := pool.New(loop, &pool.Options{Self: "sum", Max: 1})
	if err != nil {
		panic(err)
	}
	image := make([]byte, 8<<20)
	_, err = p.Run(nil, &pool.RunOptions{Method: "count", Attach: image}, func(r *pool.Result, err error) {
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s bytes\n", r.Raw())
		p.Stop(nil, nil)
	})
	if err != nil {
		panic(err)
	}
	if err := loop.Run(); err != nil {
		panic(err)
	}
	_ = loop.Close()
	// Output: 8388608 bytes
}

// Sessions stick to a worker: jobs with one key go to one worker, which may keep the session in
// memory.
func ExampleRunOptions_key() {
	loop := exampleLoop()
	p, err := pool.New(loop, &pool.Options{Self: "sum", Max: 4})
	if err != nil {
		panic(err)
	}
	pids := map[string]bool{}
	left := 10
	for range left {
		_, err := p.Run(nil, &pool.RunOptions{Method: "pid", Key: "session 7"}, func(r *pool.Result, err error) {
			if err != nil {
				panic(err)
			}
			pids[string(r.Raw())] = true
			if left--; left == 0 {
				fmt.Println(len(pids), "worker")
				p.Stop(nil, nil)
			}
		})
		if err != nil {
			panic(err)
		}
	}
	if err := loop.Run(); err != nil {
		panic(err)
	}
	_ = loop.Close()
	// Output: 1 worker
}

// A server that is replaced by its next version at SIGHUP. Both have the same listener, so no
// connection is refused, and the old one answers the connections that it has accepted. If the new
// one does not become ready, the old one goes on.
func ExampleUpgrade() {
	loop := exampleLoop()
	ln, err := inherited()
	if err != nil {
		panic(err)
	}
	server := &http.Server{}
	go func() { _ = server.Serve(ln) }() // It ends with Shutdown.
	release := loop.Hold()
	hup, err := signals.Watch(loop, syscall.SIGHUP, func(signals.Signal) {
		err := pool.Upgrade(loop, &pool.UpgradeOptions{Listeners: []childprocess.ListenFD{{Socket: ln}}}, func(pid int, err error) {
			if err != nil {
				fmt.Println("still the old version:", err)
				return
			}
			go func() { // The loop waits for it.
				defer release()
				_ = server.Shutdown(context.Background())
			}()
		})
		if err != nil {
			fmt.Println(err) // ErrReloading: an upgrade is under way.
		}
	})
	if err != nil {
		panic(err)
	}
	hup.Unref()                                    // The server keeps the loop running.
	if _, err := pool.Upgraded(loop); err != nil { // The old version may exit.
		panic(err)
	}
	if err := loop.Run(); err != nil {
		panic(err)
	}
	_ = loop.Close()
}

// inherited returns the listener of the old version, or a new one in the first version.
func inherited() (*net.TCPListener, error) {
	files, err := childprocess.ListenFDs()
	if err != nil {
		return nil, err
	}
	var ln net.Listener
	if len(files) > 0 {
		defer files[0].Close()
		ln, err = net.FileListener(files[0])
	} else {
		ln, err = net.Listen("tcp", "127.0.0.1:8080")
	}
	if err != nil {
		return nil, err
	}
	return ln.(*net.TCPListener), nil
}

// A rolling deploy of servers that accept from a listener of this program. Each new worker is ready
// before an old one stops accepting, and accepted connections are answered.
func ExamplePool_Reload() {
	loop := exampleLoop()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fork := &childprocess.ForkOptions{}
	// The worker calls childprocess.ListenFDs.
	fork.ListenFDs = []childprocess.ListenFD{{Socket: ln.(*net.TCPListener)}}
	p, err := pool.New(loop, &pool.Options{Self: "sum", Min: 2, Max: 2, Fork: fork})
	if err != nil {
		panic(err)
	}
	err = p.Reload(&pool.ReloadOptions{Batch: 1}, func(err error) {
		fmt.Println("reloaded:", err)
		p.Stop(nil, func(*pool.StopReport) { _ = ln.Close() })
	})
	if err != nil {
		panic(err)
	}
	if err := loop.Run(); err != nil {
		panic(err)
	}
	_ = loop.Close()
	// Output: reloaded: <nil>
}
