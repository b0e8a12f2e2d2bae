package engine

// Natives returns the number of values of Go that the engine holds for objects.
func Natives(e *Engine) (n int) {
	for range e.natives.all() {
		n++
	}
	return n
}
