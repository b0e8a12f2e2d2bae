package v8

import (
	"math"
	"strconv"
	"strings"
)

// This file reads the objects with others in them. dense, sparse, mapping and set read the rest of
// a value whose tag was read.

// object reads the rest of a value with an id, or of a reference to one.
func (r *valueReader) object(tag byte) (any, error) {
	switch tag {
	case tagRef:
		return r.ref()
	case tagObject:
		o := &Object{}
		r.newID(o)
		return o, r.properties(o, tagEndObject)
	case tagDense:
		return r.dense()
	case tagSparse:
		return r.sparse()
	case tagMap:
		return r.mapping()
	case tagSet:
		return r.set()
	case tagError:
		return r.jsError()
	case tagArrayBuffer, tagResizable:
		return r.arrayBuffer(tag == tagResizable)
	case tagHost:
		return r.host()
	}
	// The other tags begin objects without others in them.
	id := r.newID(nil)
	v, err := r.leaf(tag)
	r.setObject(id, v)
	return v, err
}

// properties reads properties into o, up to the tag end and the number behind it, which must be
// theirs.
func (r *valueReader) properties(o *Object, end byte) error {
	for r.peek() != end {
		if err := r.property(o); err != nil {
			return err
		}
	}
	r.pos++
	if err := o.seal(); err != nil {
		return r.failed(err)
	}
	return r.count(o.Len(), "properties")
}

// count reads a number, which must be n.
func (r *valueReader) count(n int, what string) error {
	announced, err := r.varint()
	if err == nil && uint64(announced) != uint64(n) {
		err = r.fail("%d %s are said to be %d", n, what, announced)
	}
	return err
}

// property appends the next property to o, which must be sealed later.
func (r *valueReader) property(o *Object) error {
	name, err := r.name()
	if err != nil {
		return err
	}
	v, err := r.value()
	if err != nil {
		return err
	}
	if i, ok := arrayIndex(name); ok {
		o.elements = append(o.elements, element{i, v})
	} else {
		o.names = append(o.names, property{name, v})
	}
	return nil
}

// name reads the name of a property: a string or a number.
func (r *valueReader) name() (string, error) {
	tag, err := r.tag()
	if err != nil {
		return "", err
	}
	switch tag {
	case tagInt32, tagUint32, tagDouble:
		n, err := r.tagged(tag)
		if n, ok := n.(int); ok {
			return strconv.Itoa(n), err
		}
		f, _ := number(n)
		return numberName(f), err
	case tagLatin1, tagUTF16, tagUTF8:
		return r.text(tag)
	}
	return "", r.fail("a property whose name is neither string nor number")
}

// numberName returns f as JavaScript writes it (ECMA-262, Number::toString).
func numberName(f float64) string {
	const exponentFrom, exponentBelow = 1e21, 1e-6
	switch abs := math.Abs(f); {
	case f == 0:
		return "0" // also for -0
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+") + "inity"
	case abs >= exponentBelow && abs < exponentFrom:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	return strings.Replace(strings.Replace(text, "e-0", "e-", 1), "e+0", "e+", 1)
}

// hole marks a missing element of an array while the array is read.
type hole struct{}

// dense reads an array that announces every element.
func (r *valueReader) dense() (any, error) {
	length, err := r.varint()
	if err != nil {
		return nil, err
	}
	if int64(length) > int64(r.left()-r.owed) {
		return nil, r.fail("an array of %d elements in %d bytes", length, r.left()-r.owed)
	}
	id := r.newID(unfinishedArray{})
	// An empty slice gets memory too, because a reference to it is recognized by its address.
	values := make([]any, length, max(length, 1))
	holes := 0
	r.owed += len(values)
	for i := range values {
		r.owed--
		if r.peek() == tagHole {
			r.pos++
			values[i] = hole{}
			holes++
		} else if values[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	var extra Object
	if err := r.extra(&extra, tagEndDense, length); err != nil {
		return nil, err
	}
	if len(extra.elements) > 0 {
		return nil, r.fail("an element behind the elements of an array")
	}
	if holes == 0 && len(extra.names) == 0 {
		r.setObject(id, values)
		return values, nil
	}
	array := &Array{Length: length, Extra: extra, elements: make(elements, 0, len(values)-holes)}
	for i, v := range values {
		if v != (hole{}) {
			array.elements = append(array.elements, element{uint32(i), v})
		}
	}
	r.setObject(id, array)
	return array, nil
}

// sparse reads an array whose elements come as properties.
func (r *valueReader) sparse() (any, error) {
	length, err := r.varint()
	if err != nil {
		return nil, err
	}
	id := r.newID(unfinishedArray{})
	var all Object
	if err := r.extra(&all, tagEndSparse, length); err != nil {
		return nil, err
	}
	array := &Array{Length: length, elements: all.elements}
	array.Extra = Object{names: all.names, index: all.index}
	if n := len(array.elements); n > 0 && array.elements[n-1].index >= length {
		return nil, r.fail("element %d in an array of length %d", array.elements[n-1].index, length)
	}
	if !array.full() || len(array.Extra.names) > 0 {
		r.setObject(id, array)
		return array, nil
	}
	values := make([]any, length, max(length, 1))
	for i, e := range array.elements {
		values[i] = e.value
	}
	r.setObject(id, values)
	return values, nil
}

// extra reads the properties at the end of an array, and its length again.
func (r *valueReader) extra(o *Object, end byte, length uint32) error {
	if err := r.properties(o, end); err != nil {
		return err
	}
	if _, ok := o.Get("length"); ok {
		return r.failed(errTwice)
	}
	again, err := r.varint()
	if err == nil && again != length {
		err = r.fail("an array of length %d and of length %d", length, again)
	}
	return err
}

func (r *valueReader) mapping() (any, error) {
	m := &Map{}
	r.newID(m)
	for r.peek() != tagEndMap {
		key, err := r.value()
		if err != nil {
			return nil, err
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		m.Entries = append(m.Entries, Entry{key, v})
	}
	r.pos++
	return m, r.count(2*len(m.Entries), "keys and values")
}

func (r *valueReader) set() (any, error) {
	s := &Set{}
	r.newID(s)
	for r.peek() != tagEndSet {
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		s.Values = append(s.Values, v)
	}
	r.pos++
	return s, r.count(len(s.Values), "values")
}
