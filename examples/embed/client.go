package main

import (
	"bytes"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/streams"
)

const (
	// maxInput is the number of bytes that a client may send ahead of its running command.
	maxInput = 64 << 10

	// killGrace is the time from SIGTERM to SIGKILL for the command of a client that has gone.
	killGrace = time.Second
)

// A client is one connection, on brood's loop.
type client struct {
	server *server
	conn   *streams.Duplex
	input  []byte // commands not yet started
	child  *childprocess.ChildProcess
}

// add makes a client of a connection. It owns fd if there is no error.
func (s *server) add(fd int) error {
	// Output and status are small writes right after each other: the second would wait for the
	// client's delayed acknowledgement of the first, 40 ms (tcp(7)).
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	conn, err := streams.NewDuplex(s.brood, fd, nil)
	if err != nil {
		return err
	}
	c := &client{server: s, conn: conn}
	s.clients[c] = true
	conn.Readable.OnData(c.receive)
	conn.Readable.OnClose(c.leave)        // At its end, too.
	conn.Readable.OnError(func(error) {}) // The client has gone, and the close follows.
	// The client has gone, so there is no one to send the error to.
	conn.Writable.OnError(func(error) { c.leave() })
	conn.Writable.OnDrain(c.next)
	return nil
}

// leave ends the command of a client and its connection. Doing so twice does nothing.
func (c *client) leave() {
	delete(c.server.clients, c)
	c.input = nil
	c.conn.Destroy(nil)
	if c.child != nil {
		c.child.Terminate(killGrace)
		// The output has no reader any more, and a process that has left the group may hold it.
		for _, s := range c.child.Stdio {
			if s.Readable != nil {
				s.Readable.Destroy(nil)
			}
		}
	}
}

// receive takes a chunk of the client's input.
func (c *client) receive(chunk []byte) {
	c.input = append(c.input, chunk...)
	c.next()
	if len(c.input) > maxInput {
		c.say("too much input")
		c.input = nil
		c.conn.Readable.Destroy(nil) // The close ends the rest.
	}
}

// next starts the next command once the last one has ended and the client has read enough of its
// output.
func (c *client) next() {
	for c.child == nil && !c.conn.Writable.NeedDrain() {
		line, rest, ok := bytes.Cut(c.input, []byte("\n"))
		if !ok {
			return
		}
		c.input = rest
		if fields := strings.Fields(string(line)); len(fields) > 0 {
			c.start(fields[0], fields[1:])
		}
	}
}

func (c *client) start(file string, args []string) {
	child, err := childprocess.Spawn(c.server.brood, file, args, &childprocess.Options{
		Stdio:     []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Pipe},
		KillScope: childprocess.ScopeGroup, // With its own children.
	})
	if err != nil {
		c.say(err.Error())
		return
	}
	c.child = child
	child.OnError(func(err error) { c.say(err.Error()) })
	child.OnClose(func(status childprocess.ExitStatus) {
		c.child = nil
		if child.Pid() != 0 {
			c.say(status.String())
		}
		c.next()
	})
	// Empty when the server is out of descriptors, which the error event tells.
	for _, s := range child.Stdio {
		if s.Readable != nil {
			s.Readable.Pipe(c.conn.Writable, &streams.PipeOptions{KeepOpen: true})
		}
	}
}

// say writes a line that is not a command's.
func (c *client) say(text string) {
	_, _ = c.conn.Writable.WriteString("# " + text + "\n") // OnError reports its errors.
}
