package v8

import (
	"encoding/binary"
	"slices"
	"strings"
)

// This file reads ArrayBuffers and the views of bytes: those that V8 writes behind an ArrayBuffer,
// and those that Node writes as host objects, with bytes of their own.

// viewBudget bounds the bytes that are copied for views of ArrayBuffers, as a multiple of the
// payload's length. Node sends no such views: its views have their own bytes.
const viewBudget = 4

// arrayBuffer reads the bytes of an ArrayBuffer.
func (r *valueReader) arrayBuffer(resizable bool) (any, error) {
	id := r.newID(nil)
	length, err := r.varint()
	if err != nil {
		return nil, err
	}
	b := &ArrayBuffer{Resizable: resizable}
	if resizable {
		if b.MaxLength, err = r.varint(); err != nil {
			return nil, err
		}
		if length > b.MaxLength {
			return nil, r.fail("an ArrayBuffer of %d bytes that is at most %d long", length, b.MaxLength)
		}
	}
	p, err := r.take(length)
	if err != nil {
		return nil, err
	}
	b.Data = owned(p)
	r.setObject(id, b)
	return b, nil
}

// host reads the rest of a host object, whose form is Node's.
func (r *valueReader) host() (any, error) {
	id := r.newID(nil)
	kind, err := r.varint()
	if err != nil {
		return nil, err
	}
	var v any
	switch kind {
	case hostView:
		v, err = r.hostView()
	case hostObject:
		v, err = r.value()
	default:
		err = r.fail("kind %d of host object", kind)
	}
	if err != nil {
		return nil, err
	}
	r.setObject(id, v)
	return v, nil
}

// hostView reads a Buffer or typed array of Node.
func (r *valueReader) hostView() (any, error) {
	kind, err := r.varint()
	if err != nil {
		return nil, err
	}
	p, err := r.sized()
	if err != nil {
		return nil, err
	}
	return r.viewOf(kind, p)
}

// view reads the tagView's rest behind an ArrayBuffer: the value is that view of the buffer.
func (r *valueReader) view(b *ArrayBuffer) (any, error) {
	id := r.newID(nil)
	letter, err := r.take(1)
	if err != nil {
		return nil, err
	}
	kind := strings.IndexByte(viewLetters, letter[0])
	if kind == viewBuffer { // That place in viewLetters has no letter.
		return nil, r.fail("a view of no type")
	}
	offset, err := r.varint()
	if err != nil {
		return nil, err
	}
	length, err := r.varint()
	if err != nil {
		return nil, err
	}
	var flags uint32
	if r.version >= flagsVersion {
		if flags, err = r.varint(); err != nil {
			return nil, err
		}
	}
	size := uint32(1)
	if kind >= 0 {
		size = uint32(elementSize(uint32(kind)))
	}
	whole := uint64(len(b.Data))
	if uint64(offset) > whole || offset%size != 0 {
		return nil, r.fail("a view that begins at %d of %d bytes", offset, whole)
	}
	if flags&viewTracksLength != 0 {
		length = uint32(whole) - offset
		length -= length % size
	}
	if uint64(offset)+uint64(length) > whole {
		return nil, r.fail("a view of %d bytes from %d of %d", length, offset, whole)
	}
	if r.copied += int(length); r.copied > viewBudget*len(r.p) {
		return nil, r.fail("too many views of an ArrayBuffer")
	}
	p := b.Data[offset : offset+length]
	if kind < 0 {
		v := &UnknownView{Letter: letter[0], Data: owned(p)}
		r.setObject(id, v)
		return v, nil
	}
	v, err := r.viewOf(uint32(kind), p)
	r.setObject(id, v)
	return v, err
}

// elementSize returns the length in bytes of an element in a view of that type.
func elementSize(kind uint32) int {
	switch kind {
	case viewInt16, viewUint16, viewFloat16:
		return 2
	case viewInt32, viewUint32, viewFloat32:
		return 4
	case viewFloat64, viewBigInt64, viewBigUint64:
		return 8
	}
	return 1
}

// viewOf makes a view of that type from a copy of p.
func (r *valueReader) viewOf(kind uint32, p []byte) (any, error) {
	if len(p)%elementSize(kind) != 0 {
		return nil, r.fail("%d bytes in elements of %d", len(p), elementSize(kind))
	}
	switch kind {
	case viewInt8:
		return Int8Array(littleEndian[int8](p, 1)), nil
	case viewUint8:
		return Uint8Array(owned(p)), nil
	case viewUint8Clamped:
		return Uint8ClampedArray(owned(p)), nil
	case viewInt16:
		return Int16Array(littleEndian[int16](p, 2)), nil
	case viewUint16:
		return Uint16Array(littleEndian[uint16](p, 2)), nil
	case viewInt32:
		return Int32Array(littleEndian[int32](p, 4)), nil
	case viewUint32:
		return Uint32Array(littleEndian[uint32](p, 4)), nil
	case viewFloat16:
		return Float16Array(littleEndian[Float16](p, 2)), nil
	case viewFloat32:
		return Float32Array(littleEndian[float32](p, 4)), nil
	case viewFloat64:
		return Float64Array(littleEndian[float64](p, 8)), nil
	case viewDataView:
		return DataView(owned(p)), nil
	case viewBuffer:
		return owned(p), nil
	case viewBigInt64:
		return BigInt64Array(littleEndian[int64](p, 8)), nil
	case viewBigUint64:
		return BigUint64Array(littleEndian[uint64](p, 8)), nil
	}
	return &UnknownView{Type: kind, Data: owned(p)}, nil
}

// owned copies p. An empty slice gets memory too, because a reference to it is recognized by its
// address.
func owned(p []byte) []byte {
	if len(p) == 0 {
		return make([]byte, 0, 1)
	}
	return slices.Clone(p)
}

// littleEndian returns the numbers in p; size is that of a T, in bytes.
func littleEndian[T any](p []byte, size int) []T {
	values := make([]T, len(p)/size, max(len(p)/size, 1))
	// The length fits, and there is no other error.
	_, _ = binary.Decode(p, binary.LittleEndian, values)
	return values
}
