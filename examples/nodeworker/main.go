// Nodeworker forks a Node.js worker, sends it texts and prints its answers: first in JSON, which is
// Node's default, then in V8's own format (Advanced). That carries values that JSON cannot: here a
// Buffer, there and back, and a Map.
//
//	go run ./examples/nodeworker
//
// It needs node on PATH. The worker is worker.js, which is compiled in and given to node -e.
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

//go:embed worker.js
var script string

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "nodeworker:", err)
		os.Exit(1)
	}
}

func run() error {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	err = ask(loop, ipc.JSON, []any{"to be or not to be", "that is the question"}, func(m *ipc.Message) error {
		var answer struct {
			Text  string
			Total int
		}
		err := m.Decode(&answer)
		fmt.Printf("json: %q has %d words\n", answer.Text, answer.Total)
		return err
	})
	if err == nil {
		err = ask(loop, ipc.Advanced, []any{[]byte("to be or not to be")}, func(m *ipc.Message) error {
			var answer struct {
				// a Buffer; JSON would make an object of it, with a list of numbers
				Text   []byte
				Counts map[string]int // a Map; JSON makes {} of it
			}
			err := m.Decode(&answer)
			fmt.Printf("advanced: %q has %v\n", answer.Text, answer.Counts)
			return err
		})
	}
	return errors.Join(err, loop.Close())
}

// ask forks a worker, sends it the texts, and has it end when it has answered all of them. It
// returns all that went wrong.
func ask(loop *reactor.Loop, format ipc.Serialization, texts []any, answered func(*ipc.Message) error) error {
	o := &childprocess.ForkOptions{ExecPath: "node", ExecArgv: []string{"-e"}}
	o.Serialization = format
	worker, err := childprocess.Fork(loop, script, nil, o)
	if err != nil {
		return err
	}
	var wrong []error
	note := func(err error) {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	worker.OnError(note) // It could not be started, or something is wrong with the channel.
	worker.OnSpawn(func() {
		for _, text := range texts {
			note(worker.Send(text)) // It waits in the channel until node has started.
		}
	})
	left := len(texts)
	worker.OnMessage(func(m *ipc.Message) {
		note(answered(m))
		if left--; left == 0 {
			worker.Disconnect() // The worker then ends by itself.
		}
	})
	// A child that was not started has no exit event.
	worker.OnExit(func(status childprocess.ExitStatus) {
		if left > 0 || !status.Success() {
			note(fmt.Errorf("worker: %s, %d texts left", status, left))
		}
	})
	note(loop.Run()) // Until the worker has gone, and nothing else is left to wait for.
	return errors.Join(wrong...)
}
