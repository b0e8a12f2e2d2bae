//go:build unix

package process

import "syscall"

// A Change is one thing that wait(2) tells about a child.
type Change struct {
	Kind       ChangeKind
	Code       int            // of Exited
	Signal     syscall.Signal // of Signaled and Stopped
	CoreDumped bool           // of Signaled

	// Usage is that of the child and of those it has waited for (getrusage(2)), for Exited and
	// Signaled; nil if unknown.
	Usage *syscall.Rusage
}

// A ChangeKind says what a [Change] is.
type ChangeKind uint8

// The kinds.
const (
	Unchanged ChangeKind = iota // nothing to tell
	Exited
	Signaled // ended by a signal
	Lost     // ended; somebody else has taken the status
	Stopped
	Continued
)

// Ended reports whether the child has ended, and is waited for.
func (c Change) Ended() bool { return c.Kind == Exited || c.Kind == Signaled || c.Kind == Lost }

// decode reads the status word of wait4(2). A word that means none of the kinds is a lost status,
// not an exit code.
func decode(ws syscall.WaitStatus) Change {
	switch {
	case ws&^0xff00 == 0: // Exited, with nothing beside the code.
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
