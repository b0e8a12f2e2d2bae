package process

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

func requestPidfd(attr *syscall.SysProcAttr, pidfd *int) { attr.PidFD = pidfd }

// forkExecHas reports whether syscall.ForkExec can honour o. It does not have OptionForeground:
// when it makes a group the foreground group, the child's signals are neither blocked nor ignored,
// so SIGTTOU would stop a child in the background.
func forkExecHas(o Option) bool {
	switch o {
	case OptionCgroup, OptionCloneflags, OptionIDMaps, OptionChroot, OptionAmbientCaps, OptionPdeathsig:
		return true
	}
	return false
}

func (s *Settings) attributes(attr *syscall.SysProcAttr) (release func(), failure *Failure) {
	if s == nil {
		return func() {}, nil
	}
	attr.Cloneflags, attr.AmbientCaps, attr.Pdeathsig = s.Cloneflags, s.AmbientCaps, s.Pdeathsig
	attr.UidMappings, attr.GidMappings = sysMap(s.UIDMap), sysMap(s.GIDMap)
	attr.GidMappingsEnableSetgroups = s.Setgroups
	if s.Cgroup == "" {
		return func() {}, nil
	}
	dir, err := openCgroup(s.Cgroup)
	if err != nil {
		return nil, &Failure{Step: StepCgroup, Path: s.Cgroup, Err: err.(syscall.Errno)}
	}
	if cgroupKills(dir) { // The attributes have no other way into a cgroup.
		fd.Close(dir)
		return nil, &Failure{Step: StepCgroup, Path: s.Cgroup, Err: unix.ENOTSUP}
	}
	attr.UseCgroupFD, attr.CgroupFD = true, dir
	return func() { fd.Close(dir) }, nil
}

func sysMap(ranges []IDMap) (out []syscall.SysProcIDMap) {
	for _, r := range ranges {
		out = append(out, syscall.SysProcIDMap{ContainerID: r.Inside, HostID: r.Outside, Size: r.Size})
	}
	return out
}

// withEmptyMask calls fn on this thread if its signal mask is empty. Otherwise, as on the thread of
// a loop that watches signals, it calls fn on another thread: to unblock the signals here for a
// moment would deliver pending ones a second time.
func withEmptyMask(fn func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if mask := signalMask(); mask == (unix.Sigset_t{}) {
		fn()
		return
	}
	done := make(chan struct{})
	// The goroutine ends with fn, and withEmptyMask waits for it.
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		old := signalMask()
		// A thread inherits the mask that this program was started with. It cannot fail with these
		// arguments.
		_ = unix.PthreadSigmask(unix.SIG_SETMASK, new(unix.Sigset_t), nil)
		defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }()
		fn()
	}()
	<-done
}

func signalMask() (mask unix.Sigset_t) {
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, nil, &mask) // It cannot fail with these arguments.
	return mask
}
