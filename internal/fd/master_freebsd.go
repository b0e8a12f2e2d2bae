package fd

import "golang.org/x/sys/unix"

// isMaster asks what only a master answers, see pts(4).
func isMaster(fd int) bool { return unix.IoctlSetInt(fd, unix.TIOCPTMASTER, 0) == nil }
