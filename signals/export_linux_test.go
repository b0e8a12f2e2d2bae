package signals

import "github.com/brood-go/brood/reactor"

// Forwarded returns how many signals s are on their way to l: pending on its thread, or rung.
func Forwarded(l *reactor.Loop, s Signal) int {
	h, err := hubOf(l)
	if err != nil {
		panic("Forwarded: " + err.Error())
	}
	p := &h.source.port
	p.mu.Lock()
	defer p.mu.Unlock()
	n := int(p.tokens[s])
	if hasSignal(&p.rung, s) {
		n++
	}
	return n
}

// ReadsSignalfd reports whether l reads a signalfd now.
func ReadsSignalfd(l *reactor.Loop) bool {
	h, err := hubOf(l)
	return err == nil && h.source != nil && h.source.thread != 0
}
