package v8

import (
	"math"
	"math/big"
	"reflect"
	"strconv"
)

// This file decodes arrays and numbers, and makes the errors for values that do not fit.

// list decodes the elements of values, a slice, into a slice or an array. src is the value that has
// them.
func (d *decoder) list(dst reflect.Value, src any, values reflect.Value) error {
	n := values.Len()
	switch dst.Kind() {
	case reflect.Slice:
		if values.CanConvert(dst.Type()) {
			dst.Set(values.Convert(dst.Type()))
			return nil
		}
		if d.reuse(dst, src) {
			return nil
		}
		if err := d.spend(n); err != nil {
			return err
		}
		dst.Set(reflect.MakeSlice(dst.Type(), n, n))
		d.remember(src, dst)
	case reflect.Array:
		if n > dst.Len() {
			return misfit(dst, src)
		}
		dst.SetZero()
	default:
		return misfit(dst, src)
	}
	for i := range n {
		if err := d.assign(dst.Index(i), elementOf(values.Index(i))); err != nil {
			return within("["+strconv.Itoa(i)+"]", err)
		}
	}
	return nil
}

// elementOf returns an element of a slice or of a typed array as the value that Value would return
// for it.
func elementOf(v reflect.Value) any {
	if v.Type() == reflect.TypeFor[Float16]() {
		return Float16(v.Uint()).Float()
	}
	switch v.Kind() {
	case reflect.Int64:
		return big.NewInt(v.Int())
	case reflect.Uint64:
		return new(big.Int).SetUint64(v.Uint())
	case reflect.Uint32:
		if n := v.Uint(); n > math.MaxInt32 {
			return float64(n)
		}
	}
	switch {
	case v.CanInt():
		return int(v.Int())
	case v.CanUint():
		return int(v.Uint())
	case v.CanFloat():
		return v.Float()
	}
	return v.Interface()
}

// array decodes an array without holes; its other properties are dropped. An array with holes does
// not fit, because a slice has memory for the holes, and the sender may announce any number of
// them.
func (d *decoder) array(dst reflect.Value, src *Array) error {
	if !src.full() {
		return misfit(dst, src)
	}
	if dst.Kind() == reflect.Slice && d.reuse(dst, src) {
		return nil
	}
	if err := d.spend(len(src.elements)); err != nil {
		return err
	}
	values := make([]any, len(src.elements))
	for i, e := range src.elements {
		values[i] = e.value
	}
	return d.list(dst, src, reflect.ValueOf(values))
}

// integer decodes n, the value of src, into a numeric type.
func integer(dst reflect.Value, src any, n int64) error {
	switch {
	case dst.CanInt() && !dst.OverflowInt(n):
		dst.SetInt(n)
	case dst.CanUint() && n >= 0 && !dst.OverflowUint(uint64(n)):
		dst.SetUint(uint64(n))
	case dst.CanFloat() && n >= -maxInteger && n <= maxInteger:
		dst.SetFloat(float64(n))
	case dst.Type() == reflect.TypeFor[big.Int]():
		dst.Addr().Interface().(*big.Int).SetInt64(n)
	default:
		return misfit(dst, src)
	}
	return nil
}

// bigInteger decodes n, the value of src, into a numeric type.
func bigInteger(dst reflect.Value, src any, n *big.Int) error {
	switch {
	case n.IsInt64():
		return integer(dst, src, n.Int64())
	case n.IsUint64() && dst.CanUint() && !dst.OverflowUint(n.Uint64()):
		dst.SetUint(n.Uint64())
	case dst.Type() == reflect.TypeFor[big.Int]():
		dst.Addr().Interface().(*big.Int).Set(n)
	default:
		return misfit(dst, src)
	}
	return nil
}

func double(dst reflect.Value, f float64) error {
	switch {
	case dst.CanFloat() && (math.IsInf(f, 0) || math.IsNaN(f) || !dst.OverflowFloat(f)):
		dst.SetFloat(f)
		return nil
	case dst.CanFloat() || f != math.Trunc(f) || math.IsInf(f, 0): // NaN differs from itself.
		return misfit(dst, f)
	}
	n, _ := big.NewFloat(f).Int(nil)
	return bigInteger(dst, f, n)
}

// half decodes a number into a Float16.
func half(dst reflect.Value, src any) error {
	f := reflect.New(reflect.TypeFor[float64]()).Elem()
	var err error
	switch n := src.(type) {
	case int:
		err = integer(f, src, int64(n))
	case float64:
		f.SetFloat(n)
	case *big.Int:
		err = bigInteger(f, src, n)
	default:
		err = misfit(dst, src)
	}
	if err == nil {
		dst.SetUint(uint64(ToFloat16(f.Float())))
	}
	return err
}

func misfit(dst reflect.Value, src any) error {
	reason := ""
	if a, ok := src.(*Array); ok && !a.full() {
		reason = "it has holes"
	}
	return &DecodeError{Value: valueText(src), Type: dst.Type(), Reason: reason}
}

// valueText returns the name of a value in an error.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int:
		return "the number " + strconv.Itoa(v)
	case float64:
		return "the number " + numberName(v)
	case string:
		return "a string"
	case *big.Int:
		return "a bigint"
	case Singleton:
		return v.String()
	case *Object:
		return "an object"
	case []any, *Array:
		return "an array"
	case []byte:
		return "a Buffer"
	}
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch name := t.Name(); name[0] {
	case 'A', 'E', 'I', 'U':
		return "an " + name
	default:
		return "a " + name
	}
}
