package process

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// A platform supplies:
//
//	type ownFork struct                                        what Starter keeps for the fork of this library
//	func (o *ownFork) start(spec *Spec) (Process, *Failure)    tries once
//	func (o *ownFork) reserve()                                see Starter.Reserve
//	func (o *ownFork) release() bool                           see Starter.Release
//	func hasOwnFork() bool                                     whether there is such a fork
//
// and, for syscall.ForkExec:
//
//	func requestPidfd(attr *syscall.SysProcAttr, pidfd *int)   stores -1 where there is none
//	func withEmptyMask(fn func())                              calls fn where the signal mask is empty
//	func (s *Spec) onCloexecTable(fn func()) error                      calls fn where every descriptor is close-on-exec, or returns
//	                                                           ENOTSUP
//	const hasCloexecTable                                       whether onCloexecTable can do that at all
//	func forkExecHas(o Option) bool                            whether attributes can say that
//	func (s *Settings) attributes(attr *syscall.SysProcAttr) (release func(), failure *Failure)
//	                                                           has attr say what s, which may be nil, says, but for Chroot
//	func keepDumpable() (restore func())                       around a start that changes a user or a group

// A Starter starts processes, one at a time. It keeps memory and, on Linux, a few low descriptor
// numbers for that; the zero value is ready to use. Release it at the end.
//
// A Starter may be used by any goroutine, but not by two at once. The process is forked by the
// thread that calls Start.
type Starter struct {
	own  ownFork
	pace pace
}

// Start starts a process. The calling thread waits until it has executed its file; other goroutines
// go on meanwhile.
//
// A file that somebody is just writing (ETXTBSY) is tried again for a bounded time: a child that
// another package has forked holds a copy of every descriptor until it executes
// (go.dev/issue/22315).
//
// What Unsupported finds is a Failure with ENOTSUP.
func (s *Starter) Start(spec *Spec) (Process, *Failure) {
	if option := Unsupported(spec); option != NoOption {
		return Process{Pidfd: -1}, &Failure{Step: steps[option], Err: syscall.ENOTSUP}
	}
	if spec.UID != nil || spec.GID != nil {
		defer keepDumpable()()
	}
	var cgroup *claim
	if spec.Settings != nil && spec.Settings.Cgroup != "" {
		cgroup = newClaim(spec.Settings.Cgroup)
	}
	ticket := beginStart()
	pid := 0
	defer func() { ticket.finish(pid) }()
	for pause := time.Millisecond; ; pause *= 2 {
		p, failure := s.try(spec)
		if failure == nil {
			pid, p.ticket = p.Pid, ticket
			p.cgroup = cgroup
			p.Pidfd, _ = fd.Private(p.Pidfd, nil) // Without one there is none.
			s.pace.yieldIfDue()
			return p, nil
		}
		if failure.Err == syscall.EBADF && (failure.Step == StepSlots || failure.Step == StepExec) && spec.slotsOpen() {
			// So dup2(2) calls a number that is above the limit.
			failure = &Failure{Step: StepFork, Err: syscall.EMFILE}
		}
		if failure.Err != syscall.ETXTBSY || pause > textBusyLongest {
			cgroup.release()
			failure.blameInterpreter(spec)
			return Process{Pidfd: -1}, failure
		}
		time.Sleep(pause) // Nothing tells when the last one who writes the file has closed it.
	}
}

// slotsOpen reports whether all that the slots are to be made of is open.
func (s *Spec) slotsOpen() bool {
	for _, source := range s.Slots {
		if source == Closed {
			continue
		}
		if _, err := unix.FcntlInt(uintptr(source), unix.F_GETFD, 0); err != nil {
			return false
		}
	}
	return true
}

func (s *Starter) try(spec *Spec) (Process, *Failure) {
	if spec.Backend == BackendForkExec {
		return forkExec(spec)
	}
	return s.own.start(spec)
}

// textBusyLongest is the last pause before giving up. All of them together take less than twice as
// long.
const textBusyLongest = 16 * time.Millisecond

// Reserve takes the low descriptor numbers now, while there are some. Without it the first start
// does.
func (s *Starter) Reserve() { s.own.reserve() }

// Release gives back the descriptors that s holds, for good, and reports whether there were any.
// Start still works afterwards, but is slower where many descriptors are open.
func (s *Starter) Release() bool { return s.own.release() }
