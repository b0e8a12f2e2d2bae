package fd

import "golang.org/x/sys/unix"

func isMaster(fd int) bool { return unix.IoctlSetInt(fd, unix.TIOCISPTMASTER, 0) == nil }
