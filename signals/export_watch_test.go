package signals

import "github.com/brood-go/brood/reactor"

// ForgoSignalfd makes a loop that watches no signal yet do without signalfd(2), as on a system that
// lacks it.
func ForgoSignalfd(l *reactor.Loop) {
	h, err := hubOf(l)
	if err != nil {
		panic("ForgoSignalfd: " + err.Error())
	}
	h.bellOnly = true
}
