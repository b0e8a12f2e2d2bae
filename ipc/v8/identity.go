package v8

import "reflect"

// An identity is where an object is in memory.
//
// The type belongs to it because the first field of a struct is where the struct is, the length
// because a slice begins where its array does.
type identity struct {
	pointer uintptr
	length  int
	typ     reflect.Type
}

// identify returns the identity of a pointer, map or slice. The zero identity is for values that
// share their address with others: those of size zero.
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

// identifySlice is identify for a slice of elements that have a size. It takes no memory.
func identifySlice[S ~[]T, T any](s S) identity {
	if cap(s) == 0 {
		return identity{}
	}
	return identity{reflect.ValueOf(&s[:1][0]).Pointer(), len(s), reflect.TypeFor[S]()}
}

// identities numbers the objects of a message, in the order in which they are written.
type identities struct {
	next uint32
	few  []numbered
	many map[identity]uint32 // all of them, once they are more than few
}

type numbered struct {
	identity
	id uint32
}

// fewObjects is up to how many objects are searched one by one.
const fewObjects = 16

// skip gives the next id to an object that has no identity.
func (n *identities) skip() { n.next++ }

// last returns the id that was given last.
func (n *identities) last() uint32 { return n.next - 1 }

// lookup returns the id of a known object. An unknown one gets the next.
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
