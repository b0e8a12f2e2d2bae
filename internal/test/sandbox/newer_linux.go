package sandbox

import "golang.org/x/sys/unix"

// newer are the calls that the library makes and does without where they are refused: a kernel may be too old for them, and
// a sandbox may not know them. Each has a name by which [Force] and [Need] know it.
var newer = []struct {
	name string
	call Call
}{
	{"clone3", Number(unix.SYS_CLONE3)},                                           // Linux 5.3
	{"close_range", Number(unix.SYS_CLOSE_RANGE)},                                 // 5.9
	{"epoll_pwait2", Number(unix.SYS_EPOLL_PWAIT2)},                               // 5.11
	{"eventfd2", Number(unix.SYS_EVENTFD2)},                                       // 2.6.27
	{"faccessat2", Number(unix.SYS_FACCESSAT2)},                                   // 5.8
	{"fcntl.F_SETPIPE_SZ", Number(unix.SYS_FCNTL).With(1, unix.F_SETPIPE_SZ)},     // 2.6.35
	{"ioctl.PIDFD_GET_INFO", Number(unix.SYS_IOCTL).With(1, unix.PIDFD_GET_INFO)}, // 6.13
	{"pidfd_open", Number(unix.SYS_PIDFD_OPEN)},                                   // 5.3
	{"pidfd_send_signal", Number(unix.SYS_PIDFD_SEND_SIGNAL)},                     // 5.1
	{"preadv2", Number(unix.SYS_PREADV2)},                                         // 4.6, RWF_NOWAIT 4.14
	{"ptrace", Number(unix.SYS_PTRACE)},                                           // often forbidden
	{"pwritev2", Number(unix.SYS_PWRITEV2)},                                       // as preadv2
	{"signalfd4", Number(unix.SYS_SIGNALFD4)},                                     // 2.6.27
	{"splice", Number(unix.SYS_SPLICE)},                                           // 2.6.17
	{"tgkill", Number(unix.SYS_TGKILL)},                                           // 2.5.75
	{"timerfd_create", Number(unix.SYS_TIMERFD_CREATE)},                           // 2.6.25
	{"timerfd_settime", Number(unix.SYS_TIMERFD_SETTIME)},                         // 2.6.25
	{"waitid.P_PIDFD", Number(unix.SYS_WAITID).With(0, unix.P_PIDFD)},             // 5.4
}

// What "all" leaves out because other programs that the tests start cannot do without.
const (
	// The Go runtime ends a program whose eventfd2(2) is refused once it uses a timer, and libuv one that starts a loop.
	needsEventfd = "eventfd2"

	// The Go runtime interrupts goroutines by tgkill(2), and does not notice that it is refused: the collector would wait for
	// a loop without calls until the end of it.
	needsTgkill = "tgkill"

	// The C library goes back to clone(2) only when the answer is ENOSYS; else node cannot make a thread.
	needsClone3 = "clone3"
)

// excluded reports whether "all" leaves a call out.
func excluded(name string, errno unix.Errno) bool {
	switch name {
	case needsEventfd, needsTgkill:
		return true
	case needsClone3:
		return errno != unix.ENOSYS
	}
	return false
}
