//go:build darwin || netbsd || openbsd

package fd

// isMaster returns false, because it cannot tell. The masters are devices of their own, under names
// at which reopen does not look.
func isMaster(int) bool { return false }
