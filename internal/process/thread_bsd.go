//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

// isMainThread reports false: the systems tell the number of a thread in a different way each. The Go runtime parks a main
// thread that would have to end.
func isMainThread() bool { return false }
