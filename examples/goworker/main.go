// Goworker is a worker for a Node.js parent: it gets numbers as messages and tells which of them
// are prime. To Node it is a child as any other with a channel:
//
//	const { spawn } = require('node:child_process');
//	const worker = spawn('./goworker', { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
//	worker.on('message', ({ number, prime }) => console.log(number, prime));
//	worker.send({ number: '170141183460469231731687303715884105727' });
//
// The same with a few more numbers is parent.js:
//
//	go build -o /tmp/goworker ./examples/goworker && node examples/goworker/parent.js /tmp/goworker
//
// The worker ends when the parent disconnects or is gone, however that came. The parent may choose
// serialization: 'advanced'; that changes nothing here.
package main

import (
	"errors"
	"fmt"
	"math/big"
	"os"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// maxDigits keeps a question from taking minutes, in which the worker would answer no other.
const maxDigits = 1000

type question struct {
	Number string `json:"number"` // JavaScript's own numbers are exact only up to 2⁵³
}

type answer struct {
	Number string `json:"number"`
	Prime  bool   `json:"prime"`
	Error  string `json:"error,omitempty"`
}

func main() {
	if err := run(); err != nil {
		complain(err)
		os.Exit(1)
	}
}

func complain(err error) { fmt.Fprintln(os.Stderr, "goworker:", err) }

func run() error {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	parent, err := ipc.Parent(loop) // ipc.ErrNoParent when somebody starts it by hand.
	if err == nil {
		// A line that is no message, or an answer that is lost because the parent has gone. Neither
		// ends the channel.
		parent.OnError(complain)
		parent.OnMessage(func(m *ipc.Message) {
			if err := parent.Send(reply(m)); err != nil {
				complain(err)
			}
		})
		err = loop.Run() // Until the channel has ended: nothing else keeps it alive.
	}
	return errors.Join(err, loop.Close())
}

func reply(m *ipc.Message) answer {
	var q question
	if err := m.Decode(&q); err != nil {
		return answer{Error: err.Error()}
	}
	if len(q.Number) <= maxDigits {
		if n, ok := new(big.Int).SetString(q.Number, 10); ok {
			return answer{Number: q.Number, Prime: n.ProbablyPrime(20)}
		}
	}
	return answer{Number: q.Number, Error: fmt.Sprintf("not a number of at most %d digits", maxDigits)}
}
