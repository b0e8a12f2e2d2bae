//go:build amd64 || arm64

package process

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file is the moment of the fork. Its code runs while two processes use one stack and one
// memory: see the rules in the package comment. fork and setMask run in the parent, on the thread
// that forks; runChild and the functions below it run in the child. The functions are nosplit
// because a stack cannot grow there, and norace because the race detector's hooks are calls. A test
// reads their machine code.

// rawClone makes clone(2) or clone3(2) with three arguments. It returns in both processes. It is
// written in assembly because the child must not return through a frame that the parent still
// needs.
func rawClone(nr, a, b, c uintptr) (pid, errno uintptr)

// rawSyscall makes one system call. Unlike syscall.RawSyscall6 and the functions that it calls, it
// has no frame: in a build without optimisation (-gcflags="all=-N -l", as debuggers want) the stack
// that nosplit functions may use would not be enough for these.
func rawSyscall(nr, a, b, c, d, e, f uintptr) (result, errno uintptr)

// entersyscall and exitsyscall tell the runtime that this thread waits in the kernel. Until the
// child has executed, other goroutines get the thread's P, and the garbage collector does not wait
// for it. (The runtime keeps both names for gVisor, see go.dev/issue/67401.)
//
//go:linkname entersyscall runtime.entersyscall
func entersyscall()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()

// allSignals and noSignals are signal masks.
var (
	allSignals = ^uint64(0)
	noSignals  uint64
)

// fork clones the calling thread and makes the child run p. It returns in the parent only, once the
// child has executed a file or ended.
//
// This thread handles no signal until then, because in the child a handler of the Go runtime would
// run on the memory of the parent. The mask is restored before the runtime can move the goroutine
// to another thread.
//
//go:nosplit
//go:noinline
//go:norace
func fork(p *program) (pid, errno uintptr) {
	entersyscall()
	setMask(&allSignals, &p.mask)
	pid, errno = rawClone(p.clone.nr, p.clone.args[0], p.clone.args[1], p.clone.args[2])
	if pid == 0 && errno == 0 {
		runChild(p)
	}
	setMask(&p.mask, nil)
	exitsyscall()
	return pid, errno
}

//go:nosplit
//go:norace
func setMask(mask, old *uint64) {
	rawSyscall(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK,
		uintptr(unsafe.Pointer(mask)), uintptr(unsafe.Pointer(old)), sigsetSize, 0, 0)
}

// runChild is the child. It makes the calls of p in their order and does not return: the last one
// that works is an execve(2). If a call fails that must work, its index and errno stay in p, where
// the parent reads them.
//
//go:nosplit
//go:noinline
//go:norace
func runChild(p *program) {
	calls := p.calls
	for i := range calls {
		c := &calls[i]
		var result, errno uintptr
		first := c.args[0]
		if c.from != nil {
			first = *c.from
		}
		if c.kind == closeRest {
			errno = closeFrom(p, c.args[0], c.args[1])
		} else {
			result, errno = rawSyscall(c.nr, first, c.args[1], c.args[2], c.args[3], c.args[4], c.args[5])
		}
		if c.to != nil {
			*c.to = result
		}
		if c.kind == writesPID {
			writeDecimal(unsafe.Pointer(p.pidText), result)
		}
		checked := c.kind == wantsResult || c.kind == wantsParent && result != 0
		if checked && errno == 0 && result != c.want {
			errno = uintptr(unix.ESRCH)
		}
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
		exit(p)
	}
	if p.obstacle == 0 {
		p.failed, p.obstacle = len(calls)-1, unix.ENOENT // The file is nowhere.
	}
	p.errno = p.obstacle
	exit(p)
}

// exitCode is the exit code of a child that could not execute. Only program.reap sees it, and drops
// it.
const exitCode = 253

//go:nosplit
//go:norace
func exit(p *program) {
	for {
		rawSyscall(p.exitCall, exitCode, 0, 0, 0, 0, 0)
	}
}

// isAbsent reports whether an execve(2) failed because the file is missing. Then execvp(3) of the
// GNU C library looks in the next directory.
//
//go:nosplit
//go:norace
func isAbsent(errno uintptr) bool {
	e := syscall.Errno(errno)
	return e == unix.ENOENT || e == unix.ENOTDIR || e == unix.ESTALE || e == unix.ENODEV || e == unix.ETIMEDOUT
}

// isObstacle reports whether an execve(2) failed for a reason that need not hold for a file in
// another directory. If no file can be executed, the first such reason is reported.
//
//go:nosplit
//go:norace
func isObstacle(errno uintptr) bool {
	e := syscall.Errno(errno)
	return e == unix.EACCES || e == unix.ELOOP || e == unix.ENAMETOOLONG
}

// The layout of the records that getdents64(2) writes.
const (
	direntLength = 16 // offset of the record's length, 16 bits
	direntName   = 19 // offset of the name, which ends with a NUL byte
)

// closeFrom closes every descriptor from first on, for kernels without close_range(2): the ones
// that /proc lists or, where there is no /proc, all numbers below limit.
//
//go:nosplit
//go:norace
//go:nocheckptr
func closeFrom(p *program, first, limit uintptr) (errno uintptr) {
	cwd := unix.AT_FDCWD
	dir, errno := rawSyscall(unix.SYS_OPENAT, uintptr(cwd), uintptr(unsafe.Pointer(&procSelfFD)),
		unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		for fd := first; fd < limit; fd++ {
			rawSyscall(unix.SYS_CLOSE, fd, 0, 0, 0, 0, 0)
		}
		return 0
	}
	for {
		n, errno := rawSyscall(unix.SYS_GETDENTS64, dir, uintptr(unsafe.Pointer(&p.dirents)), unsafe.Sizeof(p.dirents), 0, 0, 0)
		if errno != 0 || n == 0 {
			rawSyscall(unix.SYS_CLOSE, dir, 0, 0, 0, 0, 0)
			return errno
		}
		for at := uintptr(0); at < n; {
			record := unsafe.Add(unsafe.Pointer(&p.dirents), at)
			fd := decimal(unsafe.Add(record, direntName))
			if fd >= first && fd != dir {
				rawSyscall(unix.SYS_CLOSE, fd, 0, 0, 0, 0, 0)
			}
			at += uintptr(*(*uint16)(unsafe.Add(record, direntLength)))
		}
	}
}

var procSelfFD = [...]byte{'/', 'p', 'r', 'o', 'c', '/', 's', 'e', 'l', 'f', '/', 'f', 'd', 0}

// writeDecimal writes n in decimal to memory that has enough room and is zero.
//
//go:nosplit
//go:norace
//go:nocheckptr
func writeDecimal(to unsafe.Pointer, n uintptr) {
	last := uintptr(0)
	for rest := n; rest >= 10; rest /= 10 {
		last++
	}
	for ; ; last-- {
		*(*byte)(unsafe.Add(to, last)) = byte('0' + n%10)
		n /= 10
		if last == 0 {
			return
		}
	}
}

// decimal reads a decimal number, 0 if text does not begin with a digit.
//
//go:nosplit
//go:norace
//go:nocheckptr
func decimal(text unsafe.Pointer) (n uintptr) {
	for ; *(*byte)(text) >= '0' && *(*byte)(text) <= '9'; text = unsafe.Add(text, 1) {
		n = n*10 + uintptr(*(*byte)(text)-'0')
	}
	return n
}
