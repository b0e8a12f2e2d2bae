package cluster

import "syscall"

// Disconnect closes the listeners, including those of Listen, assigns the connections that were
// already accepted to workers, and then calls [Worker.Disconnect] on every worker. When the last
// worker has exited, done is called on a later tick; it may be nil. From then on Fork works again.
//
// A connection that no worker takes within Options.DisconnectTimeout, because all of them refuse or
// hang, is closed. A call during another Disconnect only adds its done. On a closed loop Disconnect
// does nothing, and done is not called.
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
		// stopListening may call Pick, which must not run inside this call.
		c.loop.NextTick(func() {
			if c.state == stateDraining {
				l.stopListening()
			}
		})
	}
	c.loop.NextTick(c.distribute)
}

// checkDrained continues Disconnect when no worker can take any of the connections left, or none is
// left.
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

// disconnectWorkers ends stateDraining: it closes the listeners and disconnects the workers.
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

// finishDisconnect ends stateDisconnecting once every worker has exited, and calls the callbacks.
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

// Kill sends SIGKILL to every worker and closes the listeners, which cuts all connections.
// OnDisconnect and OnExit follow for each worker. Use it if there is no time for Disconnect.
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
		_, _ = w.child.Kill(syscall.SIGKILL) // The worker may have exited just now.
	}
}
