package signals

import "golang.org/x/sys/unix"

// See _SIG_VALID in <sys/signal.h>. The kernel takes numbers up to 127 but no header calls any of
// them real-time.
const (
	maxSignal Signal = 127
	rtMin     Signal = 0
	rtMax     Signal = -1
)

var extra = []named{
	{unix.SIGTHR, "SIGTHR"},
	{unix.SIGCKPT, "SIGCKPT"},
	{unix.SIGCKPTEXIT, "SIGCKPTEXIT"},
}
