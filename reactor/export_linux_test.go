package reactor

// ForceMilliseconds makes the poller do without epoll_pwait2(2), as on kernels before 5.11.
func (l *Loop) ForceMilliseconds() { l.poller.noTimeval = true }
