package sandbox

import "golang.org/x/sys/unix"

// newer are the calls that the library makes and does without where they are refused: a kernel may
// be too old for them, and a sandbox may not know them. Each has a name by which [Force] and [Need]
// know it.
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
	// 4.6, RWF_NOWAIT 4.14
	{"preadv2", Number(unix.SYS_PREADV2)},
	// often forbidden
	{"ptrace", Number(unix.SYS_PTRACE)},
	{"pwritev2", Number(unix.SYS_PWRITEV2)},                           // as preadv2
	{"signalfd4", Number(unix.SYS_SIGNALFD4)},                         // 2.6.27
	{"splice", Number(unix.SYS_SPLICE)},                               // 2.6.17
	{"timerfd_create", Number(unix.SYS_TIMERFD_CREATE)},               // 2.6.25
	{"timerfd_settime", Number(unix.SYS_TIMERFD_SETTIME)},             // 2.6.25
	{"waitid.P_PIDFD", Number(unix.SYS_WAITID).With(0, unix.P_PIDFD)}, // 5.4
}

// excluded reports whether "all" leaves a call out, because other programs that the tests start
// cannot do without: the Go runtime ends a program whose eventfd2(2) is refused once it uses a
// timer, as libuv does one that has a loop; and the C library goes back from clone3(2) to clone(2)
// only when the answer is ENOSYS, else node cannot make a thread.
//
// The library has a fallback for tgkill(2), too, which is not in the list: the Go runtime
// interrupts goroutines by it, does not notice that it is refused, and waits for those that make no
// calls.
func excluded(name string, errno unix.Errno) bool {
	return name == "eventfd2" || name == "clone3" && errno != unix.ENOSYS
}
