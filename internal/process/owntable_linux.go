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

// hasCloexecTable says that a child of syscall.ForkExec can be given its slots and nothing else.
const hasCloexecTable = true

// onCloexecTable calls fn on a thread whose descriptors are all close-on-exec, so that what fn starts gets
// only what it is given. The thread has a table of its own, in which nobody else opens anything,
// and ends afterwards. The numbers in it are those of the program, the runtime's poller among them,
// but a descriptor that is closed meanwhile stays open in it for as long as fn takes.
//
// It returns ENOTSUP, and has not called fn, where that cannot be: for a thread that is not to end,
// and for one that has been changed, such as one with a namespace of its own, whose place another
// cannot take.
func (s *Spec) onCloexecTable(fn func()) error {
	switch {
	case s.Settings != nil && s.Settings.Pdeathsig != 0:
		return unix.ENOTSUP
	case s.ThrowAway:
		return withOwnTable(fn)
	}
	runtime.LockOSThread() // It is in the state of this thread that the child is to start.
	defer runtime.UnlockOSThread()
	state, err := threadState()
	if err != nil {
		return unix.ENOTSUP
	}
	done := make(chan tableResult, 1)
	// It ends with fn, and its thread with it, because it is not unlocked.
	go onOwnTable(state, fn, done)
	end := <-done
	awaitThread(end.thread)
	return end.err
}

// onCloexecTableWithPidfd is onCloexecTable for a start that is to give p a pidfd, which the fork makes in the other
// table.
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

// ending is what a thread that ends tells.
type tableResult struct {
	thread int // 0: it does not end
	err    error
}

func onOwnTable(wanted []string, fn func(), done chan<- tableResult) {
	runtime.LockOSThread()
	if isMainThread() {
		next := make(chan tableResult, 1)
		go onOwnTable(wanted, fn, next) // This goroutine has the main thread: it gets another.
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

// withOwnTable gives this thread a table of its own and calls fn, with an empty signal mask.
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

// threadState returns what a child gets from this thread when it forks: two threads in the same
// state can start a child in each other's place.
func threadState() (state []string, err error) {
	for _, name := range []string{"cwd", "root", "ns/mnt", "ns/net", "ns/uts", "ns/ipc", "ns/user", "ns/cgroup", "ns/pid_for_children"} {
		link, err := os.Readlink("/proc/thread-self/" + name)
		if err != nil && !errors.Is(err, unix.ENOENT) { // Which the kernel does not have.
			return nil, err
		}
		state = append(state, link)
	}
	status, err := os.ReadFile("/proc/thread-self/status")
	return append(state, inherited(status)...), err
}

// inherited returns the lines of proc_pid_status(5) that say what a child gets from the thread that
// forks it.
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

// lastNumber is the highest descriptor that close_range(2) knows of.
const lastNumber = 1<<32 - 1

// closeOnExec has all descriptors of this thread closed by execve(2).
func closeOnExec() error {
	names, err := os.ReadDir("/proc/thread-self/fd")
	if err != nil {
		return unix.ENOTSUP
	}
	for _, name := range names {
		if fd, err := strconv.Atoi(name.Name()); err == nil {
			// EBADF: it was that of ReadDir.
			_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC)
		}
	}
	return nil
}
