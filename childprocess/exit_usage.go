package childprocess

import (
	"errors"
	"fmt"
	"math"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/process"
)

// A Usage is what a child has used. Of what is not known there is 0.
type Usage struct {
	User, System time.Duration // of CPU

	// PeakMemory is the most resident memory that the child has had, in bytes. While the child runs
	// it is exact. Of a child that has ended it is what the system says where that can only be the
	// child's own, because it is more than this program had ever had when the child executed
	// (before execve(2) a child shares the memory of its parent, and the system counts that, too),
	// and else what the last call of ChildProcess.Usage has seen. A process that has ended has no
	// memory to be asked for: who wants to know it of a small and short child gives it a cgroup.
	PeakMemory int64

	// CgroupPeak is the most memory, in bytes, that the cgroup of the child has had since the child
	// was started: of all processes in it together, with their files in the page cache and with
	// kernel memory (memory.peak, Linux 5.19). It is known where the cgroup is the child's own, see
	// [ChildProcess.KillTree], has the memory controller, and has had less before.
	CgroupPeak int64

	MinorFaults, MajorFaults               int64
	ReadBytes, WrittenBytes                int64 // from and to storage, in bytes
	VoluntarySwitches, InvoluntarySwitches int64 // of context
	Elapsed                                time.Duration
}

// Usage returns what the child has used up to now, with all its threads and without its own
// children. After exit it is what ExitStatus.Usage has, which is with the children that the child
// has waited for.
//
// It returns an error that wraps errors.ErrUnsupported while the child runs, on systems that do not
// tell it (all but Linux), the error of reading /proc where that is hidden, and [reactor.ErrClosed]
// for a child whose loop was closed while it ran. Before the start, and for a child that was not
// started, all of it is 0.
func (c *ChildProcess) Usage() (Usage, error) {
	switch {
	case c.survivor != nil:
		return Usage{}, c.waitErr
	case c.state != childRunning:
		return c.status.Usage, nil
	}
	u, err := c.process.Usage()
	switch {
	case errors.Is(err, syscall.ENOSYS):
		return Usage{}, fmt.Errorf("childprocess: usage of a running child on this system: %w", errors.ErrUnsupported)
	case err != nil:
		return Usage{}, err
	}
	c.sampledPeak = max(c.sampledPeak, u.Peak)
	return Usage{
		User: u.User, System: u.System, PeakMemory: c.sampledPeak, CgroupPeak: c.process.CgroupPeak(),
		MinorFaults: u.MinorFaults, MajorFaults: u.MajorFaults,
		ReadBytes: u.ReadBytes, WrittenBytes: u.WrittenBytes,
		VoluntarySwitches: u.Voluntary, InvoluntarySwitches: u.Involuntary,
		Elapsed: time.Since(c.startedAt),
	}, nil
}

// storageBlock is the unit of Inblock and Oublock (getrusage(2)), in bytes.
const storageBlock = 512

// usageOf is the usage of a child that has ended. sampled is the largest peak of its memory that
// was seen, and shared the largest that the system may count without its being the child's, in the
// unit of Maxrss.
func usageOf(r *syscall.Rusage, sampled, shared int64, elapsed time.Duration) Usage {
	if r == nil {
		return Usage{PeakMemory: sampled, Elapsed: elapsed}
	}
	u := Usage{
		User: time.Duration(r.Utime.Nano()), System: time.Duration(r.Stime.Nano()), PeakMemory: sampled,
		MinorFaults: int64(r.Minflt), MajorFaults: int64(r.Majflt),
		ReadBytes: int64(r.Inblock) * storageBlock, WrittenBytes: int64(r.Oublock) * storageBlock,
		VoluntarySwitches: int64(r.Nvcsw), InvoluntarySwitches: int64(r.Nivcsw),
		Elapsed: elapsed,
	}
	if int64(r.Maxrss) > shared { // In the same unit.
		u.PeakMemory = max(sampled, int64(r.Maxrss)*maxrssUnit)
	}
	return u
}

// foreignMaxrss returns the most that the system may count as the memory of a child that has ended
// without its being the child's, in the unit of Maxrss. What getrusage(2) has said at the start can
// be far more than that: of a program that was itself started by a large one, such as a test by the
// go command, it says the peak of that one. The memory of this program is looked at only when it
// matters, and its peak has only grown since the start.
func (all *children) foreignMaxrss(c *ChildProcess, r *syscall.Rusage) int64 {
	if r == nil || int64(r.Maxrss) > c.startMaxrss {
		return c.startMaxrss
	}
	if int64(r.Maxrss)*maxrssUnit > all.ownPeak {
		if peak := process.OwnPeak(); peak > 0 {
			// The kernel counts pages by CPU, and is not exact.
			all.ownPeak = peak + peak/32 + 1<<20
		}
	}
	if all.ownPeak == 0 {
		return c.startMaxrss
	}
	return min(c.startMaxrss, all.ownPeak/maxrssUnit)
}

// ownMaxrss returns the most resident memory that this program has had up to now, in the unit of
// Maxrss.
func ownMaxrss() int64 {
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) != nil {
		return math.MaxInt64
	}
	return int64(own.Maxrss)
}
