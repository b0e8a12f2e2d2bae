//go:build amd64 || arm64

package process

import (
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file writes the calls for Settings. It runs in the parent, before the clone. program.build
// says where each stands among the others.

func (p *program) last() *call { return &p.calls[len(p.calls)-1] }

// addWrite adds the calls that write text to a file.
func (p *program) addWrite(step Step, file, text string) {
	p.addOpen(step, file, unix.O_WRONLY)
	p.add(step, mustWork, unix.SYS_WRITE, 0, address(p.string(text)), uintptr(len(text)))
	p.last().from = &p.opened
	p.addClose(step)
}

// addOpen adds the call that opens a file. The descriptor is in p.opened until addClose.
func (p *program) addOpen(step Step, file string, flags uintptr) {
	cwd := unix.AT_FDCWD
	p.add(step, mustWork, unix.SYS_OPENAT, uintptr(cwd), address(p.string(file)), flags|unix.O_CLOEXEC)
	p.last().to = &p.opened
}

func (p *program) addClose(step Step) {
	p.add(step, mayFail, unix.SYS_CLOSE)
	p.last().from = &p.opened
}

// The files to which settings are written. In cgroup.procs 0 means the process that writes.
const (
	oomScoreFile = "/proc/self/oom_score_adj"
	cgroupFile   = "/cgroup.procs"
	terminalFile = "/dev/tty"
)

// settingsText returns the room that the strings of s need, in bytes. s may be nil.
func settingsText(s *Settings) int {
	if s == nil {
		return 0
	}
	return len(oomScoreFile) + len(cgroupFile) + len(terminalFile) + len(s.Cgroup) + len(s.Chroot) + 64
}

// addGate makes the child tell the mapper that it exists, and wait until its users and groups are
// mapped. The child closes the mapper's end of the socket, so that its read ends if this program
// has ended. Its table is its own by now, and no descriptor in it was replaced.
func (p *program) addGate() {
	gate, theirs := uintptr(unsafe.Pointer(&p.gate)), uintptr(p.maps.theirs)
	// The number may lie above the copied part of the table.
	p.add(StepIDMaps, mayFail, unix.SYS_CLOSE, uintptr(p.maps.ours))
	p.add(StepIDMaps, mustWork, unix.SYS_WRITE, theirs, gate, 1)
	p.add(StepIDMaps, wantsResult, unix.SYS_READ, theirs, gate, 1)
	p.last().want = 1
}

// addCgroup moves the child into its cgroup, unless the clone has put it there.
func (p *program) addCgroup(s *Settings, have features) {
	if s.Cgroup != "" && !have.all(intoCgroup) {
		p.addWrite(StepCgroup, s.Cgroup+cgroupFile, "0")
	}
}

// addScheduling sets properties that take a privilege to raise, before the privileges are dropped.
func (p *program) addScheduling(s *Settings) {
	if s.OOMScore != nil {
		p.addWrite(StepOOMScore, oomScoreFile, strconv.Itoa(*s.OOMScore))
	}
	if s.Nice != nil {
		p.add(StepNice, mustWork, unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, 0, uintptr(*s.Nice))
	}
	if s.IOPriority != nil {
		const process = 1 // IOPRIO_WHO_PROCESS
		p.add(StepIOPriority, mustWork, unix.SYS_IOPRIO_SET, process, 0, uintptr(*s.IOPriority))
	}
	if s.CPUs != nil {
		p.cpus = p.cpus[:0]
		for _, cpu := range s.CPUs {
			for len(p.cpus) <= cpu/64 {
				p.cpus = append(p.cpus, 0)
			}
			p.cpus[cpu/64] |= 1 << (cpu % 64)
		}
		p.add(StepCPUs, mustWork, unix.SYS_SCHED_SETAFFINITY, 0, uintptr(len(p.cpus)*8), uintptr(unsafe.Pointer(unsafe.SliceData(p.cpus))))
	}
	if s.Umask != nil {
		p.add(StepUmask, mustWork, unix.SYS_UMASK, uintptr(*s.Umask))
	}
}

// addForeground makes the child's group the foreground group of the terminal. The child still has
// all signals blocked: otherwise SIGTTOU, which a process in the background gets for that call,
// would stop it.
func (p *program) addForeground() {
	p.add(StepForeground, mustWork, unix.SYS_GETPGID, 0)
	p.last().to = &p.group
	p.addOpen(StepForeground, terminalFile, unix.O_RDWR|unix.O_NOCTTY)
	// The pid_t is the lower half of p.group.
	p.add(StepForeground, mustWork, unix.SYS_IOCTL, 0, unix.TIOCSPGRP, uintptr(unsafe.Pointer(&p.group)))
	p.last().from = &p.opened
	p.addClose(StepForeground)
}

func (p *program) addRlimits(limits []Rlimit) {
	p.rlimits = p.rlimits[:0]
	for _, limit := range limits {
		p.rlimits = append(p.rlimits, unix.Rlimit{Cur: limit.Cur, Max: limit.Max})
	}
	for i, limit := range limits {
		p.add(StepRlimit, mustWork, unix.SYS_PRLIMIT64, 0, uintptr(limit.Resource), uintptr(unsafe.Pointer(&p.rlimits[i])))
		p.last().item = i
	}
}

// addChroot also changes to the new root, because the directory of this process is outside.
func (p *program) addChroot(root string) {
	p.add(StepChroot, mustWork, unix.SYS_CHROOT, address(p.string(root)))
	p.add(StepChroot, mustWork, unix.SYS_CHDIR, address(p.string("/")))
}

// addKeepCaps makes the capabilities survive the change of the user, until execve(2).
func (p *program) addKeepCaps() {
	p.add(StepAmbientCaps, mustWork, unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, 1)
}

// addAmbientCaps raises ambient capabilities, which must be permitted and inheritable for that. For
// another user it drops the other effective ones: with them the child could execute files that only
// this user may. In a new user namespace the child has all capabilities.
func (p *program) addAmbientCaps(s *Settings, otherUser bool) {
	p.capHeader = unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if s.Cloneflags&NewUser != 0 {
		const all = ^uint32(0)
		p.caps = [2]unix.CapUserData{{Effective: all, Permitted: all}, {Effective: all, Permitted: all}}
	} else {
		_ = unix.Capget(&p.capHeader, &p.caps[0]) // It cannot fail with these arguments.
		p.capHeader.Pid = 0
	}
	if otherUser {
		p.caps[0].Effective, p.caps[1].Effective = 0, 0
	}
	caps := s.AmbientCaps
	for _, c := range caps {
		set := &p.caps[c/32]
		set.Permitted |= 1 << (c % 32)
		set.Inheritable |= 1 << (c % 32)
		set.Effective |= 1 << (c % 32)
	}
	p.add(StepAmbientCaps, mustWork, unix.SYS_CAPSET, uintptr(unsafe.Pointer(&p.capHeader)), uintptr(unsafe.Pointer(&p.caps)))
	for _, c := range caps {
		p.add(StepAmbientCaps, mustWork, unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, c)
	}
}

// addLandlock restricts the child from here on. All files but the one to execute are open by then.
func (p *program) addLandlock(flags uint32) {
	p.add(StepLandlock, mustWork, unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(p.ruleset), uintptr(flags))
}

// addSeccomp is the last call before execve(2). The filter sees that one, and also the exit of a
// child that could not execute: so the exit uses the call that the filter allows.
func (p *program) addSeccomp(filter []SockFilter) {
	p.filter = p.filter[:0]
	for _, instruction := range filter {
		p.filter = append(p.filter, unix.SockFilter(instruction))
	}
	p.fprog = unix.SockFprog{Len: uint16(len(p.filter)), Filter: unsafe.SliceData(p.filter)}
	p.exitCall, _ = exitCall(filter)
	p.add(StepSeccomp, mustWork, unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&p.fprog)))
}

// addPdeathsig comes after the credentials, because a change of these takes it back. If this
// process has ended meanwhile, no signal will come, so the child ends itself. In another PID
// namespace, from Cloneflags or from a thread that was changed, the child cannot see its parent and
// does not check.
func (p *program) addPdeathsig(s *Settings) {
	p.add(StepPdeathsig, mustWork, unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(s.Pdeathsig))
	p.add(StepPdeathsig, wantsParent, unix.SYS_GETPPID)
	p.last().want = uintptr(unix.Getpid())
}
