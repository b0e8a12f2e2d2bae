package childprocess

import (
	"strconv"
	"syscall"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/streams"
)

// Replace runs file in this process, in place of this program (execve(2)). It returns only on
// failure, and the process is then as it was: descriptors, directory, umask, credentials, limits,
// signals. A nil o means all defaults.
//
// Replace looks the program up as [Spawn] does, and returns all errors: an *[ArgumentError], an
// *[UnsupportedError], or a *[SpawnError]. The program keeps the process id, the parent, the
// session, the group and the children of this program, whose exits are reported to it. This program
// is over: no deferred call and no Close runs. If this program was started with a parent-death
// signal ([Options].Pdeathsig), that is lost, because the kernel keeps it for the thread that main
// began on, and another thread executes the program.
//
// These Options are honoured: Dir, Env, ParentPath, Argv0, Shell, ListenFDs, UID, GID, Groups,
// FDPolicy, Umask, Nice, IOPriority, CPUs, Rlimits, Chroot, AmbientCaps and NoNewPrivs. Every other
// field is for a child and is refused with an *ArgumentError that names it; the Backend must be
// BackendAuto. Slots 0 to 2 of Stdio are Inherit by default. A slot may be Ignore, Inherit, FD,
// File, [Path] or [SameAs]; Replace closes no slot that is Owned. The program has its slots and no
// other descriptor; with FDsCloseOnExec, it has all that are not close-on-exec.
//
// As a child does, the program starts with an empty signal mask, all signals at their default, and
// the limit of descriptors that this program was started with. It is in the namespaces of this
// program, not in those of the calling thread. Just before execve(2), ignored signals are not
// ignored, and Rlimits apply to this process. If execve(2) then fails and this process lacks
// CAP_SYS_RESOURCE, a hard limit that Rlimits has lowered stays lowered.
//
// On Linux on other architectures than amd64 and arm64, on macOS and on the BSDs, Replace is
// [syscall.Exec]: Dir, credentials, settings, and Stdio other than the default are an
// *UnsupportedError. Ignored signals stay ignored there, and on macOS and the BSDs the program has
// all descriptors that are not close-on-exec. After a failure, later children of this program have
// its limit of descriptors, as raised by Go.
//
// Safe to call from any goroutine, with a loop running or not. Concurrent calls run one after
// another.
func Replace(file string, args []string, o *Options) error {
	const op = "replace"
	if o == nil {
		o = new(Options)
	}
	if err := o.unfitForReplace(op); err != nil {
		return err
	}
	listening, err := o.withListenFDs(op)
	if err != nil {
		return err
	}
	with := *listening
	with.Stdio = inheriting(with.Stdio)
	if err := with.validate(op, file, args); err != nil {
		return err
	}
	if err := with.unsupportedByReplace(op); err != nil {
		return err
	}
	c := newChild(op, file, args, &with)
	var s process.Starter
	defer s.Release()
	var layout layout
	if err := layout.open(&with, &s); err != nil {
		return c.layoutFailure(err)
	}
	defer layout.close()
	c.starting = &starting{spec: process.Spec{
		Args: c.args, Env: with.environ(), Dir: with.Dir, Slots: layout.slots,
		UID: with.UID, GID: with.GID, Groups: with.Groups,
		Settings: with.settings(process.Closed), InheritOpen: with.FDPolicy == FDsCloseOnExec,
	}}
	spec := &c.starting.spec
	if len(with.ListenFDs) > 0 {
		spec.Env = append(with.withListenNames(spec.Env), listenPid+"="+strconv.Itoa(syscall.Getpid()))
	}
	spec.Files, c.starting.dot = with.candidates(c.file, nil)
	if len(spec.Files) == 0 {
		return c.blameExec(&process.Failure{Err: syscall.ENOENT})
	}
	return c.blame(process.Replace(spec))
}

// inheriting returns a copy of slots in which the default of the standard slots is Inherit.
func inheriting(slots []Stdio) []Stdio {
	out := make([]Stdio, slotCount(slots))
	copy(out, slots)
	for i := range standardSlots {
		if out[i].form == formDefault {
			out[i] = Inherit
		}
	}
	return out
}

// unfitForReplace returns an *ArgumentError if o has an option for a child.
func (o *Options) unfitForReplace(op string) error {
	for _, f := range []struct {
		given bool
		name  string
	}{
		{o.Serialization != ipc.JSON, "Serialization"}, {o.MaxMessage != 0, "MaxMessage"}, {o.MaxQueue != 0, "MaxQueue"},
		{o.Encoding != streams.UTF8, "Encoding"}, {o.LineEnd != streams.Newline, "LineEnd"}, {o.MaxLine != 0, "MaxLine"},
		{o.HighWaterMark != 0, "HighWaterMark"}, {o.PipeCapacity != 0, "PipeCapacity"},
		{o.Detached, "Detached"}, {o.Setpgid, "Setpgid"}, {o.Pgid != 0, "Pgid"}, {o.Foreground, "Foreground"},
		{o.Backend != BackendAuto, "Backend"}, {o.OOMScore != nil, "OOMScore"}, {o.Cgroup != "", "Cgroup"},
		{o.Cloneflags != 0, "Cloneflags"}, {o.UidMappings != nil, "UidMappings"}, {o.GidMappings != nil, "GidMappings"},
		{o.GidMappingsEnableSetgroups, "GidMappingsEnableSetgroups"}, {o.Pdeathsig != 0, "Pdeathsig"},
		{o.Landlock != nil, "Landlock"}, {o.LandlockFlags != 0, "LandlockFlags"}, {o.Seccomp != nil, "Seccomp"},
		{o.PreSpawn != nil, "PreSpawn"}, {o.Context != nil, "Context"}, {o.Timeout != 0, "Timeout"},
		{o.KillSignal != 0, "KillSignal"}, {o.Cancel != CancelSignal, "Cancel"}, {o.CancelFunc != nil, "CancelFunc"},
		{o.KillScope != ScopeAuto, "KillScope"}, {o.IdleTimeout != 0, "IdleTimeout"}, {o.StopWhen != nil, "StopWhen"},
		{o.Overflow != OverflowEnd, "Overflow"}, {o.KillGrace != 0, "KillGrace"}, {o.CloseGrace != 0, "CloseGrace"},
		{o.Async, "Async"}, {o.StopEvents, "StopEvents"},
	} {
		if f.given {
			return &ArgumentError{op, f.name, "is for a child"}
		}
	}
	for i, s := range o.Stdio {
		switch s.form {
		case formDefault, formIgnore, formInherit, formFD, formFile, formPath, formSameAs:
		default:
			return &ArgumentError{op, "Stdio[" + strconv.Itoa(i) + "]", "is a form that needs this program, which is there no more"}
		}
	}
	return nil
}

// unsupportedByReplace returns an *UnsupportedError if this system has only syscall.Exec, and that
// cannot honour an option.
func (o *Options) unsupportedByReplace(op string) error {
	if process.CanReplace() {
		return nil
	}
	const reason = "cannot be honoured by syscall.Exec on this system"
	for _, f := range []struct {
		given bool
		name  string
	}{
		{o.Dir != "", "Dir"}, {o.UID != nil, "UID"}, {o.GID != nil, "GID"}, {o.Groups != nil, "Groups"},
		{o.Umask != nil, "Umask"}, {o.Nice != nil, "Nice"}, {o.IOPriority != nil, "IOPriority"}, {o.CPUs != nil, "CPUs"},
		{o.Rlimits != nil, "Rlimits"}, {o.Chroot != "", "Chroot"}, {o.AmbientCaps != nil, "AmbientCaps"},
		{o.NoNewPrivs, "NoNewPrivs"}, {o.ListenFDs != nil, "ListenFDs"},
	} {
		if f.given {
			return &UnsupportedError{op, f.name, reason}
		}
	}
	for i, s := range o.Stdio {
		if s.form != formInherit || i >= standardSlots {
			return &UnsupportedError{op, "Stdio[" + strconv.Itoa(i) + "]", reason}
		}
	}
	return nil
}
