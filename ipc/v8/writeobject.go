package v8

import (
	"encoding/binary"
	"math/big"
	"reflect"
	"strings"
)

// This file writes this package's types of objects. Each method write gives its object the next id,
// or writes a reference if the object was written before.

func (o *Object) write(w *writer) error {
	if done, err := w.ref(identify(reflect.ValueOf(o))); done {
		return err
	}
	w.tag(tagObject)
	return w.properties(o.elements, o.names, tagEndObject)
}

// properties writes properties, the tag end and the number of properties.
func (w *writer) properties(es elements, names []property, end byte) error {
	for _, e := range es {
		w.index(e.index)
		if err := w.value(e.value); err != nil {
			return err
		}
	}
	for _, p := range names {
		if err := w.name(p.name); err != nil {
			return err
		}
		if err := w.value(p.value); err != nil {
			return err
		}
	}
	w.tag(end)
	w.varint(len(es) + len(names))
	return nil
}

// list writes an []any as an array.
func (w *writer) list(values []any) error {
	if values == nil {
		w.tag(tagNull)
		return nil
	}
	if done, err := w.ref(identifySlice(values)); done {
		return err
	}
	w.tag(tagDense)
	w.varint(len(values))
	for _, v := range values {
		if err := w.value(v); err != nil {
			return err
		}
	}
	w.endDense(len(values))
	return nil
}

// endDense writes the end of an array of n elements without other properties.
func (w *writer) endDense(n int) {
	w.p = append(w.p, tagEndDense, 0)
	w.varint(n)
}

func (a *Array) write(w *writer) error {
	if n := len(a.elements); n > 0 && a.elements[n-1].index >= a.Length {
		return unsupported(a.elements[n-1].index, "an index beyond the Length of its Array")
	}
	if len(a.Extra.elements) > 0 {
		return unsupported(a.Extra.elements[0].index, "an index among the Extra properties of an Array")
	}
	if _, ok := a.Extra.Get("length"); ok {
		return unsupported("length", "every Array has such a property")
	}
	if done, err := w.ref(identify(reflect.ValueOf(a))); done {
		return err
	}
	end := byte(tagEndSparse)
	es := a.elements
	if a.full() {
		end = tagEndDense
		w.tag(tagDense)
		w.varint(int(a.Length))
		for _, e := range es {
			if err := w.value(e.value); err != nil {
				return err
			}
		}
		es = nil
	} else {
		w.tag(tagSparse)
		w.p = binary.AppendUvarint(w.p, uint64(a.Length))
	}
	if err := w.properties(es, a.Extra.names, end); err != nil {
		return err
	}
	w.p = binary.AppendUvarint(w.p, uint64(a.Length))
	return nil
}

func (m *Map) write(w *writer) error {
	if done, err := w.ref(identify(reflect.ValueOf(m))); done {
		return err
	}
	w.tag(tagMap)
	for _, e := range m.Entries {
		if err := w.value(e.Key); err != nil {
			return err
		}
		if err := w.value(e.Value); err != nil {
			return err
		}
	}
	w.tag(tagEndMap)
	w.varint(2 * len(m.Entries))
	return nil
}

func (s *Set) write(w *writer) error {
	if done, err := w.ref(identify(reflect.ValueOf(s))); done {
		return err
	}
	w.tag(tagSet)
	for _, v := range s.Values {
		if err := w.value(v); err != nil {
			return err
		}
	}
	w.tag(tagEndSet)
	w.varint(len(s.Values))
	return nil
}

func (x *RegExp) write(w *writer) error {
	bits := 0
	for _, flag := range x.Flags {
		bit := strings.IndexRune(regExpFlags, flag)
		if bit < 0 || flag == regExpLinear || bits&(1<<bit) != 0 {
			return unsupported(x.Flags, "no flags of a RegExp")
		}
		bits |= 1 << bit
	}
	if strings.Contains(x.Flags, "u") && strings.Contains(x.Flags, "v") {
		return unsupported(x.Flags, "no flags of a RegExp: u and v exclude each other")
	}
	if done, err := w.ref(identify(reflect.ValueOf(x))); done {
		return err
	}
	w.tag(tagRegExp)
	if err := w.text(x.Source); err != nil {
		return err
	}
	w.varint(bits)
	return nil
}

func (b *Boxed) write(w *writer) error {
	if done, err := w.ref(identify(reflect.ValueOf(b))); done {
		return err
	}
	switch v := b.Value.(type) {
	case bool:
		if v {
			w.tag(tagBoxedTrue)
		} else {
			w.tag(tagBoxedFalse)
		}
		return nil
	case string:
		w.tag(tagBoxedString)
		return w.text(v)
	case *big.Int:
		if v != nil {
			w.tag(tagBoxedBigInt)
			w.bigInt(v)
			return nil
		}
	}
	switch v := reflect.ValueOf(b.Value); {
	case v.IsValid() && v.CanFloat():
		w.tag(tagBoxedNumber)
		w.bits(v.Float())
		return nil
	case v.IsValid() && v.CanInt():
		w.tag(tagBoxedNumber)
		w.bits(float64(v.Int()))
		return nil
	}
	return unsupported(b.Value, "no bool, number, string or *big.Int to be Boxed")
}

func (b *ArrayBuffer) write(w *writer) error {
	if b.Resizable && uint64(len(b.Data)) > uint64(b.MaxLength) {
		return unsupported(b.MaxLength, "less than the length of an ArrayBuffer's Data")
	}
	if done, err := w.ref(identify(reflect.ValueOf(b))); done {
		return err
	}
	if b.Resizable {
		w.tag(tagResizable)
		w.varint(len(b.Data))
		w.p = binary.AppendUvarint(w.p, uint64(b.MaxLength))
	} else {
		w.tag(tagArrayBuffer)
		w.varint(len(b.Data))
	}
	w.p = append(w.p, b.Data...)
	return nil
}

func (e *Error) write(w *writer) error {
	if done, err := w.ref(identify(reflect.ValueOf(e))); done {
		return err
	}
	return w.jsError(e, w.ids.last())
}

// jsError writes e, whose id is id.
func (w *writer) jsError(e *Error, id uint32) error {
	w.tag(tagError)
	for _, n := range errorNames {
		if n.name == e.Name {
			w.tag(n.tag)
		}
	}
	if e.Message != "" {
		w.tag(errorMessage)
		if err := w.text(e.Message); err != nil {
			return err
		}
	}
	if e.Cause != nil {
		w.tag(errorCause)
		w.causes = append(w.causes, id)
		if err := w.value(e.Cause); err != nil {
			return err
		}
		w.causes = w.causes[:len(w.causes)-1]
	}
	if e.Stack != "" {
		w.tag(errorStack)
		if err := w.text(e.Stack); err != nil {
			return err
		}
	}
	w.tag(errorEnd)
	return nil
}
