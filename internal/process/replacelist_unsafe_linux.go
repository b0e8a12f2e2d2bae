//go:build amd64 || arm64

package process

import (
	"math/bits"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// buildReplace writes the calls that make this thread run the file of spec, and those that undo the
// changes to the process. It runs on that thread, before the calls. The order is that of build. The
// limits are undone first, because a low one would keep the slots from being undone.
func (p *program) buildReplace(spec *Spec) *Failure {
	with := spec.Settings
	if with == nil {
		with = &noSettings
	}
	p.reset(spec)
	limit, raised := inheritedNofile()
	raised = raised && !with.hasLimit(unix.RLIMIT_NOFILE)
	if raised {
		p.undoLimit(unix.RLIMIT_NOFILE)
	}
	for _, limit := range with.Rlimits {
		p.undoLimit(limit.Resource)
	}
	if err := p.replaceSlots(spec.Slots, spec.InheritOpen); err != nil {
		return &Failure{Step: StepSlots, Err: err.(syscall.Errno)}
	}
	p.addScheduling(with)
	p.addOwn(spec, with)
	if raised {
		p.nofile = limit
		p.add(StepSlots, mayFail, unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&p.nofile)))
	}
	p.stopProfiling()
	p.replaceSignals()
	p.add(StepSignals, mustWork, unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&noSignals)), 0, sigsetSize)
	p.addExec(spec)
	return nil
}

// replaceSlots fills the slots from copies, so that none is overwritten before its turn. It keeps
// copies of the replaced descriptors, because one can be the runtime's poller, without which no Go
// code may run on this thread. The table belongs to this thread alone.
func (p *program) replaceSlots(slots []int, inherit bool) error {
	n := len(slots)
	if !inherit && unix.CloseRange(0, lastNumber, unix.CLOSE_RANGE_CLOEXEC) != nil { // Linux 5.11
		if err := closeOnExec(); err != nil {
			return err
		}
	}
	for i, source := range slots {
		saved, err := unix.FcntlInt(uintptr(i), unix.F_DUPFD_CLOEXEC, n)
		switch err {
		case nil:
			p.undoCall(unix.SYS_DUP3, uintptr(saved), uintptr(i), unix.O_CLOEXEC)
		case unix.EBADF:
			p.undoCall(unix.SYS_CLOSE, uintptr(i))
		case unix.EINVAL:
			return unix.EMFILE // F_DUPFD says this if the limit is below n (fcntl(2)).
		default:
			return err
		}
		if source == Closed {
			p.add(StepSlots, mayFail, unix.SYS_CLOSE, uintptr(i))
			continue
		}
		copied, err := unix.FcntlInt(uintptr(source), unix.F_DUPFD_CLOEXEC, n)
		if err != nil {
			return err
		}
		p.add(StepSlots, mustWork, unix.SYS_DUP3, uintptr(copied), uintptr(i), 0)
	}
	return nil
}

// replaceSignals resets the signals that this process ignores to their default. execve(2) resets
// those that it handles.
func (p *program) replaceSignals() {
	reset := ignoredSignals() &^ (1<<(unix.SIGKILL-1) | 1<<(unix.SIGSTOP-1))
	// They must not move, because calls point to them.
	p.oldActions = make([][4]uintptr, bits.OnesCount64(reset))
	for i := 0; reset != 0; reset &= reset - 1 {
		signal := uintptr(bits.TrailingZeros64(reset) + 1)
		was := &p.oldActions[i]
		i++
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, signal, 0, uintptr(unsafe.Pointer(was)), sigsetSize, 0, 0)
		if errno != 0 || was[0] != sigIgn {
			continue
		}
		p.add(StepSignals, mustWork, unix.SYS_RT_SIGACTION, signal, uintptr(unsafe.Pointer(&p.defaultAction)), 0, sigsetSize)
		p.undoCall(unix.SYS_RT_SIGACTION, signal, uintptr(unsafe.Pointer(was)), 0, sigsetSize)
	}
}

// stopProfiling disarms the timer of the runtime's CPU profiler. execve(2) keeps the timer, and its
// signal would end a program without a handler.
func (p *program) stopProfiling() {
	var err error
	p.oldProfile, err = unix.Getitimer(unix.ItimerProf)
	if err != nil || p.oldProfile == noTimer {
		return
	}
	p.add(StepSignals, mayFail, unix.SYS_SETITIMER, unix.ITIMER_PROF, uintptr(unsafe.Pointer(&noTimer)))
	p.undoCall(unix.SYS_SETITIMER, unix.ITIMER_PROF, uintptr(unsafe.Pointer(&p.oldProfile)))
}

// noTimer is a timer that is not armed. Nothing changes it.
var noTimer unix.Itimerval

// undoLimit adds the call that restores a limit.
func (p *program) undoLimit(resource int) {
	was := new(unix.Rlimit)
	if unix.Getrlimit(resource, was) == nil {
		p.oldLimits = append(p.oldLimits, was)
		p.undoCall(unix.SYS_PRLIMIT64, 0, uintptr(resource), uintptr(unsafe.Pointer(was)))
	}
}

// undoCall adds a call to p.undo. Its failure is ignored.
func (p *program) undoCall(nr uintptr, args ...uintptr) {
	c := call{nr: nr, kind: mayFail}
	copy(c.args[:], args)
	p.undo = append(p.undo, c)
}
