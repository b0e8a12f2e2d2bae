//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package childprocess

// emptySignalMask has nothing to do: on kqueue systems nothing here blocks signals.
func emptySignalMask() (restore func()) { return func() {} }
