package signals

import "github.com/brood-go/brood/reactor"

// ForgoSignalfd makes a loop do without signalfd(2), as on a system that lacks it. The loop must
// not watch a signal yet.
func ForgoSignalfd(l *reactor.Loop) {
	h, err := hubOf(l)
	if err != nil {
		panic("ForgoSignalfd: " + err.Error())
	}
	h.bellOnly = true
}
