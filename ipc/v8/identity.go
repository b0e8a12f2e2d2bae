package v8

import "reflect"

// An identity is the place of an object in memory. The zero identity means none.
//
// It has the type because the first field of a struct has the struct's address, and the length
// because a slice has its array's address.
type identity struct {
	pointer uintptr
	length  int
	typ     reflect.Type
}

// identify returns the identity of a pointer, map or slice. It returns the zero identity if the
// elements have size zero, because then others may have the same address.
func identify(v reflect.Value) identity {
	switch v.Kind() {
	case reflect.Pointer:
		if v.Type().Elem().Size() == 0 {
			return identity{}
		}
	case reflect.Slice:
		if v.Cap() == 0 || v.Type().Elem().Size() == 0 {
			return identity{}
		}
		return identity{v.Pointer(), v.Len(), v.Type()}
	}
	return identity{pointer: v.Pointer(), typ: v.Type()}
}

// identifySlice is identify for a slice whose elements have a size. It does not allocate.
func identifySlice[S ~[]T, T any](s S) identity {
	if cap(s) == 0 {
		return identity{}
	}
	return identity{reflect.ValueOf(&s[:1][0]).Pointer(), len(s), reflect.TypeFor[S]()}
}

// identities gives the objects of a message their ids, in the order in which they are written.
type identities struct {
	next uint32
	few  []numbered
	// all objects with an identity, once there are more than fewObjects; nil before
	many map[identity]uint32
}

type numbered struct {
	identity
	id uint32
}

// fewObjects is the number of objects up to which they are searched one by one.
const fewObjects = 16

// skip gives the next id to an object that has no identity.
func (n *identities) skip() { n.next++ }

// last returns the last id that was given.
func (n *identities) last() uint32 { return n.next - 1 }

// lookup returns the id of a known object, or gives an unknown one the next id.
func (n *identities) lookup(k identity) (id uint32, known bool) {
	if k.typ == nil {
		n.skip()
		return n.last(), false
	}
	if n.many != nil {
		if id, known = n.many[k]; known {
			return id, true
		}
		n.many[k] = n.next
		n.skip()
		return n.last(), false
	}
	for i := range n.few {
		if n.few[i].identity == k {
			return n.few[i].id, true
		}
	}
	n.few = append(n.few, numbered{k, n.next})
	if len(n.few) > fewObjects {
		n.many = make(map[identity]uint32, 2*len(n.few))
		for _, f := range n.few {
			n.many[f.identity] = f.id
		}
	}
	n.skip()
	return n.last(), false
}
