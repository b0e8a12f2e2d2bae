package process

import "golang.org/x/sys/unix"

const (
	// Namespaces are the flags that Settings.Cloneflags may have. CLONE_NEWTIME is none of them: of a clone it is the signal
	// that the child ends with.
	Namespaces = unix.CLONE_NEWCGROUP | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID |
		unix.CLONE_NEWUSER | unix.CLONE_NEWUTS

	// NewUser is the flag that a map needs.
	NewUser = unix.CLONE_NEWUSER

	// Resources is how many resources Rlimit can limit, RLIM_NLIMITS.
	Resources = 16
)
