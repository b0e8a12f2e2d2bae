package fd

import "golang.org/x/sys/unix"

// AtEnd reports whether a read from n would return the end now: all bytes were read, and no process
// has the other side open any more.
func AtEnd(n int) bool {
	fds := []unix.PollFd{{Fd: int32(n), Events: unix.POLLIN}}
	ready, err := unix.Poll(fds, 0)
	return err == nil && ready == 1 && Pending(n) == 0
}
