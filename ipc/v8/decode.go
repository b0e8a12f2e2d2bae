package v8

import (
	"bytes"
	"encoding"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
)

// Decode reads the value of a payload into the variable that dst points to, as json.Unmarshal does:
// into structs by the names of their fields, in any case if none matches exactly; into maps, which
// keep their other entries; into slices, pointers and numbers of any type. A destination that is an
// any, or of a type that [Value] returns, gets the value of Value.
//
//   - null and undefined set pointers, maps, slices and interfaces to nil, but undefined sets an
//     any to [Undefined]. They leave other destinations as they are.
//   - Numbers and bigints fit into every numeric type that holds them exactly; a float32 rounds.
//   - Arrays, Sets and typed arrays fit into slices, and into arrays, whose other elements become
//     zero. Buffers, typed arrays of bytes, ArrayBuffers and DataViews fit into byte slices. An
//     array with holes fits only into an *[Array].
//   - Objects and Maps fit into maps; the keys of an object into strings and integers.
//   - A string fits into an encoding.TextUnmarshaler. A boxed value fits where the value does.
//
// The error is a *[FormatError], a *[DestinationError], [ErrTooDeep], [ErrTooLarge], the error of
// an UnmarshalText method, or a *[DecodeError] for the first value that does not fit. dst then has
// the values before that.
//
// Safe to call from any goroutine.
func Decode(p []byte, dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return &DestinationError{Type: reflect.TypeOf(dst)}
	}
	if v.Elem().IsZero() && DecodePlain(p, dst) {
		return nil
	}
	src, err := Value(p)
	if err != nil {
		return err
	}
	return DecodeValue(p, src, dst)
}

// DecodeValue is [Decode] for src, which [Value] has read from p: the value of p itself, or one
// inside it. dst may share memory with src where their types allow it.
//
// Safe to call from any goroutine.
func DecodeValue(p []byte, src, dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return &DestinationError{Type: reflect.TypeOf(dst)}
	}
	d := decoder{budget: freeSteps + stepsPerByte*len(p)}
	if bytes.IndexByte(p, tagRef) >= 0 { // p may have references.
		d.made = map[madeKey]reflect.Value{}
		d.remember(src, v)
	}
	return d.assign(v.Elem(), src)
}

// A step is an element, a property, a word of a bigint or a byte of a text that Decode looks at. If
// a payload has no object in two places, it takes only a few steps for each of its bytes.
const (
	freeSteps    = 1 << 16
	stepsPerByte = 64
	wordSize     = 8 // bytes
)

// decoder copies one value of Value into Go variables.
type decoder struct {
	depth  int // values around the next one
	budget int // steps left; see spend

	// made has the pointers, maps and slices that were made for an object: every reference to it
	// gets the same one. nil: the payload has no references.
	made map[madeKey]reflect.Value
}

type madeKey struct {
	identity
	dst reflect.Type
}

// remember records v for src: a later reference to src in v's type gets v.
func (d *decoder) remember(src any, v reflect.Value) {
	if d.made == nil {
		return
	}
	if k := identifyValue(src); k.typ != nil {
		// The value, not the variable, which may change.
		d.made[madeKey{k, v.Type()}] = reflect.ValueOf(v.Interface())
	}
}

// reuse sets dst to the value that was made for src and this type before. If there is none it
// returns false.
func (d *decoder) reuse(dst reflect.Value, src any) bool {
	if d.made == nil {
		return false
	}
	v, ok := d.made[madeKey{identifyValue(src), dst.Type()}]
	if ok {
		dst.Set(v)
	}
	return ok
}

// identifyValue returns the identity of a value of Value, the zero identity for a value without
// one.
func identifyValue(v any) identity {
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.Pointer || rv.Kind() == reflect.Slice {
		return identify(rv)
	}
	return identity{}
}

// assign decodes src into dst, which can be set.
func (d *decoder) assign(dst reflect.Value, src any) error {
	if d.depth > MaxWriteDepth {
		return ErrTooDeep
	}
	if err := d.spend(1); err != nil {
		return err
	}
	d.depth++
	err := d.assignValue(dst, src)
	d.depth--
	return err
}

// spend takes n steps off the budget. The error is ErrTooLarge.
func (d *decoder) spend(n int) error {
	if d.budget -= n; d.budget < 0 {
		return ErrTooLarge
	}
	return nil
}

// assignValue is assign after the checks of depth and budget.
func (d *decoder) assignValue(dst reflect.Value, src any) error {
	if src == nil || src == Undefined && dst.Type() != reflect.TypeFor[any]() && dst.Type() != reflect.TypeFor[Singleton]() {
		switch dst.Kind() {
		case reflect.Interface, reflect.Pointer, reflect.Map, reflect.Slice:
			dst.SetZero()
		}
		return nil
	}
	if reflect.TypeOf(src).AssignableTo(dst.Type()) {
		dst.Set(reflect.ValueOf(src))
		return nil
	}
	switch dst.Kind() {
	case reflect.Pointer:
		return d.pointer(dst, src)
	case reflect.Interface:
		return misfit(dst, src)
	}
	if boxed, ok := src.(*Boxed); ok {
		return d.assign(dst, boxed.Value)
	}
	if text, ok := src.(string); ok {
		if u, ok := dst.Addr().Interface().(encoding.TextUnmarshaler); ok {
			if err := d.spend(len(text)); err != nil {
				return err
			}
			return u.UnmarshalText([]byte(text))
		}
	}
	if dst.Type() == reflect.TypeFor[Float16]() {
		return half(dst, src)
	}
	switch src := src.(type) {
	case bool:
		if dst.Kind() == reflect.Bool {
			dst.SetBool(src)
			return nil
		}
	case string:
		if dst.Kind() == reflect.String {
			dst.SetString(src)
			return nil
		}
	case int:
		return integer(dst, src, int64(src))
	case float64:
		return double(dst, src)
	case *big.Int:
		if err := d.spend(src.BitLen() / (8 * wordSize)); err != nil {
			return err
		}
		return bigInteger(dst, src, src)
	case *Object:
		return d.object(dst, src)
	case *Map:
		return d.mapping(dst, src)
	case *ArrayBuffer:
		return d.list(dst, src, reflect.ValueOf(src.Data))
	case *UnknownView:
		return d.list(dst, src, reflect.ValueOf(src.Data))
	case *Set:
		return d.list(dst, src, reflect.ValueOf(src.Values))
	case *Array:
		return d.array(dst, src)
	default:
		if v := reflect.ValueOf(src); v.Kind() == reflect.Slice {
			return d.list(dst, src, v)
		}
	}
	return misfit(dst, src)
}

// pointer decodes src into the variable that dst points to, and makes the variable if dst is nil.
func (d *decoder) pointer(dst reflect.Value, src any) error {
	if d.reuse(dst, src) {
		return nil
	}
	if dst.IsNil() {
		dst.Set(reflect.New(dst.Type().Elem()))
	}
	d.remember(src, dst)
	return d.assign(dst.Elem(), src)
}

// object decodes an Object into a struct or a map.
func (d *decoder) object(dst reflect.Value, src *Object) error {
	switch dst.Kind() {
	case reflect.Struct:
		return d.structure(dst, src)
	case reflect.Map:
		if d.reuse(dst, src) {
			return nil
		}
		d.makeMap(dst, src)
		for name, v := range src.All() {
			if err := d.entry(dst, name, v); err != nil {
				return within("."+name, err)
			}
		}
		return nil
	}
	return misfit(dst, src)
}

// makeMap makes the map of dst, if it is nil, and remembers it for src.
func (d *decoder) makeMap(dst reflect.Value, src any) {
	if dst.IsNil() {
		dst.Set(reflect.MakeMap(dst.Type()))
	}
	d.remember(src, dst)
}

// entry decodes one property of an object into a map.
func (d *decoder) entry(dst reflect.Value, name string, src any) error {
	t := dst.Type()
	key := reflect.New(t.Key()).Elem()
	switch {
	case key.Kind() == reflect.String:
		key.SetString(name)
	case key.CanInt():
		n, err := strconv.ParseInt(name, 10, key.Type().Bits())
		if err != nil {
			return misfit(key, name)
		}
		key.SetInt(n)
	case key.CanUint():
		n, err := strconv.ParseUint(name, 10, key.Type().Bits())
		if err != nil {
			return misfit(key, name)
		}
		key.SetUint(n)
	case reflect.TypeFor[string]().AssignableTo(key.Type()):
		key.Set(reflect.ValueOf(name))
	default:
		return misfit(key, name)
	}
	v := reflect.New(t.Elem()).Elem()
	if err := d.assign(v, src); err != nil {
		return err
	}
	dst.SetMapIndex(key, v)
	return nil
}

// mapping decodes a Map into a Go map.
func (d *decoder) mapping(dst reflect.Value, src *Map) error {
	if dst.Kind() != reflect.Map {
		return misfit(dst, src)
	}
	if d.reuse(dst, src) {
		return nil
	}
	d.makeMap(dst, src)
	t := dst.Type()
	for i, e := range src.Entries {
		key, v := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		err := d.assign(key, e.Key)
		if err == nil && !key.Comparable() {
			err = misfit(key, e.Key)
		}
		if err == nil {
			err = d.assign(v, e.Value)
		}
		if err != nil {
			return within(fmt.Sprintf(".entries[%d]", i), err)
		}
		dst.SetMapIndex(key, v)
	}
	return nil
}

// structure decodes the properties of src into the fields of a struct. Properties without a field
// are ignored.
func (d *decoder) structure(dst reflect.Value, src *Object) error {
	if err := d.spend(src.Len()); err != nil {
		return err
	}
	description := describe(dst.Type())
	for name, v := range src.All() {
		f := description.field(name)
		if f == nil {
			continue
		}
		field, ok := f.Make(dst)
		if !ok {
			const reason = "the embedded pointer is nil and not exported"
			return within("."+name, &DecodeError{Value: "a value", Type: field.Type(), Reason: reason})
		}
		if err := d.assign(field, v); err != nil {
			return within("."+name, err)
		}
	}
	return nil
}
