package host

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"time"

	"github.com/brood-go/brood/ipc/v8"
	"github.com/brood-go/brood/script/engine"
)

// cloner copies values of the engine into those that package v8 writes. An object that occurs twice
// is copied once.
type cloner struct {
	buffer engine.Value   // Buffer.prototype: a Uint8Array that inherits from it is a Buffer
	seen   map[uint64]any // copies by Value.ID
	depth  int            // levels of nesting of the current value
}

// clone returns a copy of v for package v8. If v cannot be copied, the error has Node's text.
func (h *Host) clone(s *engine.Scope, v engine.Value) (any, error) {
	c := &cloner{buffer: h.hook(s, "Buffer.prototype"), seen: map[uint64]any{}}
	return c.value(v)
}

func (c *cloner) value(v engine.Value) (any, error) {
	switch v.Kind() {
	case engine.Undefined:
		return v8.Undefined, nil
	case engine.Null:
		return nil, nil
	case engine.Boolean:
		return v.Bool(), nil
	case engine.Number:
		return number64(v.Float()), nil
	case engine.BigInt:
		return bigInt(v)
	case engine.String:
		return v.Text(), nil
	case engine.Symbol, engine.Function:
		return nil, notCloned(v)
	}
	if made, ok := c.seen[v.ID()]; ok {
		return made, nil
	}
	if c.depth++; c.depth > v8.MaxWriteDepth {
		return nil, &codedError{"RangeError", "ERR_OUT_OF_RANGE", "The message is nested too deep to be cloned"}
	}
	defer func() { c.depth-- }()
	return c.object(v)
}

// number64 returns an int where V8 writes one.
func number64(f float64) any {
	if n := int32(f); float64(n) == f && !(n == 0 && math.Signbit(f)) {
		return int(n)
	}
	return f
}

func bigInt(v engine.Value) (any, error) {
	text, err := v.Convert()
	if err != nil {
		return nil, err
	}
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return nil, errors.New(text + " is no BigInt")
	}
	return n, nil
}

// notCloned returns the error of a value that a message cannot have.
func notCloned(v engine.Value) error {
	text := "#<Object>"
	if v.Kind() == engine.Function {
		if source, err := v.Convert(); err == nil {
			text = source
		}
	} else if v.Kind() == engine.Symbol {
		text = "Symbol()"
		if described, err := v.Invoke("toString"); err == nil {
			text = described.Text()
		}
	} else if name := classNames()[v.Class()]; name != "" && name != "Proxy" {
		text = "#<" + name + ">"
	}
	return errors.New(text + " could not be cloned.")
}

// object copies an object by its class. Classes without a form in package v8 are an error.
func (c *cloner) object(v engine.Value) (any, error) {
	switch class := v.Class(); class {
	case engine.ClassArray:
		return c.array(v)
	case engine.ClassObject, engine.ClassArguments, engine.ClassMappedArguments:
		o := &v8.Object{}
		c.seen[v.ID()] = o
		return o, c.properties(v, o.Set)
	case engine.ClassError:
		return c.error(v)
	case engine.ClassDate:
		return c.date(v)
	case engine.ClassRegExp:
		f := &fields{v: v}
		x := &v8.RegExp{Source: f.text("source"), Flags: f.text("flags")}
		c.seen[v.ID()] = x
		return x, f.err
	case engine.ClassMap, engine.ClassSet:
		return c.collection(v, class == engine.ClassMap)
	case engine.ClassNumber, engine.ClassString, engine.ClassBoolean, engine.ClassBigInt:
		inner, err := v.Invoke("valueOf")
		if err != nil {
			return nil, err
		}
		value, err := c.value(inner)
		boxed := &v8.Boxed{Value: value}
		c.seen[v.ID()] = boxed
		return boxed, err
	case engine.ClassArrayBuffer:
		b, _ := v.Bytes()
		x := &v8.ArrayBuffer{Data: slices.Clone(b)}
		c.seen[v.ID()] = x
		return x, nil
	}
	if b, ok := v.Bytes(); ok && v.Class() != engine.ClassSharedArrayBuffer {
		made := c.view(v, b)
		c.seen[v.ID()] = made
		return made, nil
	}
	return nil, notCloned(v)
}

// properties copies the enumerable own properties of an object.
func (c *cloner) properties(v engine.Value, set func(name string, value any)) error {
	names, err := v.Keys()
	if err != nil {
		return err
	}
	for _, name := range names {
		p, err := v.Get(name)
		if err != nil {
			return err
		}
		value, err := c.value(p)
		if err != nil {
			return err
		}
		set(name, value)
	}
	return nil
}

// array copies an array as a slice, but as a v8.Array if it has holes or other properties.
func (c *cloner) array(v engine.Value) (any, error) {
	n, err := v.Len()
	if err != nil {
		return nil, err
	}
	if extra := v.OwnKeys(true); len(extra) > 0 {
		return c.sparse(v, n)
	}
	for i := range n { // Looked at before memory is allocated: it may be long and empty.
		element, err := v.Index(i)
		if err != nil {
			return nil, err
		}
		if element.IsUndefined() {
			return c.sparse(v, n)
		}
	}
	list := make([]any, n)
	c.seen[v.ID()] = list
	for i := range list {
		element, err := v.Index(i)
		if err != nil {
			return nil, err
		}
		if list[i], err = c.value(element); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (c *cloner) sparse(v engine.Value, n int) (any, error) {
	a := &v8.Array{Length: uint32(n)}
	c.seen[v.ID()] = a
	return a, c.properties(v, func(name string, value any) {
		if i, ok := arrayIndex(name); ok && int(i) < n {
			a.Set(i, value)
		} else {
			a.Extra.Set(name, value)
		}
	})
}

// arrayIndex returns the index that a property's name stands for.
func arrayIndex(name string) (uint32, bool) {
	if name == "" || len(name) > 1 && name[0] == '0' {
		return 0, false
	}
	n := uint64(0)
	for _, digit := range []byte(name) {
		if digit < '0' || digit > '9' || n > math.MaxUint32 {
			return 0, false
		}
		n = n*10 + uint64(digit-'0')
	}
	return uint32(n), n < math.MaxUint32
}

func (c *cloner) date(v engine.Value) (any, error) {
	ms, err := v.Invoke("getTime")
	if err != nil {
		return nil, err
	}
	if f := ms.Float(); !math.IsNaN(f) {
		return time.UnixMilli(int64(f)).UTC(), nil
	}
	return v8.InvalidDate, nil
}

func (c *cloner) error(v engine.Value) (any, error) {
	f := &fields{v: v}
	e := &v8.Error{Name: f.text("name"), Message: f.text("message"), Stack: f.text("stack")}
	c.seen[v.ID()] = e
	has, err := v.Has("cause")
	if err = errors.Join(f.err, err); err != nil || !has {
		return e, err
	}
	cause, err := v.Get("cause")
	if err != nil {
		return e, err
	}
	e.Cause, err = c.value(cause)
	return e, err
}

// collection copies a Map or a Set.
func (c *cloner) collection(v engine.Value, isMap bool) (any, error) {
	iterator, err := v.Invoke("entries")
	if err != nil {
		return nil, err
	}
	entries, _, _ := iterator.Entries(math.MaxInt)
	m, set := &v8.Map{}, &v8.Set{}
	if isMap {
		c.seen[v.ID()] = m
	} else {
		c.seen[v.ID()] = set
	}
	for i := 0; i+1 < len(entries); i += 2 {
		key, err := c.value(entries[i])
		if err != nil {
			return nil, err
		}
		if !isMap {
			set.Values = append(set.Values, key)
			continue
		}
		value, err := c.value(entries[i+1])
		if err != nil {
			return nil, err
		}
		m.Entries = append(m.Entries, v8.Entry{Key: key, Value: value})
	}
	return c.seen[v.ID()], nil
}

// view copies the bytes that a typed array or a DataView shows.
func (c *cloner) view(v engine.Value, b []byte) any {
	switch v.Class() {
	case engine.ClassUint8Array:
		if prototype, err := v.Prototype(); err == nil && prototype.Is(c.buffer) {
			return append([]byte{}, b...)
		}
		return v8.Uint8Array(append([]byte{}, b...))
	case engine.ClassUint8ClampedArray:
		return v8.Uint8ClampedArray(append([]byte{}, b...))
	case engine.ClassInt8Array:
		return v8.Int8Array(numbersOf[int8](b))
	case engine.ClassInt16Array:
		return v8.Int16Array(numbersOf[int16](b))
	case engine.ClassUint16Array:
		return v8.Uint16Array(numbersOf[uint16](b))
	case engine.ClassInt32Array:
		return v8.Int32Array(numbersOf[int32](b))
	case engine.ClassUint32Array:
		return v8.Uint32Array(numbersOf[uint32](b))
	case engine.ClassBigInt64Array:
		return v8.BigInt64Array(numbersOf[int64](b))
	case engine.ClassBigUint64Array:
		return v8.BigUint64Array(numbersOf[uint64](b))
	case engine.ClassFloat16Array:
		return v8.Float16Array(numbersOf[v8.Float16](b))
	case engine.ClassFloat32Array:
		return v8.Float32Array(numbersOf[float32](b))
	case engine.ClassFloat64Array:
		return v8.Float64Array(numbersOf[float64](b))
	}
	return v8.DataView(append([]byte{}, b...))
}

// numeric are the types of elements of typed arrays.
type numeric interface {
	int8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64 | v8.Float16
}

// numbersOf returns a copy of b as numbers in the machine's byte order, which typed arrays use.
func numbersOf[T numeric](b []byte) []T {
	list := make([]T, len(b)/elementSize[T]())
	copy(bytesOf(list), b)
	return list
}
