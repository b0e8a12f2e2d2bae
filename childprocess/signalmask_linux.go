package childprocess

import "golang.org/x/sys/unix"

// emptySignalMask empties the mask of the calling thread, which its caller has locked: a child inherits the mask of the
// thread that forks it.
func emptySignalMask() (restore func()) {
	var empty, old unix.Sigset_t
	// It cannot fail with these arguments.
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &empty, &old)
	if old == empty {
		return func() {}
	}
	return func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }
}
