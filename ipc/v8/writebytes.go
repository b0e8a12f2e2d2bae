package v8

import (
	"encoding/binary"
	"reflect"
)

// view writes a view of that type that shows data, a slice of numbers of fixed size. The view is known again by the slice v.
func (w *writer) view(v any, kind uint32, data any) error {
	if done, err := w.ref(identify(reflect.ValueOf(v))); done {
		return err
	}
	w.p = append(w.p, tagHost, hostView, byte(kind))
	w.varint(binary.Size(data))
	var err error
	w.p, err = binary.Append(w.p, binary.LittleEndian, data)
	return err // There is none: slices of numbers are what binary is made for.
}

func (w *writer) buffer(p []byte) error {
	if p == nil {
		w.tag(tagNull)
		return nil
	}
	return w.view(p, viewBuffer, p)
}

func (a Int8Array) write(w *writer) error         { return w.view(a, viewInt8, []int8(a)) }
func (a Uint8Array) write(w *writer) error        { return w.view(a, viewUint8, []byte(a)) }
func (a Uint8ClampedArray) write(w *writer) error { return w.view(a, viewUint8Clamped, []byte(a)) }
func (a Int16Array) write(w *writer) error        { return w.view(a, viewInt16, []int16(a)) }
func (a Uint16Array) write(w *writer) error       { return w.view(a, viewUint16, []uint16(a)) }
func (a Int32Array) write(w *writer) error        { return w.view(a, viewInt32, []int32(a)) }
func (a Uint32Array) write(w *writer) error       { return w.view(a, viewUint32, []uint32(a)) }
func (a Float32Array) write(w *writer) error      { return w.view(a, viewFloat32, []float32(a)) }
func (a Float64Array) write(w *writer) error      { return w.view(a, viewFloat64, []float64(a)) }
func (a BigInt64Array) write(w *writer) error     { return w.view(a, viewBigInt64, []int64(a)) }
func (a BigUint64Array) write(w *writer) error    { return w.view(a, viewBigUint64, []uint64(a)) }
func (v DataView) write(w *writer) error          { return w.view(v, viewDataView, []byte(v)) }
