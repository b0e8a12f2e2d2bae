package host_test

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"sync"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

// chat is a server of text lines: Go has the connections, and a script decides how the lines are
// answered.
type chat struct {
	host     *host.Host
	handlers map[string]engine.Kept // the script's callbacks, by event
	guests   map[int64]net.Conn
	last     int64
}

// bind gives the script on(event, callback), send(guest, text) and kick(guest).
func (c *chat) bind(s *engine.Scope) error {
	on := s.Function("on", func(call *engine.Call) (engine.Value, error) {
		event, fn := call.Arg(0).Text(), call.Arg(1)
		if !fn.IsFunction() {
			// The script gets an Error.
			return call.Undefined(), fmt.Errorf("on(%q) takes a function", event)
		}
		if old, ok := c.handlers[event]; ok {
			call.Engine().Release(&old)
		}
		c.handlers[event] = fn.Keep()
		return call.Undefined(), nil
	})
	send := s.Function("send", func(call *engine.Call) (engine.Value, error) {
		guest := c.guests[call.Arg(0).Int()]
		if guest == nil {
			return call.Bool(false), nil
		}
		_, err := fmt.Fprintln(guest, call.Arg(1).Text())
		return call.Bool(err == nil), nil
	})
	kick := s.Function("kick", func(call *engine.Call) (engine.Value, error) {
		if guest := c.guests[call.Arg(0).Int()]; guest != nil {
			_ = guest.Close() // serve notices, and emits leave.
		}
		return call.Undefined(), nil
	})
	for name, fn := range map[string]engine.Value{"on": on, "send": send, "kick": kick} {
		if err := s.Global().Set(name, fn); err != nil {
			return err
		}
	}
	return nil
}

// emit calls the script's callback for an event. Its exception goes to the script's
// uncaughtException, or ends the script, as in Node.
func (c *chat) emit(event string, guest int64, text string) {
	_ = c.host.Do(func(s *engine.Scope) error {
		fn, ok := c.handlers[event]
		if !ok {
			return nil
		}
		_, err := s.Kept(fn).Call(s.Undefined(), s.Int(guest), s.String(text))
		return err
	})
}

// serve reads one connection, on a goroutine of its own that ends with it. The script and the
// guests belong to the loop.
func (c *chat) serve(loop *reactor.Loop, conn net.Conn) {
	defer conn.Close()
	var id int64
	join := func() {
		c.last++
		id = c.last
		c.guests[id] = conn
		c.emit("join", id, "")
	}
	if loop.Post(join) != nil {
		return // The loop is closed.
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		text := lines.Text()
		if loop.Post(func() { c.emit("line", id, text) }) != nil {
			return
		}
	}
	_ = loop.Post(func() {
		delete(c.guests, id)
		c.emit("leave", id, "")
	})
}

// A chat server that a script controls with callbacks: it names the guests, passes on their lines,
// and has a command.
func Example() {
	loop, err := reactor.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	h, err := host.New(loop, &host.Options{MemoryLimit: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	c := &chat{host: h, handlers: map[string]engine.Kept{}, guests: map[int64]net.Conn{}}
	if err := h.Do(c.bind); err != nil {
		log.Fatal(err)
	}
	if err := h.MainText(`
		const names = new Map();
		const tell = (text, but) => { for (const id of names.keys()) if (id !== but) send(id, text) };
		on('join', (id) => {
			names.set(id, 'guest ' + id);
			tell(names.get(id) + ' joins');
		});
		on('line', (id, text) => {
			const name = /^\/name (\S+)$/.exec(text)?.[1];
			if (text === '/quit') return kick(id);
			if (name === undefined) return tell(names.get(id) + ': ' + text);
			tell(names.get(id) + ' is ' + name);
			names.set(id, name);
		});
		on('leave', (id) => {
			tell(names.get(id) + ' leaves', id);
			names.delete(id);
		});`, nil); err != nil {
		log.Fatal(err)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	release := loop.Hold() // keeps the loop running while the server runs
	var readers sync.WaitGroup
	readers.Go(func() { // Ends when the listener is closed.
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			readers.Go(func() { c.serve(loop, conn) })
		}
	})
	go func() { // Ends after talk and release.
		talk(listener.Addr().String())
		listener.Close()
		readers.Wait()
		release()
	}()
	code, err := h.Run()
	fmt.Println("exit code", code, err)
	// Output:
	// ada: guest 1 joins
	// ada: guest 2 joins
	// bob: guest 2 joins
	// ada: guest 1 is ada
	// bob: guest 1 is ada
	// ada: ada: hello
	// bob: ada: hello
	// ada: guest 2 leaves
	// exit code 0 <nil>
}

// talk is two guests of the chat.
func talk(address string) {
	dial := func(name string) (say func(string), hear func()) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			log.Fatal(err)
		}
		lines := bufio.NewScanner(conn)
		return func(text string) {
				if text == "" {
					conn.Close()
					return
				}
				fmt.Fprintln(conn, text)
			}, func() {
				if lines.Scan() {
					fmt.Println(name + ": " + lines.Text())
				}
			}
	}
	ada, adaHears := dial("ada")
	adaHears()
	bob, bobHears := dial("bob")
	for _, say := range []func(){func() {}, func() { ada("/name ada") }, func() { ada("hello") }} {
		say()
		adaHears()
		bobHears()
	}
	bob("/quit")
	adaHears()
	bob("")
	ada("")
}
