//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package reactor

import (
	"math/bits"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A kevent carries a value of its user, udata, as wide as a pointer and on most systems declared as
// one. Here udata is a number. The garbage collector must never meet that number where it expects a
// pointer, so
//
//   - kevent structures live only in memory from newKevents or in a changeList, which the collector
//     does not scan;
//   - they are used in place, through pointers, and never copied to a variable, whose stack slot
//     would be scanned;
//   - only the functions of this file read and write udata.

// On a system where udata is not as wide as a pointer this does not compile.
const _ uintptr = -(unsafe.Sizeof(uintptr(0)) ^ unsafe.Sizeof(unix.Kevent_t{}.Udata))

// newKevents returns n zero kevents in memory that was allocated as numbers, so the collector looks
// for no pointers in it.
func newKevents(n int) []unix.Kevent_t {
	const wordSize = unsafe.Sizeof(uint64(0)) // its alignment suffices for a kevent everywhere
	words := make([]uint64, (uintptr(n)*unsafe.Sizeof(unix.Kevent_t{})+wordSize-1)/wordSize)
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

// changeList is room for the kevents of one registration, as numbers. Its zero value is ready.
type changeList [(maxChanges*unsafe.Sizeof(unix.Kevent_t{}) + unsafe.Sizeof(uint64(0)) - 1) / unsafe.Sizeof(uint64(0))]uint64

func (c *changeList) kevents() []unix.Kevent_t {
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(c)), maxChanges)
}

func setKevent(k *unix.Kevent_t, ident, filter, flags int, fflags uint32, data int64, udata uintptr) {
	unix.SetKevent(k, ident, filter, flags)
	k.Fflags = fflags
	k.Data = data
	*(*uintptr)(unsafe.Pointer(&k.Udata)) = udata
}

func udataOf(k *unix.Kevent_t) uintptr { return *(*uintptr)(unsafe.Pointer(&k.Udata)) }

// tokenHalf is how many bits of udata each half of a token gets: all 32, or 16 on a 32-bit system.
// With 16 bits two generations of a slot look alike if they are a multiple of 65,536 uses apart,
// within one batch of events.
const tokenHalf = bits.UintSize / 2

// maxSlot is the last slot that has a udata. On a 32-bit system it bounds the watchers of a loop to
// 65,535.
const maxSlot = 1<<tokenHalf - 2

// udata returns the token as a number that is never 0, because a kevent with udata 0 belongs to no
// watcher.
func (t token) udata() uintptr { return uintptr(t.gen)<<tokenHalf | uintptr(t.slot+1) }
