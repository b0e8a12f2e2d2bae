package v8

import "iter"

// An Array is a JavaScript array that a slice cannot hold, because it has holes, or properties that
// are no elements. Its memory depends on the elements that exist, not on its length. The zero value
// is empty and ready to use.
//
// Node sends an array in the form of one with holes if it was made by new Array(n) and then filled.
// If it has no holes, it still arrives as []any.
type Array struct {
	Length uint32 // length in JavaScript, holes included; more than the last index
	Extra  Object // properties whose names are no array indices, except "length"

	elements elements
}

// Get returns the element at index i, and false for a hole.
func (a *Array) Get(i uint32) (any, bool) { return a.elements.get(i) }

// Set sets the element at index i, and makes the array longer if it ended before.
//
// Preconditions:
//
//   - i is not 1<<32 - 1, which is no index in JavaScript, or Set panics.
func (a *Array) Set(i uint32, value any) {
	if i > maxIndex {
		panic("v8: Set of an array index that JavaScript does not have")
	}
	a.elements.set(i, value)
	a.Length = max(a.Length, i+1)
}

// All ranges over the existing elements, by index. Set must not add one meanwhile.
func (a *Array) All() iter.Seq2[uint32, any] {
	return func(yield func(uint32, any) bool) {
		for _, e := range a.elements {
			if !yield(e.index, e.value) {
				return
			}
		}
	}
}

// full reports whether the array has no holes.
func (a *Array) full() bool { return uint64(len(a.elements)) == uint64(a.Length) }
