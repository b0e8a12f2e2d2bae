//go:build amd64 || arm64

package process

import (
	"cmp"
	"runtime"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// forceForkExec has every start made by syscall.ForkExec, see Force.
var forceForkExec atomic.Bool

// ownFork is what the fork of this library keeps.
type ownFork struct {
	program *program // nil until the first start
	numbers lowNumbers
	slots   []int
}

func hasOwnFork() bool { return !forceForkExec.Load() }

func (o *ownFork) reserve()      { o.numbers.reserve() }
func (o *ownFork) release() bool { return o.numbers.release() }

// Prepare finds out now what the first start would find out about this program.
//
// Safe to call from any goroutine.
func Prepare() {
	ignoredAtFirst()
	inheritedNofile()
}

func (o *ownFork) start(spec *Spec) (Process, *Failure) {
	if forceForkExec.Load() {
		return startByForkExec(spec)
	}
	if o.program == nil {
		o.program = new(program)
	}
	o.numbers.reserve()
	o.slots = append(o.slots[:0], spec.Slots...)
	defer o.numbers.refill()
	if err := o.numbers.lower(o.slots); err != nil {
		return Process{}, &Failure{Step: StepSlots, Err: err.(syscall.Errno)}
	}
	wanted := allFeatures &^ features(absent.Load())
	if !spec.Pidfd {
		wanted &^= pidfds
	}
	var equipment equipment
	defer equipment.release()
	if failure := equipment.acquire(o.program, spec, o.slots, &wanted); failure != nil {
		return Process{}, failure
	}
	p, failure := o.program.start(spec, o.slots, wanted)
	switch {
	case failure != nil && failure.Step == StepIDMaps:
		if errno := o.program.maps.failure(); errno != 0 {
			failure.Err = errno
		}
	case failure == nil || failure.Step != StepFork || spec.Settings.blame(failure):
	case spec.Backend == BackendAuto && (failure.Err == unix.ENOSYS || failure.Err == unix.EINVAL):
		return startEmulated(spec, failure)
	}
	return p, failure
}

// startEmulated starts spec where there is no clone that shares memory and descriptors. qemu-user, in
// which containers of another architecture run, has no clone3(2), makes a plain fork of a clone
// with CLONE_VFORK, and refuses CLONE_FILES with that. If it refuses syscall.ForkExec, too, refused
// is the failure.
func startEmulated(spec *Spec, refused *Failure) (Process, *Failure) {
	plain := *spec
	plain.Pidfd = false // The flag for that is refused, too. Process.OpenPidfd does without.
	if option := spec.unsupportedByForkExec(); option != NoOption {
		return Process{}, &Failure{Step: steps[option], Err: unix.ENOTSUP}
	}
	p, failure := forkExec(&plain)
	switch {
	case failure == nil:
		absent.Or(uint32(pidfds))
		forceForkExec.Store(true)
	case failure.Err == unix.ENOSYS || failure.Err == unix.EINVAL || failure.Err == unix.EPERM:
		return p, refused
	}
	return p, failure
}

// startByForkExec starts spec by syscall.ForkExec, with a pidfd if there are any.
func startByForkExec(spec *Spec) (Process, *Failure) {
	plain := *spec
	plain.Pidfd = spec.Pidfd && !features(absent.Load()).all(pidfds)
	return forkExec(&plain)
}

// start forks with the features that are wanted or, when the kernel refuses one, without it.
func (p *program) start(spec *Spec, slots []int, wanted features) (Process, *Failure) {
	defer p.shrink()
	var first, last syscall.Errno // The refusal of everything is not that of the plainest clone.
	for have, more := wanted, true; more; {
		if with := spec.Settings; with != nil && with.Cloneflags&NewTime != 0 && !have.all(clone3) {
			return Process{}, &Failure{Step: StepFork, Err: cmp.Or(first, unix.ENOSYS)}
		}
		p.build(spec, slots, have)
		pid, errno := fork(p)
		runtime.KeepAlive(p)
		switch {
		case errno == 0 && p.rangeRefused(have):
			p.reap(int(pid))
			have = have.withoutRange()
			continue
		case errno == 0 && p.errno != 0:
			p.reap(int(pid))
			return Process{}, p.failure(spec)
		case errno == 0:
			if p.pidfd < 0 && p.maps == nil {
				have &^= pidfds // The kernel took no notice of the flag.
			}
			absent.Or(uint32(wanted &^ have))
			return Process{Pid: int(pid), Pidfd: int(p.pidfd)}, nil
		}
		// E2BIG is said of arguments that are longer than the kernel knows, with something in what
		// is too much.
		if why := syscall.Errno(errno); why != unix.E2BIG && !fd.Refused(why) {
			return Process{}, &Failure{Step: StepFork, Err: why}
		}
		last = syscall.Errno(errno)
		first = cmp.Or(first, last)
		have, more = have.withoutRefused()
	}
	if with := spec.Settings; first == unix.ENOSYS && last == unix.EPERM && with != nil && with.Cloneflags != 0 {
		first = last // There is no clone3(2), and clone(2) has looked at the namespaces.
	}
	return Process{}, &Failure{Step: StepFork, Err: first}
}

// rangeRefused reports whether the child has ended because it may not use close_range(2).
func (p *program) rangeRefused(have features) bool {
	return p.errno != 0 && fd.Refused(p.errno) && p.calls[p.failed].nr == unix.SYS_CLOSE_RANGE && have&(unsharedRange|closeRange) != 0
}

func (p *program) failure(spec *Spec) *Failure {
	c := &p.calls[p.failed]
	f := &Failure{Step: c.step, Err: p.errno}
	switch c.step {
	case StepDirectory:
		f.Path = spec.Dir
	case StepExec:
		f.Path = spec.Files[c.item]
	case StepRlimit:
		f.Index = c.item
	case StepChroot:
		f.Path = spec.Settings.Chroot
	case StepCgroup:
		f.Path = spec.Settings.Cgroup
	case StepAmbientCaps:
		// A capability that the kernel does not know, or, before Linux 4.3, any.
		if f.Err == unix.EINVAL {
			f.Err = unix.ENOTSUP
		}
	case StepOOMScore:
		if f.Err == unix.ENOENT { // There is no /proc.
			f.Err = unix.ENOTSUP
		}
	}
	return f
}

// reap gives up a child that has ended before it executed a file.
func (p *program) reap(pid int) {
	_, _ = wait4(pid, 0) // ECHILD: SIGCHLD is ignored here, or somebody waits for every child.
	fd.Close(int(p.pidfd))
}

// shrink does not keep the memory of an exceptional start.
func (p *program) shrink() {
	if cap(p.text) > largeText {
		p.text, p.argv, p.envp = nil, nil, nil
	}
}
