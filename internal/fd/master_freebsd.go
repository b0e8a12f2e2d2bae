package fd

import "golang.org/x/sys/unix"

// isMaster makes a request that only a master answers, see pts(4).
func isMaster(fd int) bool { return unix.IoctlSetInt(fd, unix.TIOCPTMASTER, 0) == nil }
