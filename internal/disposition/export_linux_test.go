package disposition

import "syscall"

// SetHandler tells the kernel, past the Go runtime, and returns what undoes it.
func SetHandler(s syscall.Signal, handler uintptr) (restore func()) {
	before, _ := dispositionOf(s)
	a := action{}
	a.words[handlerWord] = handler
	setDisposition(s, a)
	return func() { setDisposition(s, before) }
}

// Handler asks the kernel.
func Handler(s syscall.Signal) uintptr {
	a, _ := dispositionOf(s)
	return a.words[handlerWord]
}
