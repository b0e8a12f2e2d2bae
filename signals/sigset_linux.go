package signals

import (
	"math/bits"

	"golang.org/x/sys/unix"
)

// A unix.Sigset_t is an array of the kernel's words, which are as wide as a uint.

func addSignal(set *unix.Sigset_t, s Signal)    { set.Val[wordOf(s)] |= 1 << bitOf(s) }
func removeSignal(set *unix.Sigset_t, s Signal) { set.Val[wordOf(s)] &^= 1 << bitOf(s) }

func hasSignal(set *unix.Sigset_t, s Signal) bool { return set.Val[wordOf(s)]>>bitOf(s)&1 != 0 }

func wordOf(s Signal) uint { return uint(s-1) / bits.UintSize }
func bitOf(s Signal) uint  { return uint(s-1) % bits.UintSize }

func setOf(s Signal) (set unix.Sigset_t) {
	addSignal(&set, s)
	return set
}
