//go:build amd64 || arm64

package process

import (
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// inheritedNofile returns the limit of descriptors that this program was started with, if a child
// has to be given it back: Go raises the soft limit when a program starts (syscall, rlimit.go), and
// programs that use select(2) or close all numbers below the limit are better off without that. A
// limit that the program or somebody else has set since is the child's, too.
func inheritedNofile() (unix.Rlimit, bool) {
	var now unix.Rlimit
	// What Go sets it to.
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &now) != nil || now.Cur != now.Max-1 {
		return now, false
	}
	before := nofileBefore()
	return before, before.Cur != 0 && before.Max == now.Max
}

// nofileBefore asks for the limit that Go has kept, once. The answer is 0 where it cannot be had.
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
	known bool
	limit unix.Rlimit
}

// askNofile asks a child for the limit: package syscall does not tell it, but gives it to the
// children that it starts. One that is traced stops before its first instruction, and is killed
// there. Where tracing is forbidden the answer is 0; if something was short it is 0, too, and not
// final.
//
// The stop is not waited for, because somebody who waits for every child could take it. The mask is
// empty, because a blocked SIGTRAP would stop the child later. The thread is the tracer, so it must
// not end meanwhile: withEmptyMask locks it. The child dies with it: else it would run on, as a
// second instance of this program, when this one is killed just now.
func askNofile() (limit unix.Rlimit, final bool) {
	if unix.Getuid() != unix.Geteuid() || unix.Getgid() != unix.Getegid() {
		return limit, false // A set-user-ID program: execve(2) would take Pdeathsig back.
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
		_ = unix.Kill(pid, unix.SIGKILL) // It is ours, and lives until then.
		for {
			if status, err := wait4(pid, unix.WALL); err != nil || !status.Stopped() {
				return
			}
		}
	})
	return limit, final
}
