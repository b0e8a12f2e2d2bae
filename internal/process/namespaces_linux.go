package process

import "golang.org/x/sys/unix"

const (
	// Namespaces are the flags that Settings.Cloneflags may have.
	Namespaces = unix.CLONE_NEWCGROUP | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID |
		unix.CLONE_NEWUSER | unix.CLONE_NEWUTS | NewTime

	// NewTime is the flag that only clone3(2) knows. In clone(2) its bit belongs to the signal
	// number.
	NewTime = unix.CLONE_NEWTIME

	// NewUser is the flag that a map of users or groups needs.
	NewUser = unix.CLONE_NEWUSER

	// Resources is the number of resources that a Rlimit can limit, RLIM_NLIMITS.
	Resources = 16
)
