package fd

import "golang.org/x/sys/unix"

// Pending returns how many bytes a read from n would return, 0 where the kernel does not say
// (FIONREAD; pipe(7), tcp(7)).
func Pending(n int) int {
	bytes, err := unix.IoctlGetUint32(n, unix.TIOCINQ) // TIOCINQ is another name of FIONREAD.
	if err != nil {
		return 0
	}
	return int(bytes)
}
