//go:build amd64 || arm64

package process

import (
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// sigsetSize is the size of the kernel's signal set, in bytes.
const sigsetSize = 8

// A call is one system call of the child. Its arguments point to memory of its program.
type call struct {
	nr   uintptr
	args [6]uintptr
	kind callKind
	step Step // reported if the call fails
	item int  // for an execve(2) the index in Spec.Files, for a prlimit(2) in Settings.Rlimits

	// The child stores the result in *to and takes the first argument from *from; nil: neither. So
	// a descriptor that the child opens gets to the calls that use it.
	to, from *uintptr
	want     uintptr // expected result, for wantsResult and wantsParent
}

// A callKind says what the child does after a call.
type callKind uint8

const (
	mustWork callKind = iota // if it fails, the start has failed
	mayFail                  // a failure is ignored
	tryNext                  // an execve(2): if it fails, the next one is tried, see Spec.Files
	// No system call but closeFrom, with the first two arguments. If it fails, the start has
	// failed.
	closeRest
	writesPID   // the result is written to program.pidText
	wantsResult // as mustWork, and a result other than call.want is a failure, too
	// As wantsResult, but 0 is no failure: getppid(2) returns it for a parent in another PID
	// namespace.
	wantsParent
)

// A program is the list of calls that a child makes, and the memory for them. A Starter builds one
// for each start, in the same memory. The parent writes it before the clone; while the child runs,
// the thread that forks waits, and only the child and the mapper use it.
type program struct {
	clone struct {
		nr   uintptr
		args [3]uintptr
	}
	cloneArgs cloneArgs
	cgroup    int          // directory for intoCgroup, borrowed from equipment
	pidfd     int32        // the kernel writes it; -1: there is none
	pid       atomic.Int32 // of the child, for maps; the kernel writes it before the child runs
	maps      *mapper      // borrowed from equipment; nil: none
	mask      uint64       // signal mask of the forking thread, during the clone
	exitCall  uintptr      // number of the call by which a child ends that could not execute
	ruleset   int          // number of the landlock ruleset in the child; Closed: none
	calls     []call

	// The child writes these.
	failed   int           // index of the call that failed; valid if errno is not 0
	errno    syscall.Errno // reason; 0: no call has failed
	obstacle syscall.Errno // failure of the first file that exists, see tryNext; 0: none
	dirents  [2048]byte    // memory of closeFrom
	opened   uintptr       // a descriptor that the child has opened, see call.to
	group    uintptr       // the child's process group
	gate     [1]byte       // see addGate

	// The calls point to these.
	text       []byte      // strings, each with a NUL byte at its end; must not move
	argv, envp []*byte     // into text, with a nil at the end
	groups     []uint32    // supplementary groups
	pidText    *byte       // room in text for the value of Spec.PIDVariable
	nofile     unix.Rlimit // the child's limit, see inheritedNofile
	// limit is this process's RLIMIT_NOFILE, raised the child's while it closes descriptors.
	limit, raised unix.Rlimit
	sources       []int // memory of moveSources
	// numbers that moveSources may use, borrowed from equipment; nil: any unused one
	free      []int
	rlimits   []unix.Rlimit
	cpus      []uint64 // a bit mask
	caps      [2]unix.CapUserData
	capHeader unix.CapUserHeader
	filter    []unix.SockFilter
	fprog     unix.SockFprog

	defaultAction [32]byte // a struct sigaction that says SIG_DFL

	// Only Replace uses these.
	undo       []call         // calls that put back what belongs to the process
	oldActions [][4]uintptr   // actions of ignored signals before, for undo
	oldLimits  []*unix.Rlimit // limits before, for undo
	oldProfile unix.Itimerval // profiling timer before, for undo
}

// cloneArgs is struct clone_args of clone3(2), as of Linux 5.7. Older kernels accept it if the
// fields that they do not know are zero.
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64
}

// largeText bounds the memory for strings that is kept from one start to the next, in bytes.
const largeText = 64 << 10
