package process

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// hasCloexecTable says that onCloexecTable can work here.
const hasCloexecTable = true

// onCloexecTable calls fn on a thread whose descriptors are all close-on-exec, so that a process
// that fn starts gets only the descriptors it is given. The thread has a table of its own, in which
// no other thread opens descriptors, and ends afterwards. Its descriptors have the same numbers as
// the program's, the runtime's poller included; but one that is closed meanwhile stays open there
// until fn has returned.
//
// It returns ENOTSUP, and has not called fn, if there cannot be such a thread: for a Pdeathsig,
// whose thread must not end, and for a caller's thread that has been changed, such as one with a
// namespace of its own, because another thread cannot take its place.
func (s *Spec) onCloexecTable(fn func()) error {
	switch {
	case s.Settings != nil && s.Settings.Pdeathsig != 0:
		return unix.ENOTSUP
	case s.ThrowAway:
		return withOwnTable(fn)
	}
	runtime.LockOSThread() // The child must start from the state of this thread.
	defer runtime.UnlockOSThread()
	state, err := threadState()
	if err != nil {
		return unix.ENOTSUP
	}
	done := make(chan tableResult, 1)
	// The goroutine ends with fn, and its thread with it, because it does not unlock the thread.
	go onOwnTable(state, fn, done)
	result := <-done
	awaitThread(result.thread)
	return result.err
}

// onCloexecTableWithPidfd is onCloexecTable for a start that gives p a pidfd. The fork opens the
// pidfd in the other table, and a relay passes it on.
func (s *Spec) onCloexecTableWithPidfd(start func(), attr *syscall.SysProcAttr, p *Process) error {
	relay := newPidfdRelay()
	defer relay.close()
	err := s.onCloexecTable(func() {
		pidfd := -1
		requestPidfd(attr, &pidfd)
		start()
		relay.send(pidfd)
	})
	if err != nil || p.Pid == 0 {
		return err
	}
	if p.Pidfd = relay.receive(); p.Pidfd < 0 {
		_ = p.OpenPidfd()
	}
	return nil
}

// A tableResult is the result of onOwnTable.
type tableResult struct {
	thread int // number of the thread, which ends after this; 0: it does not end
	err    error
}

// onOwnTable is the goroutine of onCloexecTable. Unless it returns early it does not unlock its
// thread, so the thread ends with it.
func onOwnTable(wanted []string, fn func(), done chan<- tableResult) {
	runtime.LockOSThread()
	if isMainThread() {
		next := make(chan tableResult, 1)
		// This goroutine has the main thread, so the next one gets another.
		go onOwnTable(wanted, fn, next)
		done <- <-next
		runtime.UnlockOSThread()
		return
	}
	state, err := threadState()
	if err != nil || !slices.Equal(state, wanted) {
		done <- tableResult{err: unix.ENOTSUP}
		runtime.UnlockOSThread()
		return
	}
	err = withOwnTable(fn)
	done <- tableResult{endingThread(), err}
}

// withOwnTable gives this thread a table of its own, in which all descriptors are close-on-exec,
// and calls fn with an empty signal mask.
func withOwnTable(fn func()) error {
	if unix.Unshare(unix.CLONE_FILES) != nil {
		return unix.ENOTSUP
	}
	if unix.CloseRange(0, lastNumber, unix.CLOSE_RANGE_CLOEXEC) != nil { // Linux 5.11
		if err := closeOnExec(); err != nil {
			return err
		}
	}
	// It cannot fail with these arguments.
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, new(unix.Sigset_t), nil)
	fn()
	return nil
}

// threadState returns the properties of this thread that a child inherits. If two threads have the
// same state, each can start a child in place of the other.
func threadState() (state []string, err error) {
	for _, name := range []string{"cwd", "root", "ns/mnt", "ns/net", "ns/uts", "ns/ipc", "ns/user", "ns/cgroup", "ns/pid_for_children"} {
		link, err := os.Readlink("/proc/thread-self/" + name)
		if err != nil && !errors.Is(err, unix.ENOENT) { // The kernel does not have that namespace.
			return nil, err
		}
		state = append(state, link)
	}
	status, err := os.ReadFile("/proc/thread-self/status")
	return append(state, inherited(status)...), err
}

// inherited returns the lines of proc_pid_status(5) about properties that a child inherits from the
// thread that forks it.
func inherited(status []byte) (lines []string) {
	for line := range strings.Lines(string(status)) {
		name, _, _ := strings.Cut(line, ":")
		switch name {
		case "Umask", "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
			"Seccomp_filters", "Cpus_allowed", "Mems_allowed":
			lines = append(lines, line)
		}
	}
	return lines
}

// lastNumber is the highest descriptor number for close_range(2).
const lastNumber = 1<<32 - 1

// closeOnExec makes all descriptors of this thread's table close-on-exec.
func closeOnExec() error {
	names, err := os.ReadDir("/proc/thread-self/fd")
	if err != nil {
		return unix.ENOTSUP
	}
	for _, name := range names {
		if fd, err := strconv.Atoi(name.Name()); err == nil {
			// EBADF: it was the descriptor of ReadDir.
			_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC)
		}
	}
	return nil
}
