package childprocess

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"syscall"

	"github.com/brood-go/brood/internal/process"
)

// A CancelPolicy is what a limit does to the child: Timeout, IdleTimeout, Context, MaxBuffer,
// StopWhen, or Terminate.
type CancelPolicy uint8

// The policies. Whatever they do, ExitStatus.Cause says which limit it was.
const (
	// CancelSignal sends KillSignal, and SIGKILL after KillGrace.
	CancelSignal CancelPolicy = iota

	// CancelKill sends SIGKILL at once.
	CancelKill

	// CancelNone leaves the child alone. The error event tells of the limit, with ErrTimeout, say,
	// and a form that calls back with the output does so then. The child's exit and close come as
	// ever.
	CancelNone
)

// A KillScope is whom limits and Terminate signal.
type KillScope uint8

// The scopes.
const (
	// ScopeAuto is described with Options.KillSignal.
	ScopeAuto KillScope = iota

	// ScopeChild is the child alone, as in Node.
	ScopeChild

	// ScopeGroup is the process group of the child, which is given one if it is not Detached. On a
	// terminal it is in the background then, unless Foreground is set.
	ScopeGroup

	// ScopeTree is the child and its descendants, see [ChildProcess.KillTree]; in a cgroup of the
	// child's own that is everybody in it, and close waits for them within the grace. Only Linux
	// has it.
	ScopeTree
)

// An Overflow is what becomes of output beyond MaxBuffer.
type Overflow uint8

// The ways.
const (
	// OverflowEnd ends the child, with [ErrMaxBuffer].
	OverflowEnd Overflow = iota

	// OverflowDrain throws away what is too much, and the child goes on. ExitStatus.Overflowed
	// tells.
	OverflowDrain
)

var (
	// ErrIdle is the cause when Options.IdleTimeout has ended a child. errors.Is finds
	// syscall.ETIMEDOUT and os.ErrDeadlineExceeded in it.
	ErrIdle error = limitError{"no output for too long", syscall.ETIMEDOUT}

	// ErrEnough is the cause when Options.StopWhen has ended a child. It is no error of a form that
	// calls back or returns.
	ErrEnough = errors.New("childprocess: enough output")
)

// policyMistake finds the contradictions among the options that say how a child is ended.
func (o *Options) policyMistake(op string) error {
	bad := func(name, reason string) error { return &ArgumentError{op, name, reason} }
	switch {
	case o.IdleTimeout < 0:
		return bad("IdleTimeout", "is negative")
	case o.IdleTimeout > 0 && !o.hasOutput() && !o.hasChannel():
		return bad("IdleTimeout", "is given for a child without a pipe or a channel that this program reads")
	case o.StopWhen != nil && !o.hasOutput():
		return bad("StopWhen", "is given for a child without a pipe that this program reads")
	case o.Cancel > CancelNone:
		return bad("Cancel", "is unknown")
	case o.Cancel != CancelSignal && o.CancelFunc != nil:
		return bad("CancelFunc", "is given, beside a policy")
	case o.Cancel != CancelSignal && o.KillSignal != 0:
		return bad("KillSignal", "is given for a policy that does not send it")
	case o.Cancel != CancelSignal && o.KillGrace != 0:
		return bad("KillGrace", "is given for a policy that has none")
	case o.KillScope > ScopeTree:
		return bad("KillScope", "is unknown")
	case o.KillScope == ScopeGroup && o.Pgid != 0:
		return bad("KillScope", "is a group of the child's own, and Pgid another one")
	case o.KillScope == ScopeTree && !process.HasTrees:
		return fmt.Errorf("%w: %w", bad("KillScope", "is ScopeTree, on a system where descendants cannot be found"), errors.ErrUnsupported)
	case o.Overflow > OverflowDrain:
		return bad("Overflow", "is unknown")
	}
	return nil
}

// hasChannel reports whether messages come from the child.
func (o *Options) hasChannel() bool {
	return slices.ContainsFunc(o.Stdio, func(s Stdio) bool { return s.form == formIPC })
}

// hasOutput reports whether this program reads what the child writes.
func (o *Options) hasOutput() bool {
	if o.ctty() >= 0 {
		return true
	}
	asked := layout{stdio: o.Stdio}
	for i := range max(len(o.Stdio), standardSlots) {
		if i != 0 && (asked.slot(i).isPipe(i) || asked.slot(i).form == formTee) {
			return true
		}
	}
	return false
}

// hasStandardPipe reports whether this program has a pipe to one of the standard descriptors.
func (o *Options) hasStandardPipe() bool {
	asked := layout{stdio: o.Stdio}
	for i := range standardSlots {
		if asked.slot(i).isPipe(i) || asked.slot(i).form == formTee {
			return true
		}
	}
	return false
}

// String returns the policy's name.
func (p CancelPolicy) String() string {
	return nameOf("CancelPolicy", int(p), "signal", "kill", "none")
}

// String returns the scope's name.
func (s KillScope) String() string {
	return nameOf("KillScope", int(s), "auto", "child", "group", "tree")
}

// String returns the way's name.
func (o Overflow) String() string { return nameOf("Overflow", int(o), "end", "drain") }

func nameOf(kind string, n int, names ...string) string {
	if n < len(names) {
		return names[n]
	}
	return kind + "(" + strconv.Itoa(n) + ")"
}
