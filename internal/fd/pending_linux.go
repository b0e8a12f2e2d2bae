package fd

import "golang.org/x/sys/unix"

// Pending returns how many bytes a read from n would find, 0 where the kernel does not tell
// (FIONREAD; pipe(7), tcp(7)).
func Pending(n int) int {
	bytes, err := unix.IoctlGetUint32(n, unix.TIOCINQ) // The same request by another name.
	if err != nil {
		return 0
	}
	return int(bytes)
}
