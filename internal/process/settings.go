package process

import "syscall"

// Settings are what a child has otherwise than this process. What is nil, zero or empty stays as it
// is. Nothing of this process is changed for them, not even for a moment.
type Settings struct {
	Umask      *int
	Nice       *int // -20 to 19
	IOPriority *int // as ioprio_set(2) takes it
	OOMScore   *int // /proc/PID/oom_score_adj
	CPUs       []int
	Rlimits    []Rlimit

	Cgroup     string // directory of a cgroup v2
	Cloneflags uintptr
	UIDMap     []IDMap // of a user namespace in Cloneflags
	GIDMap     []IDMap
	Setgroups  bool   // the child may call setgroups(2) there
	Chroot     string // the child starts in its root when Spec.Dir is empty
	Foreground bool   // its group becomes the foreground group of this process's terminal

	AmbientCaps []uintptr // CAP_… of capabilities(7)
	NoNewPrivs  bool      // PR_SET_NO_NEW_PRIVS(2const)

	// Landlock is the descriptor of a ruleset (landlock_restrict_self(2)), borrowed; nil: none. In
	// a Spec with InheritOpen its number is above the slots, and it is close-on-exec.
	Landlock      *int
	LandlockFlags uint32
	Seccomp       []SockFilter

	// Pdeathsig is sent to the child when the thread ends that has forked it, see OnKeptThread.
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
	Jt, Jf uint8  // how many instructions are skipped if a condition is met, and if not
	K      uint32 // the operand
}

// An IDMap is a range of users or groups of a user namespace, and those that they are outside.
type IDMap struct {
	Inside, Outside, Size int // the first of each side, and how many
}

// A Backend is a way to start a process.
type Backend uint8

// The backends.
const (
	BackendAuto     Backend = iota // BackendOwn, or where there is none BackendForkExec
	BackendOwn                     // the fork of this library
	BackendForkExec                // syscall.ForkExec
)

// An Option is a part of a Spec that not every backend has on every system.
type Option uint8

// The options. Their order is that in which Unsupported looks at them.
const (
	NoOption Option = iota
	OptionBackend
	OptionSlots // that the child has nothing else
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

// Unsupported returns the first option of spec that cannot be honoured here, whatever its value;
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
		return OptionSlots // The one needs a thread that ends, the other one that does not.
	}
	return NoOption
}

// unsupportedByForkExec is Unsupported for syscall.ForkExec.
func (s *Spec) unsupportedByForkExec() Option {
	if s.PIDVariable != "" { // Its value is known too late.
		return OptionPIDVariable
	}
	if s.Settings == nil {
		return NoOption
	}
	with := s.Settings
	if with.Cloneflags&NewTime != 0 { // It makes its clone by clone(2).
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

// mapped reports whether users or groups are mapped.
func (s *Settings) mapped() bool { return s != nil && (s.UIDMap != nil || s.GIDMap != nil) }

// steps are the steps at which options fail that the chosen backend turns out not to have.
var steps = map[Option]Step{
	OptionBackend: StepFork, OptionSlots: StepSlots, OptionUmask: StepUmask, OptionNice: StepNice,
	OptionIOPriority: StepIOPriority, OptionOOMScore: StepOOMScore, OptionCPUs: StepCPUs, OptionRlimits: StepRlimit,
	OptionCgroup: StepCgroup, OptionCloneflags: StepNamespaces, OptionIDMaps: StepIDMaps, OptionChroot: StepChroot, OptionForeground: StepForeground,
	OptionAmbientCaps: StepAmbientCaps, OptionNoNewPrivs: StepNoNewPrivs, OptionLandlock: StepLandlock, OptionSeccomp: StepSeccomp,
	OptionPdeathsig: StepPdeathsig, OptionPIDVariable: StepExec,
}
