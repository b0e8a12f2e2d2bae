//go:build amd64 || arm64

package process

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file keeps a new process on the processor that it is forked on. The kernel puts it on an idle one, which has to be
// woken up for that, while this one becomes idle: the thread that forks waits until its child has executed. Where
// processors are woken slowly, as those of a virtual machine are, this takes a fifth of the time of a small child.
//
// Nothing else can tell the kernel than the affinity of the thread (sched_setaffinity(2)), which the child inherits: it is
// this processor alone while the clone is made. The child's first calls give it back, to the thread that waits and to
// itself. So the kernel is free again to move both before the child does anything that takes time.
//
// It is done only where the affinity of the thread is every processor that is online: neither a user nor a cpuset has
// restricted it. Then "all" can be asked for in its place afterwards, and it goes on following the cpuset and what is put
// online. Whoever changes the affinity of this very thread in between, from outside and for as long as a clone takes, is
// overridden. It is not done while others start processes, whose threads have use for the other processors.

// A cpuMask is a set of processors, as sched_setaffinity(2) has it. A kernel that may have more refuses it.
type cpuMask [maxCPUs / 64]uint64

const maxCPUs = 1024

// A placement is what fork needs to keep a process on its processor.
type placement struct {
	wanted   bool
	narrowed bool // the thread had that processor alone when it was cloned

	cpu      uint32
	thread   uintptr // its number
	before   cpuMask
	one      cpuMask
	everyone cpuMask // as allOnline
	all      cpuMask
}

// want says whether the next fork is to keep its child on its processor.
func (p *placement) want(spec *Spec) {
	p.wanted = spec.Settings == nil && onlyStart() && allOnline() != cpuMask{}
	if p.wanted && p.all[0] == 0 {
		p.everyone = allOnline()
		for i := range p.all {
			p.all[i] = ^uint64(0)
		}
	}
}

// allOnline returns the processors that are online, nothing if that is not known or there is one only. It is asked once: if
// that changes, no thread has this affinity any more.
var allOnline = sync.OnceValue(func() (mask cpuMask) {
	text, err := os.ReadFile("/sys/devices/system/cpu/online") // "0", "0-3", "0,2-5"
	if err != nil {
		return cpuMask{}
	}
	n := 0
	for part := range strings.SplitSeq(strings.TrimSpace(string(text)), ",") {
		low, high, isRange := strings.Cut(part, "-")
		first, err := strconv.Atoi(low)
		last := first
		if err == nil && isRange {
			last, err = strconv.Atoi(high)
		}
		if err != nil || first < 0 || last >= maxCPUs {
			return cpuMask{}
		}
		for cpu := first; cpu <= last; cpu++ {
			mask[cpu/64] |= 1 << (cpu % 64)
			n++
		}
	}
	if n < 2 {
		return cpuMask{}
	}
	return mask
})

// addPlacement has the child undo narrow, first of all.
func (p *program) addPlacement() {
	if !p.place.wanted {
		return
	}
	size, all := unsafe.Sizeof(p.place.all), uintptr(unsafe.Pointer(&p.place.all))
	p.add(StepFork, ifNarrowed, unix.SYS_SCHED_SETAFFINITY, 0, size, all)
	p.last().from = &p.place.thread
	p.add(StepFork, ifNarrowed, unix.SYS_SCHED_SETAFFINITY, 0, size, all)
}

// narrow is called by the thread that is about to clone. Between it and widen no Go code runs on the thread: it could start
// another one, which would keep the affinity. A refusal leaves everything as it is.
//
//go:nosplit
//go:norace
func (p *placement) narrow() {
	p.narrowed = false
	if !p.wanted {
		return
	}
	_, errno := rawSyscall(unix.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(p.before), uintptr(unsafe.Pointer(&p.before)), 0, 0, 0)
	if errno != 0 || !p.before.is(&p.everyone) {
		return
	}
	_, errno = rawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&p.cpu)), 0, 0, 0, 0, 0)
	if errno != 0 || p.cpu >= maxCPUs {
		return
	}
	for i := range p.one {
		p.one[i] = 0
	}
	p.one[p.cpu/64%uint32(len(p.one))] = 1 << (p.cpu % 64)
	p.thread, _ = rawSyscall(unix.SYS_GETTID, 0, 0, 0, 0, 0, 0)
	_, errno = rawSyscall(unix.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(p.one), uintptr(unsafe.Pointer(&p.one)), 0, 0, 0)
	p.narrowed = errno == 0
}

// widen undoes narrow where no child has: there is none, or it was refused. If the affinity is another one by now, somebody
// has meant it.
//
//go:nosplit
//go:norace
func (p *placement) widen() {
	if !p.narrowed {
		return
	}
	_, errno := rawSyscall(unix.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(p.before), uintptr(unsafe.Pointer(&p.before)), 0, 0, 0)
	if errno == 0 && p.before.is(&p.one) {
		rawSyscall(unix.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(p.all), uintptr(unsafe.Pointer(&p.all)), 0, 0, 0)
	}
}

//go:nosplit
//go:norace
func (m *cpuMask) is(other *cpuMask) bool {
	for i := range m {
		if m[i] != other[i] {
			return false
		}
	}
	return true
}
