package process

import "syscall"

// Settings are the properties of a child that differ from those of this process. nil, zero or empty
// leaves one as it is. Nothing of this process is changed for them, not even for a moment.
type Settings struct {
	Umask      *int
	Nice       *int // -20 to 19
	IOPriority *int // as for ioprio_set(2)
	OOMScore   *int // /proc/PID/oom_score_adj
	CPUs       []int
	Rlimits    []Rlimit

	Cgroup     string // directory of a cgroup v2
	Cloneflags uintptr
	UIDMap     []IDMap // for the user namespace in Cloneflags
	GIDMap     []IDMap
	Setgroups  bool   // the child may call setgroups(2) in that namespace
	Chroot     string // root directory; also the child's directory if Spec.Dir is empty
	Foreground bool   // the child's group becomes the foreground group of this process's terminal

	AmbientCaps []uintptr // CAP_… of capabilities(7)
	NoNewPrivs  bool      // PR_SET_NO_NEW_PRIVS(2const)

	// Landlock is the descriptor of a ruleset (landlock_restrict_self(2)), borrowed; nil: none. In
	// a Spec with InheritOpen its number must be above the slots, and it must be close-on-exec.
	Landlock      *int
	LandlockFlags uint32
	Seccomp       []SockFilter

	// Pdeathsig is sent to the child when the thread that has forked it ends, see OnKeptThread.
	Pdeathsig syscall.Signal
}

// A Rlimit is a resource limit of a child.
type Rlimit struct {
	Resource int    // RLIMIT_… of getrlimit(2)
	Cur, Max uint64 // the soft and the hard limit
}

// A SockFilter is an instruction of a filter, struct sock_filter of seccomp(2).
type SockFilter struct {
	Code   uint16 // BPF_…
	Jt, Jf uint8  // instructions to skip if the condition is met, and if not
	K      uint32 // the operand
}

// An IDMap maps a range of users or groups of a user namespace to a range outside of it.
type IDMap struct {
	Inside, Outside, Size int // first id inside, first id outside, number of ids
}

// A Backend is a way to start a process.
type Backend uint8

// The backends.
const (
	BackendAuto     Backend = iota // BackendOwn, or BackendForkExec where there is no own fork
	BackendOwn                     // the fork of this library
	BackendForkExec                // syscall.ForkExec
)

// An Option is a part of a Spec that not every backend has on every system.
type Option uint8

// The options, in the order in which Unsupported looks at them.
const (
	NoOption Option = iota
	OptionBackend
	OptionSlots // the child has its slots and no other descriptors
	OptionUmask
	OptionNice
	OptionIOPriority
	OptionOOMScore
	OptionCPUs
	OptionRlimits
	OptionCgroup
	OptionCloneflags
	OptionIDMaps
	OptionChroot
	OptionForeground
	OptionAmbientCaps
	OptionNoNewPrivs
	OptionLandlock
	OptionSeccomp
	OptionPdeathsig
	OptionPIDVariable
)

// Unsupported returns the first option of spec that this system cannot honour, whatever its value;
// NoOption if there is none.
//
// Safe to call from any goroutine.
func Unsupported(spec *Spec) Option {
	if spec.Backend != BackendForkExec && hasOwnFork() {
		return NoOption
	}
	if spec.Backend == BackendOwn {
		return OptionBackend
	}
	if option := spec.unsupportedByForkExec(); option != NoOption {
		return option
	}
	if spec.Backend == BackendForkExec && hasCloexecTable && !spec.InheritOpen && spec.Settings != nil && spec.Settings.Pdeathsig != 0 {
		return OptionSlots // The backend needs a thread that ends, Pdeathsig one that does not.
	}
	return NoOption
}

// unsupportedByForkExec is Unsupported for syscall.ForkExec.
func (s *Spec) unsupportedByForkExec() Option {
	if s.PIDVariable != "" { // The value is known only after the fork.
		return OptionPIDVariable
	}
	if s.Settings == nil {
		return NoOption
	}
	with := s.Settings
	if with.Cloneflags&NewTime != 0 { // ForkExec uses clone(2), which does not know the flag.
		return OptionCloneflags
	}
	for _, f := range [...]struct {
		given  bool
		option Option
	}{
		{with.Umask != nil, OptionUmask},
		{with.Nice != nil, OptionNice},
		{with.IOPriority != nil, OptionIOPriority},
		{with.OOMScore != nil, OptionOOMScore},
		{with.CPUs != nil, OptionCPUs},
		{with.Rlimits != nil, OptionRlimits},
		{with.Cgroup != "", OptionCgroup},
		{with.Cloneflags != 0, OptionCloneflags},
		{with.mapped(), OptionIDMaps},
		{with.Chroot != "", OptionChroot},
		{with.Foreground, OptionForeground},
		{with.AmbientCaps != nil, OptionAmbientCaps},
		{with.NoNewPrivs, OptionNoNewPrivs},
		{with.Landlock != nil, OptionLandlock},
		{with.Seccomp != nil, OptionSeccomp},
		{with.Pdeathsig != 0, OptionPdeathsig},
	} {
		if f.given && !forkExecHas(f.option) {
			return f.option
		}
	}
	return NoOption
}

// mapped reports whether users or groups are mapped. s may be nil.
func (s *Settings) mapped() bool { return s != nil && (s.UIDMap != nil || s.GIDMap != nil) }

// steps are the steps of the Failures of options that the chosen backend does not have.
var steps = map[Option]Step{
	OptionBackend: StepFork, OptionSlots: StepSlots, OptionUmask: StepUmask, OptionNice: StepNice,
	OptionIOPriority: StepIOPriority, OptionOOMScore: StepOOMScore, OptionCPUs: StepCPUs, OptionRlimits: StepRlimit,
	OptionCgroup: StepCgroup, OptionCloneflags: StepNamespaces, OptionIDMaps: StepIDMaps, OptionChroot: StepChroot, OptionForeground: StepForeground,
	OptionAmbientCaps: StepAmbientCaps, OptionNoNewPrivs: StepNoNewPrivs, OptionLandlock: StepLandlock, OptionSeccomp: StepSeccomp,
	OptionPdeathsig: StepPdeathsig, OptionPIDVariable: StepExec,
}
