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

// forceForkExec makes syscall.ForkExec start every process, see Force.
var forceForkExec atomic.Bool

// ownFork is the memory that a Starter keeps for the fork of this library. It belongs to the
// goroutine in Start.
type ownFork struct {
	program *program // nil until the first start
	numbers lowNumbers
	slots   []int // copy of Spec.Slots, with high sources replaced by low ones
}

func hasOwnFork() bool { return !forceForkExec.Load() }

func (o *ownFork) reserve()      { o.numbers.reserve() }
func (o *ownFork) release() bool { return o.numbers.release() }

// Prepare asks the kernel now what the first start would otherwise have to ask about this program.
//
// Safe to call from any goroutine.
func Prepare() {
	ignoredAtFirst()
	inheritedNofile()
}

// start makes one attempt, on the thread that calls it.
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

// startEmulated starts spec where no clone can share memory and descriptors. qemu-user, in which
// containers of another architecture run, has no clone3(2), turns a clone with CLONE_VFORK into a
// plain fork, and refuses CLONE_FILES together with that. If it refuses syscall.ForkExec, too, the
// result is the Failure in refused.
func startEmulated(spec *Spec, refused *Failure) (Process, *Failure) {
	plain := *spec
	plain.Pidfd = false // The emulator refuses that flag, too. Process.OpenPidfd does without.
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

// startByForkExec starts spec by syscall.ForkExec, with a pidfd if the kernel has them.
func startByForkExec(spec *Spec) (Process, *Failure) {
	plain := *spec
	plain.Pidfd = spec.Pidfd && !features(absent.Load()).all(pidfds)
	return forkExec(&plain)
}

// start forks with the wanted features. When the kernel refuses one, it tries again without it.
func (p *program) start(spec *Spec, slots []int, wanted features) (Process, *Failure) {
	defer p.shrink()
	var first, last syscall.Errno // first is the failure to report if every clone is refused
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
				have &^= pidfds // The kernel has ignored the flag.
			}
			absent.Or(uint32(wanted &^ have))
			return Process{Pid: int(pid), Pidfd: int(p.pidfd)}, nil
		}
		// A kernel says E2BIG if an argument struct is longer than the one it knows and the excess
		// is not zero.
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

// rangeRefused reports whether the child has ended because close_range(2) was refused.
func (p *program) rangeRefused(have features) bool {
	return p.errno != 0 && fd.Refused(p.errno) && p.calls[p.failed].nr == unix.SYS_CLOSE_RANGE && have&(unsharedRange|closeRange) != 0
}

// failure translates the failed call of an ended child.
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
		// The kernel does not know the capability, or, before Linux 4.3, any.
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

// reap waits for a child that has ended before it executed a file, and closes its pidfd.
func (p *program) reap(pid int) {
	// ECHILD: SIGCHLD is ignored here, or other code of the program waits for every child.
	_, _ = wait4(pid, 0)
	fd.Close(int(p.pidfd))
}

// shrink drops the memory for strings after a start with exceptionally many.
func (p *program) shrink() {
	if cap(p.text) > largeText {
		p.text, p.argv, p.envp = nil, nil, nil
	}
}
