//go:build amd64 || arm64

package process_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ignoreRaw makes this program ignore a signal without package os/signal, as C code does.
func ignoreRaw(t testing.TB, signal int) {
	t.Helper()
	action := [4]uintptr{1} // struct sigaction with SIG_IGN
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	require.Zero(t, errno, "signal %d", signal)
}
