package engine

import (
	"unsafe"

	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// The engine was C: it takes addresses as numbers, in memory that Go's collector does not manage.
// Memory of Go must not be passed to it, because a goroutine's stack moves and race builds check
// such addresses; it is copied. Constants of the program may be passed.

// pointerAt returns a pointer to an address of the engine.
func pointerAt[T any](address uintptr) *T { return (*T)(unsafe.Add(nil, address)) }

// bytesAt returns the n bytes at an address of the engine, without copying them.
func bytesAt(address uintptr, n int) []byte {
	if n == 0 {
		return nil
	}
	return unsafe.Slice(pointerAt[byte](address), n)
}

// unitsAt returns the n units of UTF-16 at an address of the engine, without copying them.
func unitsAt(address uintptr, n int) []uint16 {
	if n == 0 {
		return nil
	}
	return unsafe.Slice(pointerAt[uint16](address), n)
}

// loan is a copy of a text in the engine's memory.
type loan struct {
	address uintptr
	onStack int // bytes on the engine's stack; 0: it is allocated
}

// lend copies text, followed by a zero byte, to the engine's memory. takeBack frees the copy. Loans
// must be taken back in reverse order, because short ones are on the engine's stack.
func lend[T string | []byte](e *Engine, text T) (l loan) {
	if n := len(text) + 1; n <= smallText {
		l = loan{e.tls.Alloc(n), n}
	} else if l.address = libc.Xmalloc(e.tls, js.Size_t(n)); l.address == 0 {
		panic("engine: no memory for a text")
	}
	copy(bytesAt(l.address, len(text)), text)
	*pointerAt[byte](l.address + uintptr(len(text))) = 0
	return l
}

func (e *Engine) takeBack(l loan) {
	if l.onStack > 0 {
		e.tls.Free(l.onStack)
	} else {
		libc.Xfree(e.tls, l.address)
	}
}

// constantAddress returns the address of a constant of the program, which the engine may read.
func constantAddress(text string) uintptr { return uintptr(unsafe.Pointer(unsafe.StringData(text))) }

// smallText is the size of the longest text that is copied to the engine's stack: bytes.
const smallText = 1 << 12

// valueSize is the size of a value in the engine's memory: bytes.
const valueSize = int(unsafe.Sizeof(js.TJSValue{}))

func valueAt(address uintptr, i int) js.TJSValue {
	return *pointerAt[js.TJSValue](address + uintptr(i*valueSize))
}

// arguments copies values to the engine's stack. The caller must free len(v)*valueSize bytes.
func (e *Engine) arguments(v []Value) uintptr {
	if len(v) == 0 {
		return 0
	}
	address := e.tls.Alloc(len(v) * valueSize)
	for i := range v {
		*pointerAt[js.TJSValue](address + uintptr(i*valueSize)) = e.rawValue(v[i])
	}
	return address
}

// address stores fn in keep, and returns its address as the engine calls it: that of the func
// value.
func address[F any](keep *any, fn F) uintptr {
	*keep = &fn
	return addressOf[F](*keep)
}

// addressOf returns the address of a function that address has stored.
func addressOf[F any](keep any) uintptr { return *(*uintptr)(unsafe.Pointer(keep.(*F))) }
