package childprocess

// leadsGroup reports whether the child is to lead a process group of its own: a detached one does, and a shell that may have
// to be ended, since what it runs would outlive it.
func (o *Options) leadsGroup() bool {
	if o.Setpgid {
		return o.Pgid == 0
	}
	return o.Detached || o.Shell != "" && (o.Timeout > 0 || o.Context != nil && o.Context.Done() != nil)
}

// signalGroup signals every process of the group that the child leads. It returns ESRCH when there is none left or it cannot
// be told from another any more.
func (c *ChildProcess) signalGroup(s Signal) error {
	return c.process.SignalGroup(s, c.state > childRunning)
}

// inOwnGroup reports whether the running child is in the group that was made for it, if one was.
func (c *ChildProcess) inOwnGroup() bool { return c.leads && c.process.InOwnGroup() }
