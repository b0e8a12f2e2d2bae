package leakcheck

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// endlessGoroutines are parts of the stack traces of goroutines that no test can end.
var endlessGoroutines = []string{
	"\nos/signal.loop(",     // receives signals from the runtime, from the first signal.Notify on
	"\ncreated by testing.", // runs a test or is the testing package's own
	"\ncreated by runtime.", // finalizers and cleanups, which show while they run
}

// goroutines returns the stack traces of all goroutines but the endless ones by goroutine number,
// which is never used twice.
func goroutines() map[int]string {
	buf := make([]byte, 1<<16)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf)) // The text was cut off.
	}
	found := map[int]string{}
	for trace := range strings.SplitSeq(strings.TrimSpace(string(buf)), "\n\n") {
		rest, ok := strings.CutPrefix(trace, "goroutine ")
		number, _, _ := strings.Cut(rest, " ")
		id, err := strconv.Atoi(number)
		if !ok || err != nil {
			panic("leakcheck: not the trace of a goroutine: " + trace)
		}
		endless := func(part string) bool { return strings.Contains(trace, part) }
		if !slices.ContainsFunc(endlessGoroutines, endless) {
			found[id] = trace
		}
	}
	return found
}

// newGoroutines describes the goroutines that are in after and not in before.
func newGoroutines(before, after map[int]string) []string {
	var leaks []string
	for _, id := range slices.Sorted(maps.Keys(after)) {
		if _, known := before[id]; !known {
			leaks = append(leaks, fmt.Sprintf("goroutine is left running:\n\t%s", strings.ReplaceAll(after[id], "\n", "\n\t")))
		}
	}
	return leaks
}
