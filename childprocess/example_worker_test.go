package childprocess_test

import (
	"fmt"
	"strings"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// workers are the parts of this program that run in processes of their own. Its main begins with
//
//	if worker, err := workers.Run(); worker {
//		if err != nil {
//			log.Fatal(err)
//		}
//		return
//	}
var workers = childprocess.Workers{"shout": shout}

// shout answers each text with a louder one, until its parent disconnects or is gone.
func shout(_ *reactor.Loop, parent *ipc.Channel, args []string) error {
	parent.OnMessage(func(m *ipc.Message) {
		var text string
		if err := m.Decode(&text); err != nil {
			return // A message of another type gets no answer.
		}
		// It fails when the parent has exited; then this process exits, too.
		_ = parent.Send(strings.ToUpper(text) + args[0])
	})
	return nil
}

// A program that forks itself.
func ExampleForkSelf() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	child, err := childprocess.ForkSelf(loop, "shout", []string{"!"}, nil)
	if err != nil {
		panic(err) // A mistake in the call.
	}
	child.OnError(func(err error) { fmt.Println(err) }) // The program could not be started.
	child.OnMessage(func(m *ipc.Message) {
		fmt.Printf("%s\n", m.Raw())
		child.Disconnect() // After that nothing keeps the worker alive.
	})
	child.OnClose(func(s childprocess.ExitStatus) { fmt.Println(s) })
	if err := child.Send("hello"); err != nil {
		panic(err)
	}
	if err := loop.Run(); err != nil {
		panic(err)
	}
	// Output:
	// "HELLO!"
	// exit status 0
}
