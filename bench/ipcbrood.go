package main

import (
	"os"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// forkPair is this process and a child, which may be any program that obeys the same orders as
// ipcChild. The loop runs only while a job is done.
type forkPair struct {
	loop      *reactor.Loop
	child     *childprocess.ChildProcess
	onMessage func(*ipc.Message) // belongs to the present job
	removeDir func()             // removes the files of the child's program; nil without
}

// newForkPair starts this program as the child. Both ends poll busily for a while before they
// sleep.
func newForkPair(busy time.Duration) *forkPair {
	return startPair(busy, self(), []string{"-child-ipc", busy.String()}, nil)
}

// newAdvancedPair is newForkPair with messages in V8's structured clone format.
func newAdvancedPair() *forkPair {
	o := new(childprocess.ForkOptions)
	o.Serialization = ipc.Advanced
	return startPair(0, self(), []string{"-child-ipc", "0s"}, o)
}

// newScriptChild starts a script as the child, by a program with its arguments.
func newScriptChild(command ...string) *forkPair {
	dir, err := os.MkdirTemp("", "brood-bench")
	check(err)
	p := startPair(0, writeScript(dir), []string{"child"}, &childprocess.ForkOptions{ExecPath: command[0], ExecArgv: command[1:]})
	p.removeDir = func() { check(os.RemoveAll(dir)) }
	return p
}

func startPair(busy time.Duration, module string, args []string, o *childprocess.ForkOptions) *forkPair {
	l, err := reactor.New(&reactor.Options{BusyPoll: busy})
	check(err)
	child, err := childprocess.Fork(l, module, args, o)
	check(err)
	p := &forkPair{loop: l, child: child}
	child.OnError(check)
	child.OnMessage(func(m *ipc.Message) { p.onMessage(m) })
	return p
}

// run begins a job and runs the loop until the job stops it.
func (p *forkPair) run(begin func()) time.Duration {
	start := time.Now()
	begin()
	check(p.loop.Run())
	return time.Since(start)
}

func (p *forkPair) send(v any) { check(p.child.Send(v)) }

func (p *forkPair) order(o ipcOrder) {
	p.send(&ipcMessage{N: orderFollows})
	p.send(&o)
}

func (p *forkPair) echo(n int, like *ipcMessage) time.Duration {
	p.order(ipcOrder{Job: "echo"})
	out := *like
	out.N = n - 1
	p.onMessage = func(m *ipc.Message) {
		var in ipcMessage
		check(m.Decode(&in))
		in.mustBe(out.N, like)
		if out.N == 0 {
			p.loop.Stop()
			return
		}
		out.N--
		p.send(&out)
	}
	return p.run(func() { p.send(&out) })
}

func (p *forkPair) source(n int, like *ipcMessage) time.Duration {
	left := n
	return p.receive(n, like, func(m *ipc.Message) {
		left--
		var in ipcMessage
		check(m.Decode(&in))
		in.mustBe(left, like)
	})
}

// receive is source with read for each message.
func (p *forkPair) receive(n int, like *ipcMessage, read func(*ipc.Message)) time.Duration {
	left := n
	p.onMessage = func(m *ipc.Message) {
		read(m)
		if left--; left == 0 {
			p.loop.Stop()
		}
	}
	return p.run(func() { p.order(ipcOrder{Job: "source", Count: n, Message: like}) })
}

// sink sends like n times to the child, which then answers with the number of messages that it got.
func (p *forkPair) sink(n int, like *ipcMessage) time.Duration {
	return p.sinkBy(n, func(p *forkPair) { sendAll(p.child.Channel(), n, *like) })
}

// sinkBy is sink in which send sends the messages.
func (p *forkPair) sinkBy(n int, send func(p *forkPair)) time.Duration {
	p.onMessage = func(m *ipc.Message) {
		var in ipcMessage
		check(m.Decode(&in))
		mustEqual(in.N, n)
		p.loop.Stop()
	}
	return p.run(func() {
		p.order(ipcOrder{Job: "sink"})
		send(p)
	})
}

func (p *forkPair) pids() (parent, child int) { return os.Getpid(), p.child.Pid() }

func (p *forkPair) close() {
	p.child.Disconnect()
	check(p.loop.Run())
	check(p.loop.Close())
	if p.removeDir != nil {
		p.removeDir()
	}
}

// sendAll sends m n times, as fast as the peer takes it.
func sendAll(c *ipc.Channel, n int, m ipcMessage) {
	var drained *events.Listener
	pump := func() {
		for n > 0 && !c.NeedDrain() {
			n--
			m.N = n
			check(c.Send(&m))
		}
		if n == 0 {
			drained.Off()
		}
	}
	drained = c.OnDrain(pump)
	pump()
}
