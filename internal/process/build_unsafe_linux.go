//go:build amd64 || arm64

package process

import (
	"math/bits"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// build writes the calls with which a child starts spec, on a kernel with these features. slots
// replaces spec.Slots. It runs in the parent, before the clone. The order of the calls is that of
// libuv's uv_spawn and of the manual pages: descriptors, session or group, directory, credentials,
// the settings that a change of credentials would take back, restrictions, the signal mask,
// execve(2).
//
// Settings that take a privilege come before the credentials. Files are opened for settings while
// descriptors are left (RLIMIT_NOFILE) and /proc is there (chroot). The child's group exists before
// it becomes the terminal's foreground group.
func (p *program) build(spec *Spec, slots []int, have features) {
	with := spec.Settings
	if with == nil {
		with = &noSettings
	}
	p.reset(spec)
	p.setClone(have, with)
	p.addSlots(slots, with.Landlock, have, spec.InheritOpen)
	p.addSignals(have)
	p.addCgroup(with, have)
	p.addScheduling(with)
	if spec.Setsid {
		p.add(StepSession, mustWork, unix.SYS_SETSID)
	}
	if spec.Setctty {
		p.add(StepTerminal, mustWork, unix.SYS_IOCTL, uintptr(spec.Ctty), unix.TIOCSCTTY, 0)
	}
	if spec.Setpgid {
		p.add(StepGroup, mustWork, unix.SYS_SETPGID, 0, uintptr(spec.Pgid))
	}
	if with.Foreground {
		p.addForeground()
	}
	p.addOwn(spec, with)
	if with.Pdeathsig != 0 {
		p.addPdeathsig(with)
	}
	if limit, ok := inheritedNofile(); ok && !with.hasLimit(unix.RLIMIT_NOFILE) {
		p.nofile = limit
		p.add(StepSlots, mayFail, unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&p.nofile)))
	}
	if with.Landlock != nil {
		p.addLandlock(with.LandlockFlags)
	}
	p.add(StepSignals, mustWork, unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&noSignals)), 0, sigsetSize)
	if with.Seccomp != nil {
		p.addSeccomp(with.Seccomp)
	}
	p.addExec(spec)
}

// noSettings stands for no Settings. Nothing changes it.
var noSettings Settings

func (s *Settings) hasLimit(resource int) bool {
	return slices.ContainsFunc(s.Rlimits, func(l Rlimit) bool { return l.Resource == resource })
}

// reset empties p and makes room for all strings of spec, so that adding one does not move the
// others, to which calls point.
func (p *program) reset(spec *Spec) {
	size := len(spec.Dir) + 1 + settingsText(spec.Settings) + len(spec.PIDVariable) + pidRoom
	for _, list := range [...][]string{spec.Files, spec.Args, spec.Env} {
		for _, s := range list {
			size += len(s) + 1
		}
	}
	if cap(p.text) < size {
		p.text = make([]byte, 0, size)
	}
	p.text, p.calls = p.text[:0], p.calls[:0]
	p.failed, p.errno, p.obstacle, p.pidfd, p.exitCall = 0, 0, 0, -1, unix.SYS_EXIT
}

// setClone writes the arguments of the clone.
func (p *program) setClone(have features, with *Settings) {
	flags := unix.CLONE_VM | unix.CLONE_VFORK | uint64(with.Cloneflags)
	if have.all(unsharedRange) {
		flags |= unix.CLONE_FILES
	}
	pidfd, pid := uintptr(0), uintptr(0)
	if p.maps != nil {
		flags |= unix.CLONE_PARENT_SETTID
		pid = uintptr(unsafe.Pointer(&p.pid))
	}
	// In clone(2) both are the same argument.
	if have.all(pidfds) && (p.maps == nil || have.all(clone3)) {
		flags |= unix.CLONE_PIDFD
		pidfd = uintptr(unsafe.Pointer(&p.pidfd))
	}
	if !have.all(clone3) {
		p.clone.nr = unix.SYS_CLONE
		p.clone.args = [...]uintptr{uintptr(flags) | uintptr(unix.SIGCHLD), 0, pidfd | pid}
		return
	}
	if have.all(clearSighand) {
		flags |= unix.CLONE_CLEAR_SIGHAND
	}
	p.cloneArgs = cloneArgs{pidfd: uint64(pidfd), parentTID: uint64(pid), exitSignal: uint64(unix.SIGCHLD)}
	if have.all(intoCgroup) {
		flags |= unix.CLONE_INTO_CGROUP
		p.cloneArgs.cgroup = uint64(p.cgroup)
	}
	p.cloneArgs.flags = flags
	p.clone.nr = unix.SYS_CLONE3
	p.clone.args = [...]uintptr{uintptr(unsafe.Pointer(&p.cloneArgs)), unsafe.Sizeof(p.cloneArgs), 0}
}

func (p *program) add(step Step, kind callKind, nr uintptr, args ...uintptr) {
	c := call{nr: nr, kind: kind, step: step}
	copy(c.args[:], args)
	p.calls = append(p.calls, c)
}

// string copies s into p.text and returns its address there.
func (p *program) string(s string) *byte {
	at := len(p.text)
	p.text = append(append(p.text, s...), 0)
	return &p.text[at]
}

// strings copies a list and appends the addresses, and a nil, to to[:0].
func (p *program) strings(to []*byte, list []string) []*byte {
	to = to[:0]
	for _, s := range list {
		to = append(to, p.string(s))
	}
	return append(to, nil)
}

func address(s *byte) uintptr { return uintptr(unsafe.Pointer(s)) }

// addSlots gives the child its descriptors and closes all others.
//
// The first call gives the child a table of its own with only the numbers below keep; until then
// the table is the parent's. Slots are filled in ascending order. A source that would be
// overwritten before its turn is first moved to a number that is neither a slot nor a source. In
// the child no other use of that number matters.
//
// With inherit the table is a whole copy, and all other descriptors stay. Then the numbers to move
// to are those of p.free, which are close-on-exec.
//
// A ruleset gets one more slot, which execve(2) closes. With inherit it stays at its number.
func (p *program) addSlots(slots []int, ruleset *int, have features, inherit bool) {
	switch {
	case ruleset == nil:
		p.ruleset = Closed
	case inherit:
		p.ruleset = *ruleset
	default:
		p.ruleset = len(slots)
		slots = append(slots, *ruleset)
	}
	n, keep := len(slots), 0
	for _, source := range slots {
		keep = max(keep, source+1)
	}
	if p.maps != nil {
		keep = max(keep, p.maps.theirs+1)
	}
	if have.all(unsharedRange) {
		p.add(StepSlots, mustWork, unix.SYS_CLOSE_RANGE, uintptr(keep), lastNumber, unix.CLOSE_RANGE_UNSHARE)
	}
	if p.maps != nil {
		p.addGate()
	}
	sources := p.moveSources(slots)
	for i, source := range sources {
		var fdFlags, dupFlags uintptr
		if i == p.ruleset {
			fdFlags, dupFlags = unix.FD_CLOEXEC, unix.O_CLOEXEC
		}
		switch source {
		case i:
			p.add(StepSlots, mustWork, unix.SYS_FCNTL, uintptr(i), unix.F_SETFD, fdFlags)
		case Closed:
			p.add(StepSlots, mayFail, unix.SYS_CLOSE, uintptr(i))
		default:
			p.add(StepSlots, mustWork, unix.SYS_DUP3, uintptr(source), uintptr(i), dupFlags)
		}
	}
	if inherit {
		return
	}
	if have.all(closeRange) {
		p.add(StepSlots, mustWork, unix.SYS_CLOSE_RANGE, uintptr(n), lastNumber, 0)
		return
	}
	// Listing the descriptors takes one itself. There may be none left below the limit, and, if the
	// limit was lowered, many open ones above it.
	limited := unix.Getrlimit(unix.RLIMIT_NOFILE, &p.limit) == nil && p.limit.Cur < p.limit.Max
	if limited {
		p.raised = unix.Rlimit{Cur: p.limit.Max, Max: p.limit.Max}
		p.add(StepSlots, mayFail, unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&p.raised)))
	}
	p.add(StepSlots, closeRest, 0, uintptr(n), uintptr(numbersLimit()))
	if limited {
		p.add(StepSlots, mustWork, unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&p.limit)))
	}
}

// moveSources moves the sources that are slots themselves and would be overwritten before their
// turn. It returns the source of each slot afterwards.
func (p *program) moveSources(slots []int) []int {
	p.sources = append(p.sources[:0], slots...)
	free, taken := len(slots), 0
	for i, source := range slots {
		if source < 0 || source >= i || slots[source] == source {
			continue
		}
		if first := slices.Index(slots, source); first < i && p.sources[first] != source {
			p.sources[i] = p.sources[first]
			continue
		}
		if p.free != nil {
			p.add(StepSlots, mustWork, unix.SYS_DUP3, uintptr(source), uintptr(p.free[taken]), unix.O_CLOEXEC)
			p.sources[i] = p.free[taken]
			taken++
			continue
		}
		for slices.Contains(slots, free) {
			free++
		}
		p.add(StepSlots, mustWork, unix.SYS_DUP3, uintptr(source), uintptr(free), 0)
		p.sources[i] = free
		free++
	}
	return p.sources
}

// addSignals resets every signal to its default. The clone resets those that have a handler, where
// it can.
func (p *program) addSignals(have features) {
	reset := allSignals
	if have.all(clearSighand) {
		reset = ignoredSignals()
	}
	// No program can change these two, but signal.Ignore accepts them.
	reset &^= 1<<(unix.SIGKILL-1) | 1<<(unix.SIGSTOP-1)
	for ; reset != 0; reset &= reset - 1 {
		signal := bits.TrailingZeros64(reset) + 1
		p.add(StepSignals, mustWork, unix.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(&p.defaultAction)), 0, sigsetSize)
	}
}

// addCredentials changes the groups first and the user last, because the new user may not change
// the groups.
func (p *program) addCredentials(spec *Spec) {
	switch {
	case spec.Groups != nil:
		p.groups = append(p.groups[:0], spec.Groups...)
		p.add(StepGroups, mustWork, unix.SYS_SETGROUPS, uintptr(len(p.groups)), uintptr(unsafe.Pointer(unsafe.SliceData(p.groups))))
	case spec.UID != nil || spec.GID != nil:
		p.add(StepGroups, mayFail, unix.SYS_SETGROUPS, 0, 0)
	}
	if spec.GID != nil {
		p.add(StepGID, mustWork, unix.SYS_SETGID, uintptr(*spec.GID))
	}
	if spec.UID != nil {
		p.add(StepUID, mustWork, unix.SYS_SETUID, uintptr(*spec.UID))
	}
}

// pidRoom is enough for "=", a number of 64 bits and a NUL byte.
const pidRoom = 22

// addExec adds one execve(2) for each file.
func (p *program) addExec(spec *Spec) {
	p.argv = p.strings(p.argv, spec.Args)
	p.envp = p.strings(p.envp, spec.Env)
	if spec.PIDVariable != "" {
		variable := p.string(spec.PIDVariable + "=" + string(make([]byte, pidRoom-2)))
		p.envp = append(p.envp[:len(p.envp)-1], variable, nil)
		p.pidText = &p.text[len(p.text)-(pidRoom-1)]
		p.add(StepExec, writesPID, unix.SYS_GETPID)
	}
	argv, envp := uintptr(unsafe.Pointer(&p.argv[0])), uintptr(unsafe.Pointer(&p.envp[0]))
	kind := mustWork
	if len(spec.Files) > 1 {
		kind = tryNext
	}
	for i, file := range spec.Files {
		p.add(StepExec, kind, unix.SYS_EXECVE, address(p.string(file)), argv, envp)
		p.last().item = i
	}
}

// addOwn adds the settings that a child and a program that replaces this one share. The order is
// the one in which they can be set: limits, root and directory, and last the credentials and
// capabilities.
func (p *program) addOwn(spec *Spec, with *Settings) {
	p.addRlimits(with.Rlimits)
	if with.Chroot != "" {
		p.addChroot(with.Chroot)
	}
	if spec.Dir != "" {
		p.add(StepDirectory, mustWork, unix.SYS_CHDIR, address(p.string(spec.Dir)))
	}
	if len(with.AmbientCaps) > 0 {
		p.addKeepCaps()
	}
	p.addCredentials(spec)
	if len(with.AmbientCaps) > 0 {
		p.addAmbientCaps(with, spec.UID != nil)
	}
	if with.NoNewPrivs {
		p.add(StepNoNewPrivs, mustWork, unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
	}
}
