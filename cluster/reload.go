package cluster

import (
	"slices"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// ReloadOptions say how workers are replaced. A nil *ReloadOptions means all defaults.
type ReloadOptions struct {
	// Batch is how many workers are replaced at a time. 0: one by Reload, and all of them at once
	// by Upgrade.
	Batch int

	// ReadyTimeout is how long a new worker may take until it listens, or until it is online when
	// the one that it replaces has no server. 0: DefaultReadyTimeout; negative: no limit.
	ReadyTimeout time.Duration
}

// A reload replaces old workers, batch by batch: new ones are forked, and when all of a batch are
// ready the old ones are told to disconnect.
type reload struct {
	program    Program
	old        []*Worker // not yet replaced
	batchSize  int
	timeout    time.Duration
	oldBatch   []*Worker // whom the batch replaces
	newBatch   []*Worker // the batch
	mustListen []bool    // whether those that the batch replaces do, so that its workers must
	ready      map[*Worker]bool
	retired    []*Worker // old ones that were told
	timer      *reactor.Timer
	done       func(error)
}

// Reload replaces every worker by a new one of the same program and environment: a new one is
// forked, and when it listens an old one is told to disconnect, see [Worker.Disconnect]. Until then
// both share the servers, and the listeners stay throughout, so that no connection is refused. When
// all old ones have ended done is called with nil; it may be nil.
//
// When a new worker ends before it listens, or does not listen in time, it is killed, and done is
// called with a *[ReloadError]: the old ones that were not replaced yet stay. An old one that dies
// meanwhile is nobody's to replace here.
//
// Errors are [ErrReloading], [ErrDisconnecting] and *[OptionError]; with one done is not called.
func (c *Cluster) Reload(o *ReloadOptions, done func(error)) error {
	return c.startReload(c.program, o, 1, done)
}

// Upgrade is Reload with another program: another module, or another binary. When it is done, that
// is the program of Fork, and all workers run it; when it has failed, none does, unless
// ReloadOptions.Batch was smaller than the number of workers. Until all new ones of a batch listen,
// the old ones of the batch stay.
func (c *Cluster) Upgrade(p *Program, o *ReloadOptions, done func(error)) error {
	if p == nil {
		return &OptionError{"Program", "is nil"}
	}
	program, err := p.checked()
	if err != nil {
		return err
	}
	return c.startReload(program, o, len(c.workers), done)
}

func (c *Cluster) startReload(p Program, o *ReloadOptions, batch int, done func(error)) error {
	var with ReloadOptions
	if o != nil {
		with = *o
	}
	switch {
	case c.state == stateClosed:
		return reactor.ErrClosed
	case c.state != stateOpen:
		return ErrDisconnecting
	case c.reloading != nil:
		return ErrReloading
	case with.Batch < 0:
		return &OptionError{"Batch", "is negative"}
	}
	defaultTo(&with.Batch, max(1, batch))
	defaultTo(&with.ReadyTimeout, DefaultReadyTimeout)
	r := &reload{program: p, batchSize: with.Batch, timeout: with.ReadyTimeout, done: done}
	for _, w := range c.workers {
		if !w.exitedAfterDisconnect {
			r.old = append(r.old, w)
		}
	}
	c.reloading = r
	c.loop.NextTick(c.startBatch)
	return nil
}

// startBatch starts the next batch, or ends the reload when there is none.
func (c *Cluster) startBatch() {
	r := c.reloading
	if r == nil || len(r.newBatch) > 0 {
		return
	}
	// Those that have died or leave have nobody to be replaced by.
	r.old = slices.DeleteFunc(r.old, func(w *Worker) bool { return w.exitedAfterDisconnect || w.exited })
	if len(r.old) == 0 {
		c.program = r.program // All that are left run it.
		c.finishReload()
		return
	}
	n := min(r.batchSize, len(r.old))
	r.oldBatch, r.old = r.old[:n:n], r.old[n:]
	r.ready = map[*Worker]bool{}
	for _, old := range r.oldBatch {
		w, err := c.forkProgram(r.program, old.env)
		if err != nil {
			c.failReload(&ReloadError{Err: err})
			return
		}
		r.newBatch = append(r.newBatch, w)
		r.mustListen = append(r.mustListen, old.state == StateListening)
	}
	if r.timeout > 0 {
		r.timer = c.setTimeout(r.timeout, func() { c.onReloadTimeout(r) })
	}
}

// onReloadTimeout ends a reload whose batch was not ready in time.
func (c *Cluster) onReloadTimeout(r *reload) {
	for _, w := range r.newBatch {
		if c.reloading == r && !r.ready[w] {
			c.failReload(&ReloadError{Worker: w, Err: ErrNotListening})
			return
		}
	}
}

// onReloadReady is called when a worker listens, or is online.
func (c *Cluster) onReloadReady(w *Worker) {
	r := c.reloading
	if r == nil {
		return
	}
	i := slices.Index(r.newBatch, w)
	if i < 0 || r.mustListen[i] && w.state != StateListening {
		return
	}
	r.ready[w] = true
	if len(r.ready) < len(r.newBatch) {
		return
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	retire := r.oldBatch
	r.newBatch, r.oldBatch, r.mustListen, r.ready = nil, nil, nil, nil
	r.retired = append(r.retired, retire...)
	for _, old := range retire {
		old.Disconnect()
	}
	c.loop.NextTick(c.startBatch)
}

// finishReload ends a reload that was a success when all old workers have ended.
func (c *Cluster) finishReload() {
	r := c.reloading
	if slices.ContainsFunc(r.retired, func(w *Worker) bool { return !w.exited }) {
		return
	}
	c.reloading = nil
	c.reportReload(r, nil)
}

// onReloadExit is called when a worker has ended.
func (c *Cluster) onReloadExit(w *Worker, status childprocess.ExitStatus) {
	r := c.reloading
	if r == nil {
		return
	}
	if slices.Contains(r.newBatch, w) {
		w.exitedAfterDisconnect = true // It was nobody's replacement yet.
		c.failReload(&ReloadError{w, status, ErrExited})
		return
	}
	c.startBatch()
}

// failReload ends a reload that has failed: those of its new workers that replace nobody yet are
// killed.
func (c *Cluster) failReload(err *ReloadError) {
	r := c.reloading
	if r == nil {
		return
	}
	c.reloading = nil
	if r.timer != nil {
		r.timer.Stop()
	}
	for _, w := range r.newBatch {
		if w.exited {
			continue
		}
		if r.ready[w] {
			w.Disconnect() // It may have connections.
			continue
		}
		w.exitedAfterDisconnect = true
		_, _ = w.child.Kill(syscall.SIGKILL) // It may have ended just now.
	}
	c.reportReload(r, err)
}

func (c *Cluster) reportReload(r *reload, err error) {
	if r.done != nil {
		c.loop.NextTick(func() { reactor.Call(c.loop, r.done, err) })
	}
}
