//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

// keepDumpable has nothing to keep: a child that changes its user shares no memory with this
// process.
func keepDumpable() (restore func()) { return func() {} }
