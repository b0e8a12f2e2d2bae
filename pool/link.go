package pool

import (
	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// A link is one way to carry jobs to a worker, and answers back. Each [Protocol] has one. What
// comes goes to the methods of the worker that begin with "hear", each in a callback of its own
// where the protocol lets that be; none is called inside a method of the link.
type link interface {
	// send has the worker given a job. An error means that nothing was sent.
	send(m *jobMessage, t *Task) error

	// sendControl has it told something that is no job. It may not arrive: the worker's end may not
	// have been seen yet.
	sendControl(v any)

	// needDrain reports whether the worker should be sent nothing until hearDrain.
	needDrain() bool

	// backlog is what has come and was not heard yet.
	backlog() backlog

	// end tells the worker that nothing more comes. What it still sends is heard.
	end()
}

// backlog is what package ipc and package streams call by this name.
type backlog interface{ Left() bool }

// program is what the workers of a generation run.
type program struct {
	self, module, execPath string
	args                   []string
	fork                   childprocess.ForkOptions
}

// start starts a process of the program, with the slots and the environment given.
func (g *program) start(l *reactor.Loop, stdio []childprocess.Stdio, env []string) (*childprocess.ChildProcess, error) {
	f := g.fork
	f.Stdio = stdio
	f.Env = env
	f.ExecPath = g.execPath
	switch {
	case g.self != "":
		return childprocess.ForkSelf(l, g.self, g.args, &f)
	case hasIPC(stdio):
		return childprocess.Fork(l, g.module, g.args, &f)
	case g.execPath != "":
		args := append(append(append([]string{}, f.ExecArgv...), g.module), g.args...)
		return childprocess.Spawn(l, g.execPath, args, &f.Options)
	}
	return childprocess.Spawn(l, g.module, g.args, &f.Options)
}

func hasIPC(stdio []childprocess.Stdio) bool { return len(stdio) > 3 && stdio[3] == childprocess.IPC }

// messageLink is [Messages].
type messageLink struct {
	worker  *worker
	channel *ipc.Channel
	// jobs that are given in one go leave in one go, the first at once, so that the worker can
	// begin
	gather ipc.SendOptions
}

func newMessageLink(w *worker) *messageLink {
	k := &messageLink{w, w.child.Channel(), ipc.SendOptions{Gather: true}}
	k.channel.Unref()
	k.channel.OnMessage(func(m *ipc.Message) { w.hear(m.Raw(), m) })
	k.channel.OnDrain(w.hearDrain)
	k.channel.OnDisconnect(w.hearEnd)
	return k // Its errors come to those of the child.
}

func (k *messageLink) send(m *jobMessage, t *Task) error {
	asFile := t.file != nil && k.worker.accepts.memfd
	if !asFile && t.handle == nil {
		return k.channel.SendWith(m, &k.gather)
	}
	id := m.ID
	o := &ipc.SendOptions{Handle: t.handle, KeepOpen: true, Received: func(err error) { k.worker.hearReceived(id, err) }}
	if asFile {
		o.Handle, o.KeepOpen = ipc.File{File: t.file}, false
	}
	return k.channel.SendWith(m, o)
}

func (k *messageLink) sendControl(v any) { _ = k.channel.Send(v) }

func (k *messageLink) needDrain() bool { return k.channel.NeedDrain() }

func (k *messageLink) backlog() backlog { return k.channel.Backlog() }

func (k *messageLink) end() {
	if k.channel.Connected() {
		k.channel.Disconnect()
	}
}
