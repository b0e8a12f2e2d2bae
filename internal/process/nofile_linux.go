//go:build amd64 || arm64

package process

import (
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// inheritedNofile returns the limit of descriptors that this program was started with, if a child has to be given it back:
// Go raises the soft limit when a program starts (syscall, rlimit.go), and programs that use select(2) or close all numbers
// below the limit are better off without that. A limit that the program or somebody else has set since is the child's, too.
func inheritedNofile() (unix.Rlimit, bool) {
	var now unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &now) != nil || now.Cur != now.Max-1 { // What Go sets it to.
		return now, false
	}
	before := nofileBefore()
	return before, before.Cur != 0 && before.Max == now.Max
}

// nofileBefore asks for the limit that Go has kept, once. Package syscall does not tell it, but gives it to the children that
// it starts. One that is traced stops before its first instruction; it is asked, and killed. Where tracing is forbidden the
// answer is 0.
var nofileBefore = sync.OnceValue(func() (limit unix.Rlimit) {
	const self = "/proc/self/exe"
	pid, err := syscall.ForkExec(self, []string{self}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Ptrace: true}})
	if err != nil {
		return limit
	}
	// It is our child until it was waited for, so that the number is its own.
	if status, err := wait4(pid, unix.WALL); err == nil && status.Stopped() {
		if unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit) != nil {
			limit = unix.Rlimit{}
		}
	}
	_ = unix.Kill(pid, unix.SIGKILL)
	_, _ = wait4(pid, unix.WALL)
	return limit
})
