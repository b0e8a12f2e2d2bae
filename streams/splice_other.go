//go:build !linux

package streams

import "golang.org/x/sys/unix"

// splice exists on Linux only.
func splice(int, int, int) (int64, error) { return 0, unix.ENOSYS }
