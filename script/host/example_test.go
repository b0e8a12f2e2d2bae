package host_test

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

// A server in Go that asks a script what to answer: each line of a connection is an event for the script's callback.
func Example() {
	loop, err := reactor.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	h, err := host.New(loop, &host.Options{MemoryLimit: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	script := `
		let lines = 0;
		on('line', (text) => ++lines + ': ' + text.toUpperCase());`
	var callback engine.Kept // the script's, from on()
	if err := h.Do(func(s *engine.Scope) error {
		return s.Global().Set("on", s.Function("on", func(c *engine.Call) (engine.Value, error) {
			if c.Arg(0).Text() != "line" || !c.Arg(1).IsFunction() {
				return c.Undefined(), errors.New("on takes 'line' and a function")
			}
			callback = c.Arg(1).Keep()
			return c.Undefined(), nil
		}))
	}); err != nil {
		log.Fatal(err)
	}
	if err := h.MainText(script, false, false); err != nil {
		log.Fatal(err)
	}
	answer := func(line string) (text string) {
		err := h.Do(func(s *engine.Scope) error {
			v, err := s.Kept(callback).Call(s.Undefined(), s.String(line))
			text = v.Text()
			return err
		})
		if err != nil {
			return "error"
		}
		return text
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	release := loop.Hold() // until the connection below is done
	go func() {            // It ends with its connection.
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			// The script belongs to its loop.
			answered := make(chan string)
			if err := loop.Post(func() { answered <- answer(lines.Text()) }); err != nil {
				return
			}
			fmt.Fprintln(conn, <-answered)
		}
		_ = loop.Post(release)
	}()
	go func() { // It ends once it has its answers.
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return
		}
		defer conn.Close()
		answers := bufio.NewReader(conn)
		for _, line := range []string{"one", "two"} {
			fmt.Fprintln(conn, line)
			got, _ := answers.ReadString('\n')
			fmt.Println(strings.TrimSpace(got))
		}
	}()

	code, err := h.Run()
	fmt.Println("exit code", code, err)
	listener.Close()
	h.Close()
	loop.Close()
	// Output:
	// 1: ONE
	// 2: TWO
	// exit code 0 <nil>
}

// Several hosts in one program, each on its own loop and goroutine.
func ExampleNew_severalLoops() {
	var wg sync.WaitGroup
	results := make([]int, 3)
	for i := range results {
		wg.Go(func() {
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
			if err := h.MainText(fmt.Sprintf("setTimeout(() => process.exit(%d * 2), 1)", i), false, false); err != nil {
				log.Fatal(err)
			}
			results[i], _ = h.Run()
		})
	}
	wg.Wait()
	fmt.Println(results)
	// Output: [0 2 4]
}

// A script that does not come back is interrupted from another goroutine.
func ExampleHost_Interrupt() {
	loop, err := reactor.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	h, err := host.New(loop, &host.Options{Exit: func(code int) {}})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	tooLong := errors.New("more than 20 ms")
	time.AfterFunc(20*time.Millisecond, func() { h.Interrupt(tooLong) })
	err = h.MainText("for (;;);", false, false)
	fmt.Println(errors.Is(err, tooLong))
	// Output: true
}
