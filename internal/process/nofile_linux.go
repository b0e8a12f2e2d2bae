//go:build amd64 || arm64

package process

import (
	"runtime"
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
// it starts. One that is traced stops before its first instruction; it is asked, and killed. Where tracing is forbidden, or
// the child would have another user, the answer is 0.
//
// The stop is not waited for: something in this program may wait for every child, and be told of it in our place. The child
// dies with this thread, or it would run on, as a second instance of this program, when this one is killed just now.
var nofileBefore = sync.OnceValue(func() (limit unix.Rlimit) {
	if unix.Getuid() != unix.Geteuid() || unix.Getgid() != unix.Getegid() {
		return limit // A set-user-ID program: execve(2) would take Pdeathsig back.
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const self = "/proc/self/exe"
	pid, err := syscall.ForkExec(self, []string{self}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}})
	if err != nil {
		return limit
	}
	// It cannot end, and so be waited for, before it is killed: the number is its own.
	if unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit) != nil {
		limit = unix.Rlimit{}
	}
	_ = unix.Kill(pid, unix.SIGKILL)
	for {
		if status, err := wait4(pid, unix.WALL); err != nil || !status.Stopped() {
			return limit
		}
	}
})
