package signals

import "golang.org/x/sys/unix"

// NSIG of <sys/signal.h>, less one. There are no real-time signals.
const (
	maxSignal Signal = 32
	rtMin     Signal = 0
	rtMax     Signal = -1
)

var extra = []named{
	{unix.SIGTHR, "SIGTHR"},
}
