package reactor

import (
	"reflect"
	"runtime"
)

// InCallback reports whether it is called from a callback of a loop, however deep: it is for calls that would wait for
// the loop and so for themselves. It walks the caller's stack, which takes microseconds, and does not see through
// iter.Pull, whose sequence has a stack of its own.
//
// Safe to call from any goroutine.
func InCallback() bool {
	turn := runtime.FuncForPC(reflect.ValueOf((*Loop).turn).Pointer()).Name()
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) { // 2: Callers and this function.
		n := runtime.Callers(skip, pcs[:])
		frames := runtime.CallersFrames(pcs[:n])
		for more := n > 0; more; {
			var f runtime.Frame
			if f, more = frames.Next(); f.Function == turn {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}
