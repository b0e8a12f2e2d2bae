package engine

// Natives returns how many values of Go the engine holds for objects.
func Natives(e *Engine) (n int) {
	for range e.natives.all() {
		n++
	}
	return n
}
