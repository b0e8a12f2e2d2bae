//go:build amd64 || arm64

package process

import (
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// sigsetSize is the size of the kernel's signal set, in bytes.
const sigsetSize = 8

// A call is one system call of the child. Its arguments point to memory of the program that it is
// part of.
type call struct {
	nr   uintptr
	args [6]uintptr
	kind callKind
	step Step
	item int // the index in Spec.Files of an execve(2), in Settings.Rlimits of a prlimit(2)

	// to is where the result goes, from where the first argument comes from; nil for nowhere. So a
	// descriptor that the child opens gets to the calls that use it.
	to, from *uintptr
	want     uintptr // of wantsResult and wantsParent
}

// A callKind says what follows when a call fails.
type callKind uint8

const (
	mustWork callKind = iota // the start has failed
	mayFail                  // nothing
	tryNext                  // an execve(2) with others behind it, see Spec.Files
	// as mustWork; it is no system call but closeFrom, with the first two arguments
	closeRest
	writesPID   // the result is written to program.pidText
	wantsResult // the start has failed, also when the result is not call.want
	// the same, but the result may be 0, which getppid(2) says of one in another PID namespace
	wantsParent
)

// A program is what a child does before it executes a file, and the memory for that. Starter builds
// one for each start, in the same memory.
type program struct {
	clone struct {
		nr   uintptr
		args [3]uintptr
	}
	cloneArgs cloneArgs
	cgroup    int // the directory for intoCgroup
	pidfd     int32
	pid       atomic.Int32 // of the child, for maps; the kernel writes it before the child runs
	maps      *mapper      // nil: none
	mask      uint64       // of the forking thread, meanwhile
	exitCall  uintptr      // by which a child ends that could not execute
	ruleset   int          // the child's descriptor of that
	calls     []call

	// The child writes these.
	failed   int           // index of the call that failed; valid if errno is not 0
	errno    syscall.Errno // why
	obstacle syscall.Errno // why the first file that was there could not be executed, see tryNext
	dirents  [2048]byte    // see closeFrom
	opened   uintptr       // a descriptor of its own, see call.to
	group    uintptr       // its process group
	gate     [1]byte       // see addGate

	// What calls point to.
	text       []byte // strings, each with a NUL byte at its end
	argv, envp []*byte
	groups     []uint32
	pidText    *byte       // room in text for the value of Spec.PIDVariable
	nofile     unix.Rlimit // what the child gets, see inheritedNofile
	// what this process has, and what the child has while it closes descriptors
	limit, raised unix.Rlimit
	sources       []int
	free          []int // numbers for moveSources that nobody uses; nil: see there
	rlimits       []unix.Rlimit
	cpus          []uint64 // a mask
	caps          [2]unix.CapUserData
	capHeader     unix.CapUserHeader
	filter        []unix.SockFilter
	fprog         unix.SockFprog

	defaultAction [32]byte // a struct sigaction that says SIG_DFL

	// Of Replace:
	undo    []call
	oldActions [][4]uintptr   // of ignored signals, before
	oldLimits  []*unix.Rlimit // before
	oldProfile unix.Itimerval // before
}

// cloneArgs is struct clone_args of clone3(2), as of Linux 5.7. Older kernels take it when the end
// is zero.
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64
}

// largeText is how much memory for strings is kept from one start to the next, in bytes.
const largeText = 64 << 10
