package main

// growStack has the stack of this goroutine grow at once, as long as there is little on it. Go
// doubles one when it is full, and moves all frames then; the engine has some for each call of the
// script, and before a script begins the stack would be moved five times. Memory that is not used
// costs nothing.
//
//go:noinline
func growStack(n int) byte {
	// Always: what counts is that there is room for the array. To have it would be to fill it with
	// zeroes.
	if n >= 0 {
		return 0
	}
	var room [120 << 10]byte // Larger arrays are not on the stack.
	return room[-n]
}
