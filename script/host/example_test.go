package host_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

// runner is a host with a loop and a goroutine of its own.
type runner struct {
	loop    *reactor.Loop
	host    *host.Host
	release func()
}

// start makes the host and runs it until release.
func (w *runner) start(source string, wg *sync.WaitGroup) error {
	var err error
	if w.loop, err = reactor.New(nil); err != nil {
		return err
	}
	if w.host, err = host.New(w.loop, nil); err != nil {
		return err
	}
	w.release = w.loop.Hold()
	wg.Go(func() { // Ends after release.
		defer w.loop.Close()
		defer w.host.Close()
		if err := w.host.MainText(source, nil); err != nil {
			return // The script has ended, and calls return ErrExited.
		}
		_, _ = w.host.Run()
	})
	return nil
}

// Several hosts in one program, each on its own loop and goroutine, share nothing, so scripts run
// at once on all processors. Go passes values between them.
func ExampleNew_severalLoops() {
	const source = `
		let calls = 0;
		globalThis.work = async (n) => {
			await new Promise(setImmediate);
			calls++;
			return n * 2;
		};
		globalThis.calls = () => calls;`
	var wg sync.WaitGroup
	runners := make([]runner, 3)
	for i := range runners {
		if err := runners[i].start(source, &wg); err != nil {
			log.Fatal(err)
		}
	}
	number := func(w *runner, fn func(s *engine.Scope) (engine.Value, error)) (n int64) {
		err := w.host.Call(context.Background(), fn, func(v engine.Value) error {
			n = v.Int()
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
		return n
	}
	var jobs sync.WaitGroup
	results := make([]int64, 6)
	for i := range results {
		jobs.Go(func() {
			results[i] = number(&runners[i%len(runners)], func(s *engine.Scope) (engine.Value, error) {
				return s.Global().Invoke("work", s.Int(int64(i)))
			})
		})
	}
	jobs.Wait()
	fmt.Println(results)
	for i := range runners {
		fmt.Print(number(&runners[i], func(s *engine.Scope) (engine.Value, error) { return s.Global().Invoke("calls") }), " ")
		runners[i].release()
	}
	wg.Wait()
	// Output:
	// [0 2 4 6 8 10]
	// 2 2 2
}
