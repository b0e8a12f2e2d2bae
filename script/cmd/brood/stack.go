package main

// growStack makes the stack of this goroutine large while it has few frames. Go doubles a full
// stack and moves all frames; the engine has several for each call of the script, so the stack
// would be moved five times before a script begins. Unused memory costs nothing.
//
//go:noinline
func growStack(n int) byte {
	// Always taken: only the room for the array matters. Using the array would fill it with zeroes.
	if n >= 0 {
		return 0
	}
	var room [120 << 10]byte // Larger arrays are not allocated on the stack.
	return room[-n]
}
