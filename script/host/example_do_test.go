package host_test

import (
	"fmt"
	"log"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

// Go calls functions of a script, and the script calls functions of Go.
func ExampleHost_Do() {
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
	err = h.Do(func(s *engine.Scope) error {
		return s.Global().Set("double", s.Function("double", func(c *engine.Call) (engine.Value, error) {
			return c.Float(2 * c.Arg(0).Float()), nil
		}))
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := h.MainText("globalThis.answer = (n) => double(n) + 2", nil); err != nil {
		log.Fatal(err)
	}
	err = h.Do(func(s *engine.Scope) error {
		answer, err := s.Global().Get("answer")
		if err != nil {
			return err
		}
		v, err := answer.Call(s.Undefined(), s.Int(20))
		fmt.Println(v.Int())
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: 42
}
