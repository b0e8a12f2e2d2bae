package ipc_test

import (
	"fmt"
	"io"
	"net"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// exampleChannels returns the two ends of a channel. In a real program the other end is in another
// process: package childprocess starts the process with it, and Parent finds it there.
func exampleChannels(loop *reactor.Loop) (parent, child *ipc.Channel) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		panic(err)
	}
	if parent, err = ipc.New(loop, fds[0], nil); err != nil {
		panic(err)
	}
	if child, err = ipc.New(loop, fds[1], nil); err != nil {
		panic(err)
	}
	return parent, child
}

// A question, an answer and the end.
func ExampleChannel() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	parent, child := exampleChannels(loop)

	type job struct {
		ID      int   `json:"id"`
		Numbers []int `json:"numbers,omitempty"`
		Sum     int   `json:"sum"`
	}
	child.OnMessage(func(m *ipc.Message) {
		var j job
		if err := m.Decode(&j); err != nil {
			fmt.Println(err)
			return
		}
		for _, n := range j.Numbers {
			j.Sum += n
		}
		j.Numbers = nil
		if err := child.Send(j); err != nil {
			fmt.Println(err) // The parent is gone, or does not read.
		}
	})
	child.OnDisconnect(func() { fmt.Println("the child's end is closed too") })

	parent.OnMessage(func(m *ipc.Message) {
		fmt.Printf("%s\n", m.Raw())
		parent.Disconnect()
	})
	if err := parent.Send(job{ID: 7, Numbers: []int{1, 2, 3}}); err != nil {
		panic(err)
	}
	if err := loop.Run(); err != nil {
		panic(err)
	}
	// Output:
	// {"id":7,"sum":6}
	// the child's end is closed too
}

// A connection that one process has accepted and another one serves.
func ExampleMessage_Handle() {
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	parent, child := exampleChannels(loop)
	child.OnMessage(func(m *ipc.Message) {
		h := m.Handle()
		if h == nil {
			return // It came without one.
		}
		conn, err := h.Conn()
		if err != nil {
			fmt.Println(err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "%s has a %s", m.Raw(), h.Type())
	})

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	defer client.Close()
	accepted, err := listener.Accept() // On a goroutine of its own in a real program: it waits.
	if err != nil {
		panic(err)
	}
	// From here on the connection is the child's: it is closed in this process.
	if err := parent.SendWith("the child", &ipc.SendOptions{Handle: accepted}); err != nil {
		panic(err)
	}
	parent.Disconnect() // The child gets the handle first.
	if err := loop.Run(); err != nil {
		panic(err)
	}
	text, err := io.ReadAll(client)
	fmt.Println(string(text), err)
	// Output: "the child" has a net.Socket <nil>
}
