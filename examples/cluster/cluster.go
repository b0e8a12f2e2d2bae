package main

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

const (
	// maxPending is the number of connections that may be on their way to workers. When those hang, no more are accepted,
	// and the kernel's backlog fills.
	maxPending = 64

	// acceptPause is the time after which accept is tried again when the system refused it: EMFILE, for instance.
	acceptPause = 100 * time.Millisecond

	// handPause is the time after which a connection is given to another worker when one that lives could not take it.
	handPause = 100 * time.Millisecond

	// restartPause is the time after which a worker that died is replaced, lest one that always does takes a processor.
	restartPause = 100 * time.Millisecond
)

// A cluster hands the connections of a server to workers. All of it but accept is used on the loop goroutine.
type cluster struct {
	loop    *reactor.Loop
	server  *ipc.Server
	node    bool // what the workers are
	workers []*worker
	turn    int           // index of the worker that is next
	pending chan struct{} // holds one for each connection that no worker has taken, and for the one that accept is at
	waiting []net.Conn    // those among them that came when there was no worker
	ending  bool          // the workers are told to end
	err     error         // why, if not because of a signal
}

// A worker is one place in the cluster. When its process dies, another one takes it.
type worker struct {
	number int
	child  *childprocess.ChildProcess
	ready  bool // a process of it has come so far as to say so
	served int  // connections
}

func newCluster(loop *reactor.Loop, ln net.Listener, n int, node bool) (*cluster, error) {
	server, err := ipc.NewServer(loop, ln)
	if err != nil {
		return nil, err
	}
	c := &cluster{loop: loop, server: server, node: node, pending: make(chan struct{}, maxPending)}
	for i := range n {
		w := &worker{number: i + 1}
		if err := c.start(w); err != nil {
			return nil, err
		}
		c.workers = append(c.workers, w)
	}
	server.OnClose(c.end)
	go c.accept() // It ends when the server is closed. Nobody waits for that: what it accepts the server waits for.
	return c, nil
}

// accept is on a goroutine of its own.
func (c *cluster) accept() {
	for {
		c.pending <- struct{}{}
		conn, err := c.server.Accept()
		switch {
		case err == nil:
			_ = c.loop.Post(func() { c.hand(conn) }) // The loop is not closed before the connection is.
		case errors.Is(err, net.ErrClosed):
			return
		default:
			complain(err)
			<-c.pending
			time.Sleep(acceptPause) // The loop goes on: this goroutine does nothing but accept.
		}
	}
}

// hand gives a connection to the next worker. It stays open here until that has said that it has it, so that it can go to
// another one if this one dies.
func (c *cluster) hand(conn net.Conn) {
	if c.ending {
		c.done(conn)
		return
	}
	w := c.next()
	if w == nil {
		c.waiting = append(c.waiting, conn)
		return
	}
	err := w.child.SendWith("connection", &ipc.SendOptions{Handle: conn, KeepOpen: true, Received: func(err error) {
		switch {
		case err == nil:
			w.served++
			c.done(conn)
		case errors.Is(err, ipc.ErrChannelClosed):
			c.hand(conn) // The worker has died.
		default:
			complain(err) // Neither it nor we may have descriptors left.
			c.loop.SetTimeout(handPause, func() { c.hand(conn) })
		}
	}})
	if err != nil {
		complain(err)
		c.done(conn)
	}
}

// next returns the worker whose turn it is, nil if there is none.
func (c *cluster) next() *worker {
	for range c.workers {
		w := c.workers[c.turn]
		c.turn = (c.turn + 1) % len(c.workers)
		if w.child.Connected() {
			return w
		}
	}
	return nil
}

// done closes a connection here.
func (c *cluster) done(conn net.Conn) {
	_ = conn.Close() // Nothing was written to it.
	<-c.pending
}

// start starts a process for w.
func (c *cluster) start(w *worker) error {
	child, err := fork(c.loop, w.number, c.node)
	if err != nil {
		return err
	}
	w.child = child
	child.OnMessage(func(*ipc.Message) { w.ready = true })
	child.OnError(func(err error) {
		if _, ok := errors.AsType[*childprocess.SpawnError](err); ok {
			c.fail(err)
			return
		}
		complain(err) // It has said something that makes no sense.
	})
	child.OnClose(func(status childprocess.ExitStatus) {
		death := fmt.Errorf("worker %d, pid %d: %s", w.number, child.Pid(), status)
		switch {
		case !c.ending:
			c.replace(w, death)
		case c.err == nil && !status.Success():
			complain(death)
		}
	})
	return nil
}

// replace starts another process for a worker that has died.
func (c *cluster) replace(w *worker, death error) {
	if !w.ready {
		c.fail(death) // The next one would not come further.
		return
	}
	complain(death)
	c.loop.SetTimeout(restartPause, func() {
		if c.ending {
			return
		}
		if err := c.start(w); err != nil {
			c.fail(err)
			return
		}
		waiting := c.waiting
		c.waiting = nil
		for _, conn := range waiting {
			c.hand(conn)
		}
	})
}

// stop has no more accepted. When the last connection is closed, in whatever process, the server calls end.
func (c *cluster) stop() {
	_ = c.server.Close() // It fails when it was closed before.
}

// end has the workers end.
func (c *cluster) end() {
	c.ending = true
	for _, w := range c.workers {
		if w.child.Connected() {
			w.child.Disconnect()
		}
	}
	for _, conn := range c.waiting {
		c.done(conn)
	}
	c.waiting = nil
}

// fail ends the cluster because there is no worker to be had.
func (c *cluster) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.stop()
	c.end()
}
