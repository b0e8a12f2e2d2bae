package signals

import (
	"strconv"
	"syscall"
)

// A Signal is a signal number of the system the program was built for, such as [syscall.SIGTERM].
type Signal = syscall.Signal

// named is one name of one signal.
type named struct {
	signal Signal
	name   string // as in <signal.h>, with the SIG
}

// Each platform supplies, in its table files:
//
//	maxSignal Signal         the highest number its kill(2) takes
//	rtMin, rtMax Signal      the real-time signals, both included; without any: 0 and -1, an empty range
//	common, extra []named    every name its <signal.h> has for the others, never written to. common is what the
//	                         systems of one family share, extra the names that this one adds. Name gives the first name of
//	                         a number; later ones are aliases for Parse.
//
// golang.org/x/sys/unix.SignalName is not used because it knows one name for each number, and on
// the BSDs an unusual one: signal 6 is SIGIOT there.

// Name returns the name of s: "SIGTERM", "SIGRTMIN+3", "SIG32". The package comment says how names
// are chosen; [Parse] reads all of them. For a number that is not a signal here, also zero and
// negative ones, it returns a text such as "signal 200", which Parse refuses. The result is never
// empty.
//
// Safe to call from any goroutine.
func Name(s Signal) string {
	for _, table := range [...][]named{common, extra} {
		for _, entry := range table {
			if entry.signal == s {
				return entry.name
			}
		}
	}
	switch {
	case rtMin <= s && s <= rtMax:
		return realTimeName(s)
	case 0 < s && s <= maxSignal:
		return "SIG" + strconv.Itoa(int(s))
	}
	return "signal " + strconv.Itoa(int(s))
}

// realTimeName names a signal of the real-time range from its nearer end. The middle one counts
// from the lower end.
func realTimeName(s Signal) string {
	above, below := int(s-rtMin), int(rtMax-s)
	switch {
	case above == 0:
		return "SIGRTMIN"
	case below == 0:
		return "SIGRTMAX"
	case above <= below:
		return "SIGRTMIN+" + strconv.Itoa(above)
	}
	return "SIGRTMAX-" + strconv.Itoa(below)
}
