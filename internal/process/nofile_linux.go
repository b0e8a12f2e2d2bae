//go:build amd64 || arm64

package process

import (
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// inheritedNofile returns the limit of descriptors that this program was started with, and whether
// a child has to get it back. Go raises the soft limit when a program starts (syscall, rlimit.go),
// but programs that use select(2), or close all numbers below the limit, are better off without
// that. A limit that the program or somebody else has set since is left to the child.
func inheritedNofile() (unix.Rlimit, bool) {
	var now unix.Rlimit
	// Go sets the soft limit to this value.
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &now) != nil || now.Cur != now.Max-1 {
		return now, false
	}
	before := nofileBefore()
	return before, before.Cur != 0 && before.Max == now.Max
}

// nofileBefore returns the soft limit that Go has replaced. It finds it out once. The result is 0
// if that is impossible.
func nofileBefore() unix.Rlimit {
	nofileAtStart.mu.Lock()
	defer nofileAtStart.mu.Unlock()
	if !nofileAtStart.known {
		nofileAtStart.limit, nofileAtStart.known = askNofile()
	}
	return nofileAtStart.limit
}

var nofileAtStart struct {
	mu    sync.Mutex
	known bool        // limit is the final answer
	limit unix.Rlimit // 0: unknown
}

// askNofile finds out the limit from a child: package syscall does not tell it, but gives it to the
// children that it starts. A traced child stops before its first instruction, and askNofile kills
// it there. limit is 0 where tracing is forbidden. If something was short, limit is 0, too, and not
// final.
//
// It does not wait for the stop, because other code that waits for every child could take it. The
// mask is empty, because a blocked SIGTRAP would stop the child later. This thread is the tracer,
// so it must not end meanwhile: withEmptyMask locks it. Pdeathsig ends the child with this thread:
// otherwise, if this program is killed just now, the child would run on as a second instance of it.
func askNofile() (limit unix.Rlimit, final bool) {
	if unix.Getuid() != unix.Geteuid() || unix.Getgid() != unix.Getegid() {
		return limit, false // For a set-user-ID program execve(2) would take Pdeathsig back.
	}
	const self = "/proc/self/exe"
	defer beginStart().finish(0)
	withEmptyMask(func() {
		attr := &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}}
		pid, err := syscall.ForkExec(self, []string{self}, attr)
		if err != nil {
			final = err != unix.EAGAIN && err != unix.ENOMEM && err != unix.EMFILE && err != unix.ENFILE
			return
		}
		final = true
		if unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit) != nil {
			limit = unix.Rlimit{}
		}
		_ = unix.Kill(pid, unix.SIGKILL) // The child is ours, and lives until then.
		for {
			if status, err := wait4(pid, unix.WALL); err != nil || !status.Stopped() {
				return
			}
		}
	})
	return limit, final
}
