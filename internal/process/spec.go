package process

import "syscall"

// A Spec says which process to start and how. Start only reads it, and does not keep it.
type Spec struct {
	// Files are the candidates to execute: the first that can be executed is. With more than one,
	// missing files and those that may not be executed are skipped, as by execvp(3). The child
	// decides that, with its directory and its credentials.
	Files []string

	Args []string // argv, argv[0] included
	Env  []string // "KEY=value"
	Dir  string   // "": the directory of this process

	// PIDVariable is the name of a variable that is added after Env. Its value is the child's
	// process id as the child sees it. "": none.
	PIDVariable string

	// Slots are the descriptors of this process that the child gets as its 0, 1 and so on; [Closed]
	// for none. They are borrowed. The child has no other descriptors, unless InheritOpen is set.
	Slots []int

	// InheritOpen lets the child keep the descriptors that are not close-on-exec, at their numbers
	// above Slots.
	InheritOpen bool

	Setsid bool // the child leads a new session
	// The terminal in the slot Ctty becomes the controlling one of the new session. Only with
	// Setsid.
	Setctty bool
	Ctty    int
	Setpgid bool // the child joins the group Pgid, or leads a new one if that is 0
	Pgid    int

	// nil leaves a credential as it is. If UID or GID is given and Groups is not, the child drops
	// the supplementary groups, if this process may do that.
	UID, GID *uint32
	Groups   []uint32

	Settings *Settings // nil: none
	Backend  Backend

	// ThrowAway says that the thread that calls Start ends afterwards, see OnThrowAwayThread. After
	// Start that thread's table of descriptors need not be the program's any more: then
	// Process.Pidfd is -1 although the kernel has pidfds.
	ThrowAway bool

	// Pidfd asks for a pidfd. Where the kernel has none, Process.Pidfd is -1.
	Pidfd bool
}

// Closed in Spec.Slots means that the child has no descriptor there.
const Closed = -1

// A Process is a child that was started. Its status is still to be taken, by Wait. It is a plain
// value: all copies share one pidfd, and the caller must Close one of them after the last use.
type Process struct {
	Pid   int
	Pidfd int // the caller must Close it; -1: there is none

	thread *lease // of the thread that forked the child; nil: the child does not depend on it
	cgroup *claim // nil: the child was put into no cgroup
	ticket ticket // of the start
}

// A Step is the part of a start that failed.
type Step uint8

// The steps, in the order in which a child takes them.
const (
	StepFork        Step = iota // clone(2), in the parent
	StepNamespaces              // the same, if Settings.Cloneflags are the reason
	StepIDMaps                  // uid_map and gid_map
	StepSlots                   // giving the child its descriptors
	StepCgroup                  // clone3(2) into it, or cgroup.procs
	StepOOMScore                // oom_score_adj
	StepNice                    // setpriority(2)
	StepIOPriority              // ioprio_set(2)
	StepCPUs                    // sched_setaffinity(2)
	StepUmask                   // umask(2), which cannot fail
	StepSession                 // setsid(2)
	StepTerminal                // taking the controlling terminal, ioctl_tty(2)
	StepGroup                   // setpgid(2)
	StepForeground              // tcsetpgrp(3)
	StepRlimit                  // prlimit(2)
	StepChroot                  // chroot(2)
	StepDirectory               // chdir(2)
	StepGroups                  // setgroups(2)
	StepGID                     // setgid(2)
	StepUID                     // setuid(2)
	StepAmbientCaps             // capset(2), prctl(2)
	StepNoNewPrivs              // prctl(2)
	StepPdeathsig               // prctl(2)
	StepLandlock                // landlock_restrict_self(2)
	StepSignals                 // dispositions and mask
	StepSeccomp                 // seccomp(2)
	StepExec                    // execve(2)
	// The same, if the interpreter or loader that the file needs is missing or may not be executed.
	StepInterpreter
)

// A Failure says why a child could not be started. The start has left nothing behind.
type Failure struct {
	Step Step
	// Path is the directory, or the file that could not be executed: with several, the first one
	// that was there. "" for other steps.
	Path  string
	Index int // of the limit in Settings.Rlimits, for StepRlimit
	Err   syscall.Errno
}

// Error returns the text of the errno.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the errno.
func (f *Failure) Unwrap() error { return f.Err }
