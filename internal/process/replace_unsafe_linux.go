//go:build amd64 || arm64

package process

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// replace makes the calls of p on this thread, the last of which is an execve(2), and undoes them
// when one has failed, whose index and errno stay in p. No Go code runs in between but this, which
// is as the code of a child: the slots can have taken the place of the runtime's descriptors. The
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

// makeCalls returns at the first call that has failed, see runChild.
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
		p.failed, p.obstacle = len(calls)-1, unix.ENOENT // The program is nowhere.
	}
	p.errno = p.obstacle
}
