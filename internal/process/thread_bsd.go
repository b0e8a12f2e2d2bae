//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

// isMainThread reports false, because each of these systems numbers threads in another way. That
// does no harm: the Go runtime parks a main thread whose goroutine ends.
func isMainThread() bool { return false }

// endingThread returns 0, for which awaitThread does not wait: no thread has descriptors of its
// own.
func endingThread() int { return 0 }

func awaitThread(int) {}
