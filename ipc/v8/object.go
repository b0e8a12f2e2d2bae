package v8

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"slices"
	"strconv"
)

// An Object is a JavaScript object. Its properties have JavaScript's order: array indices ascending
// ("0", "10"), then the other names as they were added. The zero value is empty and ready to use.
type Object struct {
	elements elements       // the properties whose names are array indices
	names    []property     // the others, as they were added
	index    map[string]int // position in names; nil up to fewNames
}

type property struct {
	name  string
	value any
}

// fewNames is the number of names up to which they are searched one by one.
const fewNames = 16

var errTwice = errors.New("a property twice")

// Len returns the number of properties.
func (o *Object) Len() int { return len(o.elements) + len(o.names) }

// Get returns the value of a property, and whether it exists.
func (o *Object) Get(name string) (any, bool) {
	if i, ok := arrayIndex(name); ok {
		return o.elements.get(i)
	}
	if i, ok := o.position(name); ok {
		return o.names[i].value, true
	}
	return nil, false
}

// Set adds a property or changes its value.
func (o *Object) Set(name string, value any) {
	if i, ok := arrayIndex(name); ok {
		o.elements.set(i, value)
		return
	}
	if i, ok := o.position(name); ok {
		o.names[i].value = value
		return
	}
	o.names = append(o.names, property{name, value})
	switch {
	case o.index != nil:
		o.index[name] = len(o.names) - 1
	case len(o.names) > fewNames:
		o.makeIndex()
	}
}

// All ranges over the properties in their order. Set must not add one meanwhile.
func (o *Object) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, e := range o.elements {
			if !yield(strconv.FormatUint(uint64(e.index), 10), e.value) {
				return
			}
		}
		for _, p := range o.names {
			if !yield(p.name, p.value) {
				return
			}
		}
	}
}

// Map returns the properties as a new Go map. The values are those of o: objects in them are still
// *Object.
func (o *Object) Map() map[string]any {
	m := make(map[string]any, o.Len())
	maps.Insert(m, o.All())
	return m
}

// position returns the position of a property in names.
func (o *Object) position(name string) (int, bool) {
	if o.index != nil {
		i, ok := o.index[name]
		return i, ok
	}
	for i := range o.names {
		if o.names[i].name == name {
			return i, true
		}
	}
	return 0, false
}

// makeIndex makes o.index. A name that is there twice gets one entry.
func (o *Object) makeIndex() {
	o.index = make(map[string]int, len(o.names))
	for i, p := range o.names {
		o.index[p.name] = i
	}
}

// seal sorts and indexes properties that were appended to o in any order, and returns errTwice if
// one came twice. Unlike Set for each property, it takes no longer if a peer chose the worst order.
func (o *Object) seal() error {
	if err := o.elements.seal(); err != nil {
		return err
	}
	if len(o.names) > fewNames {
		if o.makeIndex(); len(o.index) != len(o.names) {
			return errTwice
		}
		return nil
	}
	for i, p := range o.names {
		for _, q := range o.names[:i] {
			if p.name == q.name {
				return errTwice
			}
		}
	}
	return nil
}

// elements are properties whose names are array indices, in ascending order.
type elements []element

type element struct {
	index uint32
	value any
}

func (es elements) get(i uint32) (any, bool) {
	if at, ok := es.find(i); ok {
		return es[at].value, true
	}
	return nil, false
}

func (es *elements) set(i uint32, value any) {
	at, ok := es.find(i)
	if !ok {
		*es = slices.Insert(*es, at, element{index: i})
	}
	(*es)[at].value = value
}

// find returns the place of index i, or the place where it would be.
func (es elements) find(i uint32) (int, bool) {
	if n := len(es); n == 0 || es[n-1].index < i {
		return n, false
	}
	return slices.BinarySearchFunc(es, i, func(e element, i uint32) int { return cmp.Compare(e.index, i) })
}

// seal is Object.seal for elements.
func (es elements) seal() error {
	byIndex := func(a, b element) int { return cmp.Compare(a.index, b.index) }
	if !slices.IsSortedFunc(es, byIndex) {
		slices.SortFunc(es, byIndex)
	}
	for i := 1; i < len(es); i++ {
		if es[i-1].index == es[i].index {
			return errTwice
		}
	}
	return nil
}

// arrayIndex returns the number in name if JavaScript takes name as an index of an array: decimal,
// without leading zeros, at most maxIndex.
func arrayIndex(name string) (uint32, bool) {
	const longest = len("4294967294")
	if name == "" || len(name) > longest || name[0] == '0' && len(name) > 1 {
		return 0, false
	}
	var n uint64
	for i := range len(name) {
		digit := name[i] - '0'
		if digit > 9 {
			return 0, false
		}
		n = 10*n + uint64(digit)
	}
	return uint32(n), n <= maxIndex
}
