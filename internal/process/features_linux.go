//go:build amd64 || arm64

package process

import "sync/atomic"

// features are the calls and flags that the kernel, or the sandbox around this program, may lack.
type features uint32

const (
	clone3       features = 1 << iota // clone3(2), Linux 5.3
	clearSighand                      // CLONE_CLEAR_SIGHAND, Linux 5.5; only with clone3
	// CLONE_FILES and then close_range(2) with CLOSE_RANGE_UNSHARE, Linux 5.9
	unsharedRange
	closeRange // close_range(2) without that flag, Linux 5.9
	pidfds     // CLONE_PIDFD, Linux 5.2
	intoCgroup // CLONE_INTO_CGROUP, Linux 5.7; only with clone3

	allFeatures = clone3 | clearSighand | unsharedRange | closeRange | pidfds | intoCgroup
)

func (f features) all(want features) bool { return f&want == want }

// absent are the features that a successful start of this program had to do without. It belongs to
// the program, because the kernel and the sandbox do. A failed start does not set it, because a
// refusal may have other causes.
var absent atomic.Uint32

// withoutRefused returns the features to try next after the clone was refused, and false if there
// is nothing left to leave out.
func (f features) withoutRefused() (features, bool) {
	switch {
	case f.all(intoCgroup):
		return f &^ intoCgroup, true
	case f.all(clearSighand):
		return f &^ clearSighand, true
	case f.all(clone3):
		return f &^ clone3, true
	case f.all(pidfds):
		return f &^ pidfds, true
	}
	return f, false
}

// withoutRange returns the features to try next after close_range(2) was refused in the child.
func (f features) withoutRange() features {
	if f.all(unsharedRange) {
		return f &^ unsharedRange
	}
	return f &^ closeRange
}
