package process

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// A platform supplies:
//
//	type ownFork struct                                        memory of Starter for the fork of this library
//	func (o *ownFork) start(spec *Spec) (Process, *Failure)    tries once
//	func (o *ownFork) reserve()                                see Starter.Reserve
//	func (o *ownFork) release() bool                           see Starter.Release
//	func hasOwnFork() bool                                     whether there is such a fork
//
// and, for syscall.ForkExec:
//
//	func requestPidfd(attr *syscall.SysProcAttr, pidfd *int)   stores -1 where there is none
//	func withEmptyMask(fn func())                              calls fn on a thread whose signal mask is empty
//	func (s *Spec) onCloexecTable(fn func()) error             calls fn where every descriptor is close-on-exec, or returns
//	                                                           ENOTSUP without calling it
//	const hasCloexecTable                                      whether onCloexecTable ever calls fn
//	func forkExecHas(o Option) bool                            whether attributes can say that
//	func (s *Settings) attributes(attr *syscall.SysProcAttr) (release func(), failure *Failure)
//	                                                           sets attr by s, which may be nil, but not its Chroot
//	func keepDumpable() (restore func())                       around a start that changes a user or a group

// A Starter starts processes, one at a time. It keeps memory and, on Linux, a few low descriptor
// numbers for that. The zero value is ready to use. The caller must Release it.
//
// Any goroutine may use a Starter, but not two at once. The thread that calls Start forks the
// process.
type Starter struct {
	own  ownFork
	pace pace
}

// Start starts a process. The calling thread waits until the child has executed its file or failed;
// other goroutines go on meanwhile. An option that Unsupported finds is a Failure with ENOTSUP.
//
// If another process has the file open for writing (ETXTBSY), Start tries again for a bounded time:
// a child that another package has forked holds a copy of every descriptor until it executes
// (go.dev/issue/22315).
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
			p.Pidfd, _ = fd.Private(p.Pidfd, nil) // On an error there is none.
			s.pace.yieldIfDue()
			return p, nil
		}
		if failure.Err == syscall.EBADF && (failure.Step == StepSlots || failure.Step == StepExec) && spec.slotsOpen() {
			// dup2(2) gives this errno for a number above the limit.
			failure = &Failure{Step: StepFork, Err: syscall.EMFILE}
		}
		if failure.Err != syscall.ETXTBSY || pause > textBusyLongest {
			cgroup.release()
			failure.blameInterpreter(spec)
			return Process{Pidfd: -1}, failure
		}
		time.Sleep(pause) // The kernel does not report when the last writer closes the file.
	}
}

// slotsOpen reports whether all sources of the slots are open.
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

// textBusyLongest is the last pause before Start gives up. All pauses together take less than twice
// as long.
const textBusyLongest = 16 * time.Millisecond

// Reserve takes the low descriptor numbers now, while low ones are free. Otherwise the first Start
// does.
func (s *Starter) Reserve() { s.own.reserve() }

// Release gives back the descriptors that s holds, for good, and reports whether there were any.
// Start still works afterwards, but is slower when many descriptors are open.
func (s *Starter) Release() bool { return s.own.release() }
