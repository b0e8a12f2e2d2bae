//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package reactor

import (
	"math/bits"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A kevent carries a value of the user's, udata, as wide as a pointer and on most systems declared
// as one. What travels in it here is a number. The garbage collector must never meet that number
// where it expects a pointer, so
//
//   - kevent structures live only in memory from newKevents or in a changeList, which the collector
//     does not scan;
//   - they are used in place, through pointers, and never copied to a variable, whose stack slot
//     would be scanned;
//   - udata is read and written by the functions of this file only.

// A system where udata were not as wide as a pointer would not compile this.
const _ uintptr = -(unsafe.Sizeof(uintptr(0)) ^ unsafe.Sizeof(unix.Kevent_t{}.Udata))

// newKevents returns n zero kevents in memory that was allocated as numbers and so holds no
// pointers for the collector.
func newKevents(n int) []unix.Kevent_t {
	const wordSize = unsafe.Sizeof(uint64(0)) // its alignment suffices for a kevent everywhere
	words := make([]uint64, (uintptr(n)*unsafe.Sizeof(unix.Kevent_t{})+wordSize-1)/wordSize)
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

// changeList is room for the kevents of one registration, as numbers; its zero value is ready.
type changeList [(maxChanges*unsafe.Sizeof(unix.Kevent_t{}) + unsafe.Sizeof(uint64(0)) - 1) / unsafe.Sizeof(uint64(0))]uint64

func (c *changeList) kevents() []unix.Kevent_t {
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(c)), maxChanges)
}

// setKevent fills *k in for a change.
func setKevent(k *unix.Kevent_t, ident, filter, flags int, fflags uint32, data int64, udata uintptr) {
	unix.SetKevent(k, ident, filter, flags)
	k.Fflags = fflags
	k.Data = data
	*(*uintptr)(unsafe.Pointer(&k.Udata)) = udata
}

func udataOf(k *unix.Kevent_t) uintptr { return *(*uintptr)(unsafe.Pointer(&k.Udata)) }

// tokenHalf is how many bits of udata each half of a token gets: 32, which is all, or 16 on a
// 32-bit system. There a generation is told from another by its low bits, which the other would
// have to share by being a multiple of 65,536 uses of one slot away within one batch of events.
const tokenHalf = bits.UintSize / 2

// maxSlot is the last slot that has a udata. It bounds the watchers of a loop to 65,535 on a 32-bit
// system.
const maxSlot = 1<<tokenHalf - 2

// udata returns the token as a number that is never 0: a kevent with 0 is none of a watcher's.
func (t token) udata() uintptr { return uintptr(t.gen)<<tokenHalf | uintptr(t.slot+1) }
