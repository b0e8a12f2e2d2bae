package signals_test

import (
	"fmt"
	"log"
	"os"
	"syscall"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func ExampleWatch() {
	loop, err := reactor.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	var w *signals.Watcher
	w, err = signals.Watch(loop, syscall.SIGTERM, func(s signals.Signal) {
		fmt.Println("got", signals.Name(s))
		w.Close() // Nothing else holds the loop: Run returns.
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.SetImmediate(func() { _ = syscall.Kill(os.Getpid(), syscall.SIGTERM) })
	if err := loop.Run(); err != nil {
		log.Fatal(err)
	}
	// Output: got SIGTERM
}
