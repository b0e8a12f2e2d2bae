package reactor_test

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestAKernelWithoutEpollPwait2IsFoundOut runs a loop on a thread for which the system call does not exist.
func TestAKernelWithoutEpollPwait2IsFoundOut(t *testing.T) {
	if err := withoutSystemCall(unix.SYS_EPOLL_PWAIT2); err != nil {
		t.Skipf("seccomp(2) refuses a filter: %v", err)
	}
	_, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, ^uintptr(0), 0, 0, 0, 0, 0)
	require.Equal(t, unix.ENOSYS, errno, "the filter is in force")
	testNeverEarly(t, newLoop(t))
}

// withoutSystemCall has one system call fail with ENOSYS on the calling thread, which ends with its goroutine.
func withoutSystemCall(number uint32) error {
	runtime.LockOSThread() // For ever: nobody else may get this thread.
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number is the first word of the data
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: number},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
	runtime.KeepAlive(filter)
	return err
}
