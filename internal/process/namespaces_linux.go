package process

import "golang.org/x/sys/unix"

const (
	// Namespaces are the flags that Settings.Cloneflags may have.
	Namespaces = unix.CLONE_NEWCGROUP | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID |
		unix.CLONE_NEWUSER | unix.CLONE_NEWUTS | NewTime

	// NewTime is the flag that only clone3(2) knows. Of clone(2) it is a part of the signal that
	// the child ends with.
	NewTime = unix.CLONE_NEWTIME

	// NewUser is the flag that a map needs.
	NewUser = unix.CLONE_NEWUSER

	// Resources is how many resources Rlimit can limit, RLIM_NLIMITS.
	Resources = 16
)
