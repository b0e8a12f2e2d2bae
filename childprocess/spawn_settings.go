package childprocess

import (
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/process"
)

// A Rlimit is a resource limit of a child (getrlimit(2)), set before execve(2). A Max above this
// program's needs a privilege.
type Rlimit struct {
	Resource int    // RLIMIT_CPU, RLIMIT_NOFILE…
	Cur, Max uint64 // in the unit of the resource; unix.RLIM_INFINITY: no limit
}

// A SockFilter is one instruction of a filter: struct sock_filter of seccomp(2). A unix.SockFilter
// can be converted to it.
type SockFilter struct {
	Code   uint16 // BPF_…
	Jt, Jf uint8  // instructions to skip if the condition is true, and if it is false
	K      uint32 // operand
}

// An IDMap maps a range of users or groups of a user namespace to those outside. It is
// syscall.SysProcIDMap, which not every system has.
type IDMap struct {
	ContainerID int // first inside
	HostID      int // first outside
	Size        int // number of users or groups
}

// A FDPolicy says which descriptors a child has besides its Stdio.
type FDPolicy int

const (
	// FDsSlots: none, whatever this program has open. On macOS and the BSDs, and on Linux if the
	// program may not have a thread with a descriptor table of its own, the child nevertheless
	// inherits descriptors that are not close-on-exec.
	FDsSlots FDPolicy = iota

	// FDsCloseOnExec is the rule of os/exec: the child inherits every descriptor that is not
	// close-on-exec, at its number, unless a slot has that number. In a program with many
	// descriptors such a start takes longer. BackendForkExec is like syscall.ForkExec: if a slot
	// has a higher number than the descriptor that it gets, an inherited descriptor may be lost.
	FDsCloseOnExec
)

// A Backend is a way to start a child.
type Backend int

const (
	// BackendAuto is BackendFork if the system has it, else BackendForkExec.
	BackendAuto Backend = iota

	// BackendFork is this library's own fork: Linux on amd64 and arm64.
	BackendFork

	// BackendForkExec is syscall.ForkExec, as os/exec uses. Signals that this program ignores stay
	// ignored in the child.
	BackendForkExec
)

// A PanicError is the error of a PreSpawn that panicked.
type PanicError = process.PanicError

// settings returns a copy of the child's settings; nil if there are none. ruleset is a copy of
// Landlock's descriptor, process.Closed without one.
func (o *Options) settings(ruleset int) *process.Settings {
	if o.Umask == nil && o.Nice == nil && o.IOPriority == nil && o.OOMScore == nil && o.CPUs == nil && o.Rlimits == nil &&
		o.Cgroup == "" && o.Cloneflags == 0 && o.UidMappings == nil && o.GidMappings == nil && o.Chroot == "" && !o.Foreground && o.AmbientCaps == nil && !o.NoNewPrivs &&
		o.Pdeathsig == 0 && o.Landlock == nil && o.Seccomp == nil {
		return nil
	}
	s := &process.Settings{
		Umask: copyOf(o.Umask), Nice: copyOf(o.Nice), IOPriority: copyOf(o.IOPriority), OOMScore: copyOf(o.OOMScore),
		CPUs: slices.Clone(o.CPUs), AmbientCaps: slices.Clone(o.AmbientCaps),
		Cgroup: o.Cgroup, Cloneflags: o.Cloneflags, Chroot: o.Chroot, Foreground: o.Foreground,
		NoNewPrivs: o.NoNewPrivs, Pdeathsig: o.Pdeathsig,
	}
	s.UIDMap, s.GIDMap, s.Setgroups = idMap(o.UidMappings), idMap(o.GidMappings), o.GidMappingsEnableSetgroups
	if o.Landlock != nil {
		s.Landlock, s.LandlockFlags = new(ruleset), o.LandlockFlags
	}
	for _, instruction := range o.Seccomp {
		s.Seccomp = append(s.Seccomp, process.SockFilter(instruction))
	}
	for _, limit := range o.Rlimits {
		s.Rlimits = append(s.Rlimits, process.Rlimit(limit))
	}
	return s
}

func idMap(ranges []IDMap) (out []process.IDMap) {
	for _, r := range ranges {
		out = append(out, process.IDMap{Inside: r.ContainerID, Outside: r.HostID, Size: r.Size})
	}
	return out
}

const (
	highestCPU    = 1<<13 - 1 // the most that a Linux kernel can be built for
	highestCap    = 63        // a set has 64 bits
	longestFilter = 4096      // instructions, BPF_MAXINSNS of Linux
	outOfRange    = "is out of range"
)

// settingsMistake returns the name of an invalid setting and the reason; "" if all are valid.
func (o *Options) settingsMistake() (name, reason string) {
	outside := func(n *int, lowest, highest int) bool { return n != nil && (*n < lowest || *n > highest) }
	switch {
	case o.FDPolicy != FDsSlots && o.FDPolicy != FDsCloseOnExec:
		return "FDPolicy", "is unknown"
	case o.Backend < BackendAuto || o.Backend > BackendForkExec:
		return "Backend", "is unknown"
	case o.Foreground && o.Detached:
		return "Foreground", "is not for a Detached child, which has no terminal"
	case outside(o.Umask, 0, 0o777):
		return "Umask", outOfRange
	case outside(o.Nice, -20, 19):
		return "Nice", outOfRange
	case o.IOPriority != nil && !isIOPriority(*o.IOPriority):
		return "IOPriority", outOfRange
	case outside(o.OOMScore, -1000, 1000):
		return "OOMScore", outOfRange
	case o.CPUs != nil && len(o.CPUs) == 0:
		return "CPUs", "is empty"
	case strings.IndexByte(o.Cgroup, 0) >= 0:
		return "Cgroup", containsNUL
	case strings.IndexByte(o.Chroot, 0) >= 0:
		return "Chroot", containsNUL
	case o.Chroot != "" && o.Dir != "" && !filepath.IsAbs(o.Dir):
		return "Dir", "is relative, for a child with a Chroot"
	case o.Cloneflags&^process.Namespaces != 0:
		return "Cloneflags", "has a flag that is no namespace"
	case isZeroFile(o.Landlock):
		return "Landlock", "is a zero os.File"
	case o.LandlockFlags != 0 && o.Landlock == nil:
		return "LandlockFlags", "is given without Landlock"
	case o.GidMappingsEnableSetgroups && o.GidMappings == nil:
		return "GidMappingsEnableSetgroups", "is given without GidMappings"
	case o.Pdeathsig != 0 && !isSignal(o.Pdeathsig):
		return "Pdeathsig", "is not a signal"
	}
	for i, cpu := range o.CPUs {
		if cpu < 0 || cpu > highestCPU {
			return "CPUs[" + strconv.Itoa(i) + "]", outOfRange
		}
	}
	for i, c := range o.AmbientCaps {
		if c > highestCap {
			return "AmbientCaps[" + strconv.Itoa(i) + "]", outOfRange
		}
	}
	if name, reason := o.mapMistake(); name != "" {
		return name, reason
	}
	if name, reason := o.filterMistake(); name != "" {
		return name, reason
	}
	return o.limitMistake()
}

// mapMistake is settingsMistake for UidMappings and GidMappings.
func (o *Options) mapMistake() (name, reason string) {
	for name, ranges := range map[string][]IDMap{"UidMappings": o.UidMappings, "GidMappings": o.GidMappings} {
		switch {
		case ranges == nil:
			continue
		case len(ranges) == 0:
			return name, "is empty"
		case process.NewUser != 0 && o.Cloneflags&process.NewUser == 0:
			return name, "is given without CLONE_NEWUSER in Cloneflags"
		}
		for i, r := range ranges {
			if !isIDRange(r.ContainerID, r.Size) || !isIDRange(r.HostID, r.Size) {
				return name + "[" + strconv.Itoa(i) + "]", outOfRange
			}
		}
	}
	return "", ""
}

// isIDRange reports whether size users or groups exist from first on. The last number, -1, is no
// ID.
func isIDRange(first, size int) bool {
	return first >= 0 && size > 0 && uint64(first)+uint64(size) <= math.MaxUint32
}

// filterMistake is settingsMistake for Seccomp.
func (o *Options) filterMistake() (name, reason string) {
	switch {
	case o.Seccomp == nil:
		return "", ""
	case len(o.Seccomp) == 0:
		return "Seccomp", "is empty"
	case len(o.Seccomp) > longestFilter:
		return "Seccomp", "has more than 4096 instructions"
	}
	if reason := process.FilterMistake(o.settings(process.Closed).Seccomp); reason != "" {
		return "Seccomp", reason
	}
	return "", ""
}

// limitMistake is settingsMistake for Rlimits.
func (o *Options) limitMistake() (name, reason string) {
	for i, limit := range o.Rlimits {
		name := "Rlimits[" + strconv.Itoa(i) + "]"
		switch {
		case limit.Resource < 0 || limit.Resource >= process.Resources:
			return name, "is for an unknown resource"
		case limit.Cur > limit.Max:
			return name, "has a Cur above its Max"
		case slices.ContainsFunc(o.Rlimits[:i], func(other Rlimit) bool { return other.Resource == limit.Resource }):
			return name, "is a second one for its resource"
		}
	}
	return "", ""
}

// isIOPriority reports whether n is a class and a level of ioprio_set(2).
func isIOPriority(n int) bool {
	const (
		classShift   = 13
		highestClass = 3
		highestLevel = 7
	)
	class, level := n>>classShift, n&(1<<classShift-1)
	return n == 0 || class >= 1 && class <= highestClass && level <= highestLevel
}

// optionNames are the names of the fields that process.Unsupported may return.
var optionNames = map[process.Option]string{
	process.OptionBackend: "Backend", process.OptionSlots: "FDPolicy", process.OptionUmask: "Umask", process.OptionNice: "Nice",
	process.OptionIOPriority: "IOPriority", process.OptionOOMScore: "OOMScore", process.OptionCPUs: "CPUs",
	process.OptionRlimits: "Rlimits", process.OptionCgroup: "Cgroup", process.OptionCloneflags: "Cloneflags",
	process.OptionChroot: "Chroot", process.OptionIDMaps: "UidMappings", process.OptionForeground: "Foreground", process.OptionAmbientCaps: "AmbientCaps",
	process.OptionNoNewPrivs: "NoNewPrivs", process.OptionLandlock: "Landlock", process.OptionSeccomp: "Seccomp",
	process.OptionPdeathsig: "Pdeathsig", process.OptionPIDVariable: "ListenFDs",
}

// settingSteps are the public names of steps of package process.
var settingSteps = map[process.Step]Step{
	process.StepUmask: StepUmask, process.StepNice: StepNice, process.StepIOPriority: StepIOPriority,
	process.StepOOMScore: StepOOMScore, process.StepCPUs: StepCPUs, process.StepCgroup: StepCgroup,
	process.StepNamespaces: StepNamespaces, process.StepIDMaps: StepIDMaps, process.StepChroot: StepChroot, process.StepForeground: StepForeground,
	process.StepAmbientCaps: StepAmbientCaps, process.StepNoNewPrivs: StepNoNewPrivs, process.StepPdeathsig: StepPdeathsig,
	process.StepLandlock: StepLandlock, process.StepSeccomp: StepSeccomp,
}

const notByForkExec = "cannot be honoured by syscall.ForkExec on this system"

// unsupported returns an *UnsupportedError if this system, or the Backend, lacks an option of o.
func (o *Options) unsupported(op string) error {
	if o.PipeCapacity > 0 && !fd.PipesHaveSizes {
		return &UnsupportedError{op, "PipeCapacity", "cannot be chosen on this system"}
	}
	spec := process.Spec{Backend: process.Backend(o.Backend), InheritOpen: o.FDPolicy == FDsCloseOnExec, Settings: o.settings(process.Closed)}
	if len(o.ListenFDs) > 0 {
		spec.PIDVariable = listenPid
	}
	switch option := process.Unsupported(&spec); option {
	case process.NoOption:
		return nil
	case process.OptionIDMaps:
		name := optionNames[option]
		if o.UidMappings == nil {
			name = "GidMappings"
		}
		return &UnsupportedError{op, name, notByForkExec}
	case process.OptionBackend:
		return &UnsupportedError{op, "Backend", "has no fork of this library on this system"}
	case process.OptionSlots:
		return &UnsupportedError{op, "FDPolicy", "must be FDsCloseOnExec for a child of syscall.ForkExec with a Pdeathsig"}
	default:
		return &UnsupportedError{op, optionNames[option], notByForkExec}
	}
}
