//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

const (
	// Namespaces is every flag, since any is refused as unsupported.
	Namespaces = ^uintptr(0)

	// NewTime is no flag.
	NewTime = 0

	// NewUser is no flag.
	NewUser = 0

	// Resources is more than there are, since any limit is refused as unsupported.
	Resources = 1<<31 - 1
)
