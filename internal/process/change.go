//go:build unix

package process

import "syscall"

// A Change is one change of state of a child that wait(2) reports.
type Change struct {
	Kind       ChangeKind
	Code       int            // exit code, for Exited
	Signal     syscall.Signal // for Signaled and Stopped
	CoreDumped bool           // for Signaled

	// Usage is the usage of the child and of the children it has waited for (getrusage(2)), for
	// Exited and Signaled; nil: unknown.
	Usage *syscall.Rusage
}

// A ChangeKind is the kind of a [Change].
type ChangeKind uint8

// The kinds.
const (
	Unchanged ChangeKind = iota // no change
	Exited
	Signaled // ended by a signal
	Lost     // ended, but the status is gone: usually other code of this program has taken it
	Stopped
	Continued
)

// Ended reports whether the child has ended and was waited for.
func (c Change) Ended() bool { return c.Kind == Exited || c.Kind == Signaled || c.Kind == Lost }

// decode reads the status word of wait4(2). A word that means none of the kinds counts as a lost
// status, not as an exit code.
func decode(ws syscall.WaitStatus) Change {
	switch {
	case ws&^0xff00 == 0: // exited, and no bits but the code are set
		return Change{Kind: Exited, Code: ws.ExitStatus()}
	case ws.Continued():
		return Change{Kind: Continued}
	case ws.Stopped():
		return Change{Kind: Stopped, Signal: ws.StopSignal()}
	case ws.Signaled():
		return Change{Kind: Signaled, Signal: ws.Signal(), CoreDumped: ws.CoreDump()}
	}
	return Change{Kind: Lost}
}
