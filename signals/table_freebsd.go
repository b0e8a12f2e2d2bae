package signals

import "golang.org/x/sys/unix"

// See <sys/signal.h>, and <sys/_sigset.h> for _SIG_MAXSIG. The numbers between SIGLIBRT and
// SIGRTMIN have no name.
const (
	maxSignal Signal = 128
	rtMin     Signal = 65
	rtMax     Signal = 126
)

var extra = []named{
	{unix.SIGTHR, "SIGTHR"},
	{unix.SIGLWP, "SIGLWP"},
	{unix.SIGLIBRT, "SIGLIBRT"},
}
