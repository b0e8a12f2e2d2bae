//go:build darwin || freebsd || linux

package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"syscall"

	"github.com/tidwall/evio"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// maxInput bounds what a client may send ahead of its running command, in bytes: evio reads whatever comes.
const maxInput = 64 << 10

// A client is one connection. All of it happens on evio's goroutine.
type client struct {
	loop   *reactor.Loop
	output *streams.Writable // a copy of the connection's descriptor
	input  []byte            // commands not yet started
	child  *childprocess.ChildProcess
}

func newClient(loop *reactor.Loop, c evio.Conn) (*client, error) {
	fd, err := copyDescriptor(c)
	if err != nil {
		return nil, err
	}
	// Output and status are small writes right after each other: the second would wait for the client's delayed
	// acknowledgement of the first, 40 ms (tcp(7)).
	err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	output, err := streams.NewWritable(loop, fd, nil)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	cl := &client{loop: loop, output: output}
	output.OnDrain(cl.next)
	return cl, nil
}

// receive takes what the client has sent. It returns false when that was too much.
func (c *client) receive(in []byte) bool {
	c.input = append(c.input, in...)
	c.next()
	if len(c.input) <= maxInput {
		return true
	}
	c.say("too much input")
	return false
}

// next starts the next command once the last one has ended and the client has read enough of what is there.
func (c *client) next() {
	for c.child == nil && !c.output.NeedDrain() && !c.output.Closed() {
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
	if err := sealDescriptors(); err != nil {
		c.say(err.Error())
		return
	}
	child, err := childprocess.Spawn(c.loop, file, args, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Pipe},
	})
	if err != nil {
		c.say(err.Error())
		return
	}
	c.child = child
	var failed error
	child.OnError(func(err error) { failed = err })
	child.OnClose(func(status childprocess.ExitStatus) {
		c.child = nil
		if failed != nil {
			c.say(failed.Error())
		} else {
			c.say(status.String())
		}
		c.next()
	})
	for _, s := range child.Stdio { // Empty when the server is out of descriptors, which the error event tells.
		if s.Readable != nil {
			s.Readable.Pipe(c.output, &streams.PipeOptions{KeepOpen: true})
		}
	}
}

// say writes a line that is not a command's.
func (c *client) say(text string) {
	// It fails only for a client that is gone.
	_, _ = c.output.WriteString("# " + text + "\n")
}

// gone is called when the client has disconnected. The copy of the descriptor is closed at once: as long as it is open,
// evio's epoll goes on reporting the connection, under a number that soon is another's.
func (c *client) gone() {
	c.output.Destroy(nil)
	if c.child != nil {
		// It is our child and not waited for, so it can be signalled, unless it runs as another user by now; then the end of
		// its output has to do.
		_, _ = c.child.Kill(syscall.SIGKILL)
	}
}
