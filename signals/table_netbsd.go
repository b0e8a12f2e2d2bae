package signals

import "golang.org/x/sys/unix"

// See <sys/signal.h>: maxSignal is _NSIG less one. Older versions of the header show the real-time
// range to the kernel only, but the kernel takes these signals from programs all the same.
const (
	maxSignal Signal = 63
	rtMin     Signal = 33
	rtMax     Signal = 63
)

var extra = []named{
	{unix.SIGPWR, "SIGPWR"},
}
