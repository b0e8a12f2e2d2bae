package v8

import "iter"

// An Array is a JavaScript array that a slice cannot hold: one with holes, or with properties that
// are no elements. It takes memory for the elements that are there, however long it is. The zero
// value is empty and ready to use.
//
// Node sends an array without holes as if it could have some when it was made by new Array(n) and
// filled. It arrives as []any like any other.
type Array struct {
	Length uint32 // of the array, holes included; the last index is less
	Extra  Object // properties whose names are no array indices; "length" cannot be one

	elements elements
}

// Get returns the element at index i, and false for a hole.
func (a *Array) Get(i uint32) (any, bool) { return a.elements.get(i) }

// Set puts an element at index i, and makes the array longer where it ended before. It panics when
// i is 1<<32 - 1, which is no index in JavaScript.
func (a *Array) Set(i uint32, value any) {
	if i > maxIndex {
		panic("v8: Set of an array index that JavaScript does not have")
	}
	a.elements.set(i, value)
	a.Length = max(a.Length, i+1)
}

// All ranges over the elements that are there, by index. Set must not add one meanwhile.
func (a *Array) All() iter.Seq2[uint32, any] {
	return func(yield func(uint32, any) bool) {
		for _, e := range a.elements {
			if !yield(e.index, e.value) {
				return
			}
		}
	}
}

// full reports whether there are no holes.
func (a *Array) full() bool { return uint64(len(a.elements)) == uint64(a.Length) }
