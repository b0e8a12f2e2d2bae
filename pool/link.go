package pool

import (
	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// A link carries jobs to a worker and its answers back. Each [Protocol] has one. It calls the
// methods of the worker that begin with hear, never inside a method of the link. All of it runs on
// the loop goroutine.
type link interface {
	// send sends a job. After an error nothing was sent.
	send(m *jobMessage, t *Task) error

	// sendControl sends a message that is no job. It may be lost if the worker has exited and the
	// link has not seen that yet.
	sendControl(v any)

	// needDrain reports whether the worker should get no job until hearDrain.
	needDrain() bool

	// backlog returns the bytes that have come and were not heard yet.
	backlog() backlog

	// end ends the direction to the worker. Answers of the worker are still heard.
	end()
}

// backlog is ipc.Backlog or streams.Backlog. Left reports whether some of its bytes were not heard
// yet.
type backlog interface{ Left() bool }

// program is the program of the workers of a generation. One of self and module is set, as in
// Options.
type program struct {
	self, module, execPath string
	args                   []string
	fork                   childprocess.ForkOptions
}

// start starts a process of the program with these descriptors and this environment.
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

// messageLink is the link of [Messages]: the child's channel.
type messageLink struct {
	worker  *worker
	channel *ipc.Channel
	// Gather: jobs sent in one turn go in one write, after the first, with which the worker can
	// begin.
	gather ipc.SendOptions
}

func newMessageLink(w *worker) *messageLink {
	k := &messageLink{w, w.child.Channel(), ipc.SendOptions{Gather: true}}
	k.channel.Unref()
	k.channel.OnMessage(func(m *ipc.Message) { w.hear(m.Raw(), m) })
	k.channel.OnDrain(w.hearDrain)
	k.channel.OnDisconnect(w.hearEnd)
	return k // Errors of the channel are the child's.
}

// send sends a job with its handle or file of memory, which the task still owns, because it may
// have to go to another worker.
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
