package host_test

import (
	"fmt"
	"log"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

// A script awaits an answer of Go, and Go awaits a promise of the script.
func ExampleHost_Await() {
	loop, err := reactor.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	h, err := host.New(loop, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	ask := func(c *engine.Call) (engine.Value, error) { // returns a promise of an answer
		promise, resolve, _ := c.Promise()
		kept, answer := resolve.Keep(), "an answer to "+c.Arg(0).Text()
		release := loop.Hold() // Keeps the loop running until the answer.
		go func() {            // Ends after its one post to the loop.
			_ = loop.Post(func() {
				release()
				_ = h.Do(func(s *engine.Scope) error {
					resolve := s.Kept(kept)
					s.Engine().Release(&kept)
					_, err := resolve.Call(s.Undefined(), s.String(answer))
					return err
				})
			})
		}()
		return promise, nil
	}
	err = h.Do(func(s *engine.Scope) error { return s.Global().Set("ask", s.Function("ask", ask)) })
	if err != nil {
		log.Fatal(err)
	}
	if err := h.MainText("globalThis.work = async (what) => (await ask(what)).toUpperCase()", nil); err != nil {
		log.Fatal(err)
	}
	err = h.Do(func(s *engine.Scope) error {
		promise, err := s.Global().Invoke("work", s.String("a question"))
		if err != nil {
			return err
		}
		return h.Await(promise, func(_ *engine.Scope, v engine.Value, err error) { fmt.Println(v.Text(), err) })
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := h.Run(); err != nil {
		log.Fatal(err)
	}
	// Output: AN ANSWER TO A QUESTION <nil>
}
