package host

// Waiting returns how many calls of Host.Call wait for a promise.
func (h *Host) Waiting() int { return len(h.calls) }
