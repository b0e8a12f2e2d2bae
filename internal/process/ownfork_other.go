//go:build unix && !(linux && (amd64 || arm64))

package process

// ownFork is empty here: the clone is written for Linux, in the assembly of two architectures.
type ownFork struct{}

// Prepare does nothing.
func Prepare() {}

func hasOwnFork() bool { return false }

func (*ownFork) start(spec *Spec) (Process, *Failure) { return forkExec(spec) }
func (*ownFork) reserve()                             {}
func (*ownFork) release() bool                        { return false }
