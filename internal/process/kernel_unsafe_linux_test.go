//go:build amd64 || arm64

package process_test

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ignoreRaw has this program ignore a signal without package os/signal, as C code does.
func ignoreRaw(t testing.TB, signal int) {
	t.Helper()
	action := [4]uintptr{1} // struct sigaction with SIG_IGN
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	require.Zero(t, errno, "signal %d", signal)
}

// What a filter does with a call that it refuses.
const killProcess = unix.SECCOMP_RET_KILL_PROCESS

func answer(errno unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(errno) }

// These are added to SYS_CLONE in the list of calls of filter.
const (
	forkOnly    = 1 << 31 // if it makes no thread
	sharedFiles = 1 << 30 // and has CLONE_FILES
)

// filter has the kernel do what action says with the calls in nrs, on this thread and its children. The thread is this
// goroutine's for good, and ends with it. (The other threads can go on making threads, of which the C library has only one
// way when clone3(2) is refused by anything but ENOSYS.)
func filter(t testing.TB, action uint32, nrs ...uint32) {
	t.Helper()
	runtime.LockOSThread()
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		anyBit = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		ret    = unix.BPF_RET | unix.BPF_K

		offsetNumber   = 0  // of the call, in struct seccomp_data
		offsetArgument = 16 // the low half of the first
	)
	var code []unix.SockFilter
	for _, nr := range nrs {
		code = append(code, unix.SockFilter{Code: load, K: offsetNumber})
		number := nr &^ (forkOnly | sharedFiles)
		switch {
		case nr == number:
			code = append(code, unix.SockFilter{Code: equal, Jf: 1, K: number})
		case nr&sharedFiles == 0:
			code = append(code,
				unix.SockFilter{Code: equal, Jf: 3, K: number},
				unix.SockFilter{Code: load, K: offsetArgument},
				unix.SockFilter{Code: anyBit, Jt: 1, K: unix.CLONE_THREAD})
		default:
			code = append(code,
				unix.SockFilter{Code: equal, Jf: 4, K: number},
				unix.SockFilter{Code: load, K: offsetArgument},
				unix.SockFilter{Code: anyBit, Jt: 2, K: unix.CLONE_THREAD},
				unix.SockFilter{Code: anyBit, Jf: 1, K: unix.CLONE_FILES})
		}
		code = append(code, unix.SockFilter{Code: ret, K: action})
	}
	code = append(code, unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW})
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	require.NoError(t, unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(code)
	if errno != 0 {
		t.Skip("no seccomp filter: ", errno)
	}
}
