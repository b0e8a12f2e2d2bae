package signals

import "github.com/brood-go/brood/reactor"

// Forwarded reports whether s is on its way to l: pending on its thread, or rung for.
func Forwarded(l *reactor.Loop, s Signal) bool {
	h, err := hubOf(l)
	if err != nil {
		panic("Forwarded: " + err.Error())
	}
	p := &h.source.port
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens[s] > 0 || hasSignal(&p.rung, s)
}

// ReadsSignalfd reports whether l reads a signalfd now.
func ReadsSignalfd(l *reactor.Loop) bool {
	h, err := hubOf(l)
	return err == nil && h.source != nil && h.source.reader != 0
}
