package main

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
)

// How much a worker is given in advance, so that it has the next file when it is done with one: this many files, but no
// further one behind this many bytes, which another worker could begin at once.
const (
	aheadFiles = 16
	aheadBytes = 1 << 20
)

// A worker is the pool's side of one process that hashes. Its files are answered in their order.
type worker struct {
	pool  *pool
	child *childprocess.ChildProcess

	ready     bool    // it has started
	dismissed bool    // it was told to end
	files     []*file // that it was given and has not answered
	ahead     int64   // bytes of files
	read      int64   // bytes of the first of files so far
	answers   int     // files
	err       error   // why it was not started, or what it did wrong
}

// startWorker starts a process, to which files can be given once it has started.
func (p *pool) startWorker() (*worker, error) {
	child, err := childprocess.ForkSelf(p.loop, hashWorker, nil, &childprocess.ForkOptions{Options: childprocess.Options{
		Dir:   p.tree.dir,
		Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Ignore, childprocess.Inherit, childprocess.IPC},
	}})
	if err != nil {
		return nil, err
	}
	w := &worker{pool: p, child: child}
	child.OnSpawn(func() {
		w.ready = true
		p.spawned()
	})
	child.OnError(w.note)
	child.OnMessage(w.answer)
	// What it sent before its end has been delivered by then.
	child.OnClose(func(status childprocess.ExitStatus) { p.ended(w, status) })
	if channel := child.Channel(); channel != nil { // It is nil when this program is out of descriptors; see note.
		channel.OnError(w.fail)
	}
	return w, nil
}

// hungry reports whether w can be given another file.
func (w *worker) hungry() bool {
	return w.ready && w.child.Connected() && len(w.files) < aheadFiles && w.ahead < aheadBytes
}

func (w *worker) give(f *file) {
	w.files = append(w.files, f)
	w.ahead += f.size
	if err := w.child.Send(task{Path: []byte(f.path)}); err != nil {
		w.fail(err)
	}
}

// answer is called with each message of the worker.
func (w *worker) answer(m *ipc.Message) {
	var a answer
	if err := m.Decode(&a); err != nil {
		w.fail(err)
		return
	}
	if len(w.files) == 0 {
		w.fail(errors.New("an answer to nothing"))
		return
	}
	w.read = a.Read
	if !a.last() {
		return
	}
	f := w.files[0]
	w.files = w.files[1:]
	w.ahead -= f.size
	w.read = 0
	w.answers++
	var err error
	if a.Error != "" {
		err = errors.New(a.Error)
	}
	w.pool.answered(f, a, err)
}

// dismiss has the worker end by itself.
func (w *worker) dismiss() {
	if !w.dismissed {
		w.dismissed = true
		w.child.Disconnect()
	}
}

// kill ends the worker at once: it has nothing to save.
func (w *worker) kill() {
	_, err := w.child.Kill(syscall.SIGKILL)
	w.note(err)
}

// fail ends a worker with which something is wrong. Others are given its files.
func (w *worker) fail(err error) {
	if !errors.Is(err, syscall.EPIPE) { // That is how its end is seen first; how it ended is told by close.
		w.note(err)
	}
	w.kill()
}

// note keeps the first error.
func (w *worker) note(err error) {
	if w.err == nil {
		w.err = err
	}
}

// death describes the end of a worker that was not to end.
func (w *worker) death(status childprocess.ExitStatus) error {
	if w.err != nil {
		return fmt.Errorf("worker %d: %s: %w", w.child.Pid(), status, w.err)
	}
	return fmt.Errorf("worker %d: %s", w.child.Pid(), status)
}
