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

// chat is a server of lines: Go has the connections, and a script decides what becomes of what they
// say.
type chat struct {
	host     *host.Host
	handlers map[string]engine.Kept // the script's callbacks, by event
	members  map[int64]net.Conn
	last     int64
}

// bind gives the script on(event, callback), send(member, text) and kick(member).
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
		member := c.members[call.Arg(0).Int()]
		if member == nil {
			return call.Bool(false), nil
		}
		_, err := fmt.Fprintln(member, call.Arg(1).Text())
		return call.Bool(err == nil), nil
	})
	kick := s.Function("kick", func(call *engine.Call) (engine.Value, error) {
		if member := c.members[call.Arg(0).Int()]; member != nil {
			_ = member.Close() // Its reader sees that, and tells of it.
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

// emit calls the script's callback for an event. An exception of it goes to the script's
// uncaughtException, or ends the script, as in Node.
func (c *chat) emit(event string, member int64, text string) {
	_ = c.host.Do(func(s *engine.Scope) error {
		fn, ok := c.handlers[event]
		if !ok {
			return nil
		}
		_, err := s.Kept(fn).Call(s.Undefined(), s.Int(member), s.String(text))
		return err
	})
}

// serve reads one connection, on a goroutine of its own that ends with it. The script and the
// members belong to the loop.
func (c *chat) serve(loop *reactor.Loop, conn net.Conn) {
	defer conn.Close()
	var id int64
	join := func() {
		c.last++
		id = c.last
		c.members[id] = conn
		c.emit("join", id, "")
	}
	if loop.Post(join) != nil {
		return // The server ends.
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		text := lines.Text()
		if loop.Post(func() { c.emit("line", id, text) }) != nil {
			return
		}
	}
	_ = loop.Post(func() {
		delete(c.members, id)
		c.emit("leave", id, "")
	})
}

// A chat server that a script runs by callbacks: it names the members, tells the others what one
// says, and knows a command.
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
	c := &chat{host: h, handlers: map[string]engine.Kept{}, members: map[int64]net.Conn{}}
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
	release := loop.Hold() // as long as the server is to run
	var readers sync.WaitGroup
	readers.Go(func() { // It ends when the listener is closed.
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			readers.Go(func() { c.serve(loop, conn) })
		}
	})
	go func() { // It ends once it has seen what it waits for.
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

// talk is two members of the chat.
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
