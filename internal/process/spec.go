package process

import "syscall"

// A Spec says what to start. It is only read, and not kept.
type Spec struct {
	// Files are the files to execute: the first that can be is. With more than one, those that are
	// not there and those that may not be executed are passed over, as execvp(3) does. The process
	// that has been made judges, with its directory and its credentials.
	Files []string

	Args []string // with argv[0]
	Env  []string // "KEY=value"
	Dir  string   // "": that of this process

	// PIDVariable is the name of a variable behind Env whose value is the child's process id as the
	// child sees it; "": none.
	PIDVariable string

	// Slots are the descriptors of this process that the child gets as its 0, 1 and so on; [Closed]
	// for none. The child has these descriptors and no others, but with InheritOpen.
	Slots []int

	// InheritOpen has the child keep, at their numbers above Slots, the descriptors that are not
	// close-on-exec.
	InheritOpen bool

	Setsid bool
	// the terminal in the slot Ctty becomes the controlling one of the new session; with Setsid
	// only
	Setctty bool
	Ctty    int
	Setpgid bool // into the group Pgid or, with 0, into a new one
	Pgid    int

	// What is nil stays as it is. Where UID or GID is given and Groups is not, the supplementary
	// groups are dropped if this process may do that.
	UID, GID *uint32
	Groups   []uint32

	Settings *Settings // nil: none
	Backend  Backend

	// ThrowAway says that the thread that calls Start ends afterwards, see OnThrowAwayThread. Its
	// table of descriptors need not be that of the program any more after Start: then Process.Pidfd
	// is -1 although there are pidfds.
	ThrowAway bool

	// Pidfd asks for a pidfd. Where the kernel has none Process.Pidfd is -1.
	Pidfd bool
}

// Closed in Spec.Slots means that the child has no descriptor there.
const Closed = -1

// A Process is a child that was started and not waited for.
type Process struct {
	Pid   int
	Pidfd int // the caller must close it; -1 if there is none

	thread *lease // of the thread that forked it; nil if that does not matter
	cgroup *claim // nil: it was put into none
	ticket ticket // of its start
}

// A Step is what a child was doing when it could not be started.
type Step uint8

// The steps, in the order in which a child takes them.
const (
	StepFork        Step = iota // clone(2), in the parent
	StepNamespaces              // the same; Settings.Cloneflags are to blame
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
	// the same; the program that the file needs is missing or may not be executed
	StepInterpreter
)

// A Failure says why a child could not be started. Nothing is left of it.
type Failure struct {
	Step Step
	// the directory, or the file that could not be executed; for several, the first that was there
	Path  string
	Index int // of the limit in Settings.Rlimits
	Err   syscall.Errno
}

// Error returns the text of the errno.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the errno.
func (f *Failure) Unwrap() error { return f.Err }
