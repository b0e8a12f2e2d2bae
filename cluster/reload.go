package cluster

import (
	"slices"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// ReloadOptions configure Reload and Upgrade. A nil *ReloadOptions means all defaults.
type ReloadOptions struct {
	// Batch is the number of workers that are replaced at a time. 0: one for Reload, all for
	// Upgrade.
	Batch int

	// ReadyTimeout bounds the time until a new worker listens or, if the worker it replaces has no
	// server, is online. 0: DefaultReadyTimeout; negative: no limit.
	ReadyTimeout time.Duration
}

// A reload replaces workers batch by batch: it forks the new workers of a batch, and when all of
// them are ready, it disconnects the old ones. It is used on the loop goroutine.
type reload struct {
	program   Program
	old       []*Worker // workers that no batch has replaced yet
	batchSize int
	timeout   time.Duration // ReadyTimeout

	// The current batch; all nil between batches.
	oldBatch   []*Worker        // workers that it replaces
	newBatch   []*Worker        // its new workers, forked so far
	mustListen []bool           // by index of newBatch: ready means listening, not just online
	ready      map[*Worker]bool // the ready workers of newBatch

	retired []*Worker      // old workers of earlier batches; some may not have exited
	timer   *reactor.Timer // of the latest batch; nil: no limit
	done    func(error)    // nil: nothing to call
}

// Reload replaces every worker by a new one with the same program and environment. When a new
// worker listens, [Worker.Disconnect] is called on an old one. Until then both share the servers.
// The listeners stay open throughout, so no connection is refused. When all old workers have
// exited, done is called on a later tick with nil; done may be nil.
//
// If a new worker exits before it listens, or does not listen in time, the reload fails: new
// workers that replaced none are killed, or disconnected if they listen already, and done is called
// with a *[ReloadError]. Old workers that were not replaced yet stay. An old worker that dies
// during the reload is not replaced.
//
// If Reload returns an error, done is not called. The error is [ErrReloading], [ErrDisconnecting],
// an *[OptionError] or [reactor.ErrClosed].
func (c *Cluster) Reload(o *ReloadOptions, done func(error)) error {
	return c.startReload(c.program, o, 1, done)
}

// Upgrade is Reload with another program: another module, or another binary. On success all workers
// run p, and Fork starts p. On failure no worker runs p, unless ReloadOptions.Batch was below the
// number of workers and an earlier batch succeeded. The old workers of a batch stay until all new
// ones are ready.
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

// startReload starts a reload on the next tick. batch is the default of Batch.
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

// startBatch starts the next batch, or finishes the reload if no worker is left to replace.
func (c *Cluster) startBatch() {
	r := c.reloading
	if r == nil || len(r.newBatch) > 0 {
		return
	}
	// A worker that exits or disconnects by itself is not replaced.
	r.old = slices.DeleteFunc(r.old, func(w *Worker) bool { return w.exitedAfterDisconnect || w.exited })
	if len(r.old) == 0 {
		c.program = r.program // All workers that stay run it.
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

// onReloadTimeout fails the reload, because the batch was not ready in time.
func (c *Cluster) onReloadTimeout(r *reload) {
	for _, w := range r.newBatch {
		if c.reloading == r && !r.ready[w] {
			c.failReload(&ReloadError{Worker: w, Err: ErrNotListening})
			return
		}
	}
}

// onReloadReady handles a worker that has come online or listens. It ends the batch if all of its
// workers are ready.
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

// finishReload ends a successful reload, once all old workers have exited.
func (c *Cluster) finishReload() {
	r := c.reloading
	if slices.ContainsFunc(r.retired, func(w *Worker) bool { return !w.exited }) {
		return
	}
	c.reloading = nil
	c.reportReload(r, nil)
}

// onReloadExit handles the exit of a worker during a reload.
func (c *Cluster) onReloadExit(w *Worker, status childprocess.ExitStatus) {
	r := c.reloading
	if r == nil {
		return
	}
	if slices.Contains(r.newBatch, w) {
		w.exitedAfterDisconnect = true // It had replaced no worker yet.
		c.failReload(&ReloadError{w, status, ErrExited})
		return
	}
	c.startBatch()
}

// failReload ends the reload with an error, and gives up the new workers of the current batch.
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
		_, _ = w.child.Kill(syscall.SIGKILL) // It may have exited just now.
	}
	c.reportReload(r, err)
}

// reportReload calls the callback on the next tick.
func (c *Cluster) reportReload(r *reload, err error) {
	if r.done != nil {
		c.loop.NextTick(func() { reactor.Call(c.loop, r.done, err) })
	}
}
