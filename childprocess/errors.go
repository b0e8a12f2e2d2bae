package childprocess

import (
	"errors"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

var (
	// ErrDot is the cause of a [SpawnError] if the search of PATH found the program in a relative
	// directory, such as "." or an empty element: which program that is depends on the working
	// directory. To start such a program, name it "./program".
	ErrDot = errors.New("found relative to the current directory")

	// ErrStatusLost is returned by Wait if the child has exited, but something else in this program
	// has taken its status and the kernel does not return it again (before Linux 6.15). See
	// [ExitStatus].Lost.
	ErrStatusLost = errors.New("childprocess: exit status lost")
)

// A Step is the step of a start that has failed.
type Step string

// The steps of a [SpawnError], and errors that they have.
const (
	// finding and executing the file: ENOENT, EACCES, ENOEXEC, ETXTBSY…
	StepProgram     Step = "program"
	StepInterpreter Step = "interpreter" // that of a script or an executable: ENOENT, EACCES
	StepCwd         Step = "cwd"         // changing to Options.Dir: ENOENT, ENOTDIR, EACCES
	// a descriptor for a slot: EBADF; a terminal: ENOENT, ENOSPC; a Path; PipeCapacity: EPERM
	StepStdio       Step = "stdio"
	StepGroup       Step = "group"       // Options.Pgid, of another session: EPERM
	StepForeground  Step = "foreground"  // Options.Foreground: ENXIO, EPERM
	StepCredentials Step = "credentials" // Options.UID, GID, Groups: EPERM
	StepArguments   Step = "arguments"   // E2BIG
	StepResource    Step = "resource"    // a limit was reached: EAGAIN, EMFILE, ENFILE, ENOMEM

	StepUmask      Step = "umask"        // Options.Umask
	StepNice       Step = "nice"         // Options.Nice: EACCES
	StepIOPriority Step = "I/O priority" // Options.IOPriority: EPERM
	StepOOMScore   Step = "OOM score"    // Options.OOMScore: EACCES
	StepCPUs       Step = "CPUs"         // Options.CPUs: EINVAL
	StepRlimit     Step = "rlimit"       // one of Options.Rlimits, which Path names: EPERM
	// Options.Cgroup: ENOENT, EACCES, EBUSY, EAGAIN, ENOTSUP, EINVAL
	StepCgroup      Step = "cgroup"
	StepNamespaces  Step = "namespaces"           // Options.Cloneflags: EPERM, ENOSPC
	StepIDMaps      Step = "ID maps"              // Options.UidMappings, GidMappings: EPERM, EINVAL
	StepChroot      Step = "chroot"               // Options.Chroot: EPERM, ENOENT, ENOTDIR
	StepAmbientCaps Step = "ambient capabilities" // Options.AmbientCaps: EPERM
	StepNoNewPrivs  Step = "no new privileges"    // Options.NoNewPrivs
	StepPdeathsig   Step = "parent-death signal"  // Options.Pdeathsig
	// Options.Landlock: EPERM, EBADFD, E2BIG, EBADF for a closed file
	StepLandlock Step = "landlock"
	StepSeccomp  Step = "seccomp"  // Options.Seccomp: EACCES, EINVAL
	StepPreSpawn Step = "PreSpawn" // Options.PreSpawn returned an error
)

// A SpawnError says why a program could not be started. No process is left of it.
type SpawnError struct {
	// Op is "spawn", "exec", "execFile", "fork", "replace", or "spawnSync" for the sync forms.
	Op   string
	Step Step   // the step that failed
	File string // the program, as it was given to Spawn, or the shell

	// Path is the object that the step failed for: the file that was searched or executed, the
	// interpreter, a directory, the number of a process group, the index of an option…
	Path string
	Args []string // the arguments, without argv[0]
	Err  error    // a syscall.Errno, ErrDot, or the error of PreSpawn
}

// Error returns a text such as "spawn nosuch: ENOENT: no such file or directory" or "spawn ls: cwd
// /nowhere: ENOENT: no such file or directory".
func (e *SpawnError) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + " " + e.File + ": ")
	switch {
	case e.Path != e.File:
		b.WriteString(string(e.Step) + " " + e.Path + ": ")
	case e.Step != StepProgram:
		b.WriteString(string(e.Step) + ": ")
	}
	var errno syscall.Errno
	if errors.As(e.Err, &errno) {
		if name := unix.ErrnoName(errno); name != "" {
			b.WriteString(name + ": ")
		}
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap returns the cause.
func (e *SpawnError) Unwrap() error { return e.Err }

// errnoOr returns the errno that err wraps, or err if it wraps none. A SpawnError has the bare
// errno of an error of packages reactor and signals.
func errnoOr(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	return err
}

// An ArgumentError reports a mistake in a call. It is returned before anything is started.
// errors.Is(err, syscall.EINVAL) is true.
type ArgumentError struct {
	Op     string // "spawn", "kill"…
	Name   string // the argument or the field of Options
	Reason string // completes the sentence "Name …"
}

// Error returns a text such as "spawn: args[2] contains a NUL byte".
func (e *ArgumentError) Error() string { return e.Op + ": " + e.Name + " " + e.Reason }

// Is reports whether target is EINVAL.
func (e *ArgumentError) Is(target error) bool { return target == syscall.EINVAL }

// An UnsupportedError reports an option that this system, or the Backend that was asked for, cannot
// honour. It is returned before anything is started. errors.Is(err, errors.ErrUnsupported) is true.
type UnsupportedError struct {
	Op     string // "spawn"…
	Name   string // the field of Options
	Reason string // completes the sentence "Name …"
}

// Error returns a text such as "spawn: Umask cannot be set by syscall.ForkExec".
func (e *UnsupportedError) Error() string { return e.Op + ": " + e.Name + " " + e.Reason }

// Is reports whether target is errors.ErrUnsupported.
func (e *UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }
