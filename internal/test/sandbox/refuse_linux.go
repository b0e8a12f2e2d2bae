package sandbox

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Refuse has calls fail with errno from now on, on this thread and in the children that it starts.
// The thread is this goroutine's for good, and ends with it. Where there is no seccomp(2), t skips.
func Refuse(t testing.TB, errno unix.Errno, calls ...Call) {
	t.Helper()
	onThread(t, unix.SECCOMP_RET_ERRNO|uint32(errno), calls)
}

// Kill is Refuse for calls that must not be made: the kernel kills the process that makes one.
func Kill(t testing.TB, calls ...Call) {
	t.Helper()
	onThread(t, unix.SECCOMP_RET_KILL_PROCESS, calls)
}

func onThread(t testing.TB, action uint32, calls []Call) {
	t.Helper()
	if err := restrict(action, calls); err != nil {
		t.Skip("no seccomp filter: ", err)
	}
}

// Restrict is Refuse for helper programs, which have no test.
func Restrict(errno unix.Errno, calls ...Call) error {
	return restrict(unix.SECCOMP_RET_ERRNO|uint32(errno), calls)
}

func restrict(action uint32, calls []Call) error {
	runtime.LockOSThread() // For ever: no other goroutine may get this thread.
	return install(0, compile(action, calls))
}

// refusals are the errnos by which sandboxes answer a call that they do not know.
var refusals = []unix.Errno{unix.ENOSYS, unix.EPERM, unix.EINVAL, unix.EACCES, unix.EOPNOTSUPP}

// EachRefusal runs test once for each errno that a sandbox may answer.
func EachRefusal(t *testing.T, test func(t *testing.T, errno unix.Errno)) {
	t.Helper()
	for _, errno := range refusals {
		t.Run(unix.ErrnoName(errno), func(t *testing.T) { test(t, errno) })
	}
}
