//go:build amd64 || arm64

package process

import (
	"syscall"

	"github.com/brood-go/brood/internal/fd"
)

// equipment is what the parent needs for one start beside the slots, while it lasts: little or
// nothing for a usual child.
type equipment struct {
	free   []int // see program.free
	cgroup int   // 0: none
	maps   *mapper
	locked bool // syscall.ForkLock
}

// take gets the equipment for spec, and takes out of wanted what cannot be had with it. Release
// gives back what there is, also after a failure.
func (e *equipment) acquire(p *program, spec *Spec, slots []int, wanted *features) *Failure {
	p.free, p.maps = nil, nil
	if spec.InheritOpen {
		*wanted &^= unsharedRange | closeRange
		if err := e.acquireFree(slots); err != nil {
			return &Failure{Step: StepFork, Err: err.(syscall.Errno)}
		}
		p.free = e.free
	}
	with := spec.Settings
	if with == nil || with.Cgroup == "" || !wanted.all(clone3) {
		*wanted &^= intoCgroup
	}
	if with != nil {
		if failure := e.acquireSettings(p, with, wanted); failure != nil {
			return failure
		}
	}
	if spec.InheritOpen {
		// Whoever opens a descriptor and sets its close-on-exec flag afterwards holds the other
		// side of this lock meanwhile.
		syscall.ForkLock.Lock()
		e.locked = true
	}
	return nil
}

func (e *equipment) acquireSettings(p *program, with *Settings, wanted *features) *Failure {
	if failure := with.checkCPUs(); failure != nil {
		return failure
	}
	if with.Cgroup != "" {
		dir, err := openCgroup(with.Cgroup)
		if err != nil {
			return &Failure{Step: StepCgroup, Path: with.Cgroup, Err: err.(syscall.Errno)}
		}
		e.cgroup, p.cgroup = dir, dir
		if cgroupKills(dir) {
			*wanted &^= intoCgroup
		}
	}
	if with.mapped() {
		maps, failure := newMapper(p, with)
		if failure != nil {
			return failure
		}
		e.maps, p.maps = maps, maps
	}
	return nil
}

func (e *equipment) release() {
	if e.locked {
		syscall.ForkLock.Unlock()
	}
	if e.maps != nil {
		e.maps.close()
	}
	if e.cgroup > 0 {
		fd.Close(e.cgroup)
	}
	fd.Close(e.free...)
}
