//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

// isMainThread reports false: the systems tell the number of a thread in a different way each. The
// Go runtime parks a main thread that would have to end.
func isMainThread() bool { return false }

// endingThread is for awaitThread, which waits for no thread: none has descriptors of its own.
func endingThread() int { return 0 }

func awaitThread(int) {}
