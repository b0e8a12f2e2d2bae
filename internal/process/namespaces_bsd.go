//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

const (
	// Namespaces is every flag, because Unsupported refuses any of them.
	Namespaces = ^uintptr(0)

	// NewTime is no flag here.
	NewTime = 0

	// NewUser is no flag here.
	NewUser = 0

	// Resources is larger than any number of resources, because Unsupported refuses any limit.
	Resources = 1<<31 - 1
)
