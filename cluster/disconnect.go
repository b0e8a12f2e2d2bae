package cluster

import "syscall"

// Disconnect ends the cluster: the listeners are closed, those of Listen among them, what was
// accepted is handed to workers, and then all of them are told to disconnect, see
// [Worker.Disconnect]. When the last one has ended, done is called, on a later tick; nil: nobody is
// told. After that workers can be forked again.
//
// What was accepted and finds no worker within Options.DisconnectTimeout, because all of them
// refuse or hang, is closed. Another call while the first is under way only adds its done.
func (c *Cluster) Disconnect(done func()) {
	if c.state == stateClosed {
		return
	}
	if done != nil {
		c.onDisconnected = append(c.onDisconnected, done)
	}
	if c.state != stateOpen {
		return
	}
	c.state = stateDraining
	c.failReload(&ReloadError{Err: ErrDisconnecting})
	if timeout := c.o.DisconnectTimeout; timeout > 0 {
		c.drainTimer = c.setTimeout(timeout, c.disconnectWorkers)
	}
	for _, l := range c.listeners {
		c.loop.NextTick(func() { // Pick may be called.
			if c.state == stateDraining {
				l.stopListening()
			}
		})
	}
	c.loop.NextTick(c.distribute)
}

// checkDrained goes on with Disconnect when nothing waits for a worker any more.
func (c *Cluster) checkDrained() {
	if c.state != stateDraining {
		return
	}
	if len(c.workers) > 0 {
		for _, l := range c.listeners {
			if l.untaken > 0 && len(l.shares) > 0 {
				return
			}
		}
	}
	c.disconnectWorkers()
}

// disconnectWorkers closes the listeners and tells the workers.
func (c *Cluster) disconnectWorkers() {
	if c.state != stateDraining {
		return
	}
	c.state = stateDisconnecting
	if c.drainTimer != nil {
		c.drainTimer.Stop()
	}
	for _, l := range c.listeners {
		l.close()
	}
	for _, w := range c.Workers() {
		w.Disconnect()
	}
	c.finishDisconnect()
}

// finishDisconnect calls those who wait for the end of all workers when there is none.
func (c *Cluster) finishDisconnect() {
	if c.state != stateDisconnecting || len(c.workers) > 0 {
		return
	}
	c.state = stateOpen
	done := c.onDisconnected
	c.onDisconnected = nil
	for _, fn := range done {
		c.loop.NextTick(fn)
	}
}

// Kill ends all workers at once, by SIGKILL, and closes the listeners. Their connections are cut,
// and their events come as ever. It is for a program that has no time for Disconnect.
func (c *Cluster) Kill() {
	if c.state == stateClosed {
		return
	}
	if c.state == stateOpen {
		c.state = stateDraining
		c.failReload(&ReloadError{Err: ErrDisconnecting})
	}
	c.disconnectWorkers()
	for _, w := range c.workers {
		_, _ = w.child.Kill(syscall.SIGKILL) // It may have ended just now.
	}
}
