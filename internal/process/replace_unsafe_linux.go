//go:build amd64 || arm64

package process

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// replace makes the calls of p on this thread, the last of which is an execve(2). If one fails, its
// index and errno stay in p, and replace makes the calls of p.undo. In between no other Go code may
// run on this thread, as in a child: the slots can have replaced the runtime's descriptors. The
// runtime is told that the thread is in a system call.
//
//go:nosplit
//go:noinline
//go:norace
func replace(p *program) {
	entersyscall()
	setMask(&allSignals, &p.mask)
	makeCalls(p)
	undo := p.undo
	for i := range undo {
		c := &undo[i]
		rawSyscall(c.nr, c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5])
	}
	setMask(&p.mask, nil)
	exitsyscall()
}

// makeCalls returns at the first call that has failed, like runChild, which exits.
//
//go:nosplit
//go:noinline
//go:norace
func makeCalls(p *program) {
	calls := p.calls
	for i := range calls {
		c := &calls[i]
		_, errno := rawSyscall(c.nr, c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5])
		switch {
		case errno == 0 || c.kind == mayFail:
			continue
		case c.kind == tryNext && isAbsent(errno):
			continue
		case c.kind == tryNext && isObstacle(errno):
			if p.obstacle == 0 {
				p.failed, p.obstacle = i, syscall.Errno(errno)
			}
			continue
		}
		p.failed, p.errno = i, syscall.Errno(errno)
		return
	}
	if p.obstacle == 0 {
		p.failed, p.obstacle = len(calls)-1, unix.ENOENT // The file is nowhere.
	}
	p.errno = p.obstacle
}
