package childprocess

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"syscall"

	"github.com/brood-go/brood/internal/process"
)

// A CancelPolicy says how a limit kills the child: Timeout, IdleTimeout, Context, MaxBuffer,
// StopWhen, or Terminate.
type CancelPolicy uint8

// The policies. With each of them ExitStatus.Cause has the limit.
const (
	// CancelSignal sends KillSignal, and SIGKILL after KillGrace.
	CancelSignal CancelPolicy = iota

	// CancelKill sends SIGKILL at once.
	CancelKill

	// CancelNone sends no signal. The error event has the limit, such as ErrTimeout, and a form
	// that calls back with the output does so then. Exit and close follow when the child exits by
	// itself.
	CancelNone
)

// A KillScope says which processes the limits and Terminate signal.
type KillScope uint8

// The scopes.
const (
	// ScopeAuto depends on the child: see Options.KillSignal.
	ScopeAuto KillScope = iota

	// ScopeChild is the child alone, as in Node.
	ScopeChild

	// ScopeGroup is the process group of the child. A child that is not Detached is given a group;
	// on a terminal that is in the background, unless Foreground is set.
	ScopeGroup

	// ScopeTree is the child and its descendants, see [ChildProcess.KillTree]. If the child has a
	// cgroup of its own, that is all processes in it, and close waits for them within the grace. It
	// exists on Linux only.
	ScopeTree
)

// An Overflow says what a form does with output beyond MaxBuffer.
type Overflow uint8

// The kinds of Overflow.
const (
	// OverflowEnd kills the child, with [ErrMaxBuffer] as the cause.
	OverflowEnd Overflow = iota

	// OverflowDrain drops the output beyond MaxBuffer and sets ExitStatus.Overflowed. The child
	// goes on.
	OverflowDrain
)

var (
	// ErrIdle is the cause when Options.IdleTimeout has killed a child. errors.Is finds
	// syscall.ETIMEDOUT and os.ErrDeadlineExceeded in it.
	ErrIdle error = limitError{"no output for too long", syscall.ETIMEDOUT}

	// ErrEnough is the cause when Options.StopWhen has killed a child. A form that calls back or
	// returns does not report it as an error.
	ErrEnough = errors.New("childprocess: enough output")
)

// policyMistake returns an *ArgumentError for the first contradiction among the options of the
// limits, nil if there is none.
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

func (o *Options) hasChannel() bool {
	return slices.ContainsFunc(o.Stdio, func(s Stdio) bool { return s.form == formIPC })
}

// hasOutput reports whether this program reads a pipe or a terminal that the child writes to.
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

// hasStandardPipe reports whether one of the slots 0 to 2 is a pipe to this program.
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

// String returns its name, "end" or "drain".
func (o Overflow) String() string { return nameOf("Overflow", int(o), "end", "drain") }

// nameOf returns the n-th of names, or a text such as "KillScope(9)" for another n.
func nameOf(kind string, n int, names ...string) string {
	if n < len(names) {
		return names[n]
	}
	return kind + "(" + strconv.Itoa(n) + ")"
}
