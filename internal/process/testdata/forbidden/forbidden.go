// Package forbidden has what the functions of the fork must not do, for the test that finds it there.
package forbidden

type item struct{ next *item }

var (
	list  []int
	first *item
)

//go:nosplit
//go:norace
func appends(n int) { list = append(list, n) }

//go:nosplit
//go:norace
func indexes(text []byte, i int) byte { return text[i] }

//go:nosplit
//go:norace
func storesPointer(it *item) { it.next = first }

//go:nosplit
//go:norace
func callsIndirectly(fn func()) { fn() }

//go:norace
func splits(n int) int {
	var buf [256]int
	for i := range buf {
		buf[i] = n * i
	}
	return buf[n&255]
}

// raced is like what the fork does, but for the race detector.
//
//go:nosplit
func raced(it *item) bool { return it.next == nil }

//go:nosplit
//go:norace
func harmless(text *[8]byte) (n int) {
	for _, c := range text {
		n += int(c)
	}
	return n
}

// All of them are compiled because they are used.
var _ = []any{appends, indexes, storesPointer, callsIndirectly, splits, raced, harmless}
