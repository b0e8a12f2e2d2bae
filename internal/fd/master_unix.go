//go:build darwin || netbsd || openbsd

package fd

// isMaster cannot tell. These masters are devices of their own, under names that reopen does not
// look at.
func isMaster(int) bool { return false }
