//go:build amd64 || arm64

package process

import (
	"syscall"

	"github.com/brood-go/brood/internal/fd"
)

// equipment holds the descriptors and the lock that the parent needs for one start beside the
// slots. For a usual child it is empty. It belongs to the goroutine in Start.
type equipment struct {
	free   []int   // owned descriptors, see program.free
	cgroup int     // owned descriptor of Settings.Cgroup; 0: none
	maps   *mapper // nil: no users or groups are mapped
	locked bool    // holds syscall.ForkLock
}

// acquire gets the equipment for spec, and removes from wanted the features that cannot be used
// with it. The caller must release it, also after a failure.
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
		// Code that opens a descriptor and then sets its close-on-exec flag holds the read side of
		// this lock meanwhile.
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
