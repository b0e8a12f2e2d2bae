package v8

import (
	"encoding/binary"
	"reflect"
)

// This file writes Buffers, typed arrays and DataViews, in the form of Node: a host object with the
// type, the number of bytes and the bytes.

// bytesView writes a view of bytes, of the type kind.
func bytesView[S ~[]byte](w *writer, kind byte, data S) error {
	if done, err := w.ref(identifySlice(data)); done {
		return err
	}
	w.p = append(w.p, tagHost, hostView, kind)
	w.varint(len(data))
	w.p = append(w.p, data...)
	return nil
}

// numbersView writes a view of numbers of size bytes each, of the type kind.
func numbersView[S ~[]T, T any](w *writer, kind byte, size int, data S) error {
	if done, err := w.ref(identifySlice(data)); done {
		return err
	}
	w.p = append(w.p, tagHost, hostView, kind)
	w.varint(size * len(data))
	var err error
	w.p, err = binary.Append(w.p, binary.LittleEndian, []T(data))
	return err // It is nil: binary takes all slices of numbers of a fixed size.
}

func (a Int8Array) write(w *writer) error         { return numbersView(w, viewInt8, 1, a) }
func (a Uint8Array) write(w *writer) error        { return bytesView(w, viewUint8, a) }
func (a Uint8ClampedArray) write(w *writer) error { return bytesView(w, viewUint8Clamped, a) }
func (a Int16Array) write(w *writer) error        { return numbersView(w, viewInt16, 2, a) }
func (a Uint16Array) write(w *writer) error       { return numbersView(w, viewUint16, 2, a) }
func (a Int32Array) write(w *writer) error        { return numbersView(w, viewInt32, 4, a) }
func (a Uint32Array) write(w *writer) error       { return numbersView(w, viewUint32, 4, a) }
func (a Float16Array) write(w *writer) error      { return numbersView(w, viewFloat16, 2, a) }
func (a Float32Array) write(w *writer) error      { return numbersView(w, viewFloat32, 4, a) }
func (a Float64Array) write(w *writer) error      { return numbersView(w, viewFloat64, 8, a) }
func (a BigInt64Array) write(w *writer) error     { return numbersView(w, viewBigInt64, 8, a) }
func (a BigUint64Array) write(w *writer) error    { return numbersView(w, viewBigUint64, 8, a) }
func (v DataView) write(w *writer) error          { return bytesView(w, viewDataView, v) }

func (v *UnknownView) write(w *writer) error {
	if v.Letter != 0 {
		return unsupported(string(v.Letter), "a type of view that only V8 itself writes")
	}
	if done, err := w.ref(identify(reflect.ValueOf(v))); done {
		return err
	}
	w.p = append(w.p, tagHost, hostView)
	w.p = binary.AppendUvarint(w.p, uint64(v.Type))
	w.varint(len(v.Data))
	w.p = append(w.p, v.Data...)
	return nil
}
