package host

// Waiting returns the number of calls of Host.Call that wait for a promise.
func (h *Host) Waiting() int { return len(h.calls) }
