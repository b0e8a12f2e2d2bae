package childprocess

import (
	"errors"
	"fmt"
	"math"
	"syscall"
	"time"

	"github.com/brood-go/brood/internal/process"
)

// A Usage has the resources that a child has used. A field that is not known is 0.
type Usage struct {
	User, System time.Duration // CPU time

	// PeakMemory is the most resident memory that the child has had, in bytes. While the child runs
	// it is exact. After the exit it is the system's number if that is more than this program had
	// ever had when it started the child. A smaller number can be this program's own, because
	// before execve(2) a child shares the memory of its parent and the system counts it; then
	// PeakMemory is the number of the last call of ChildProcess.Usage. Give a small and short child
	// a cgroup to know its peak, see CgroupPeak.
	PeakMemory int64

	// CgroupPeak is the most memory, in bytes, that the cgroup of the child has had since the child
	// was started: that of all processes in it together, with their files in the page cache and
	// with kernel memory (memory.peak, Linux 5.19). It is known if the cgroup is the child's own,
	// see [ChildProcess.KillTree], has the memory controller, and had less before.
	CgroupPeak int64

	MinorFaults, MajorFaults               int64
	ReadBytes, WrittenBytes                int64         // from and to storage, in bytes
	VoluntarySwitches, InvoluntarySwitches int64         // context switches
	Elapsed                                time.Duration // since the start; up to the exit
}

// Usage returns the resources that the child has used up to now: those of all its threads, and not
// those of its own children. After the exit it returns ExitStatus.Usage, which includes the
// children that the child has waited for. Before the start, and for a child that was not started,
// all fields are 0.
//
// While the child runs the error wraps errors.ErrUnsupported on all systems but Linux, and is that
// of reading /proc if that is hidden. It is [reactor.ErrClosed] if the loop was closed while the
// child ran.
//
// Sources: proc_pid_stat(5), proc_pid_status(5), proc_pid_io(5).
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

// usageOf returns the usage of a child that was reaped. sampled is the largest peak memory that
// Usage has seen, in bytes; a Maxrss of up to foreign, in the unit of Maxrss, may not be the
// child's.
func usageOf(r *syscall.Rusage, sampled, foreign int64, elapsed time.Duration) Usage {
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
	if int64(r.Maxrss) > foreign {
		u.PeakMemory = max(sampled, int64(r.Maxrss)*maxrssUnit)
	}
	return u
}

// foreignMaxrss returns the largest Maxrss of c, in its unit, that may be this program's memory and
// not the child's. startMaxrss is an upper bound, but can be far too high: the Maxrss of a program
// that a large one has started, as the go command starts a test, is the peak of that one. So the
// true peak of this program, which has only grown since the start, is read if it can matter.
func (all *children) foreignMaxrss(c *ChildProcess, r *syscall.Rusage) int64 {
	if r == nil || int64(r.Maxrss) > c.startMaxrss {
		return c.startMaxrss
	}
	if int64(r.Maxrss)*maxrssUnit > all.ownPeak {
		if peak := process.OwnPeak(); peak > 0 {
			// The kernel counts pages per CPU, so the number is not exact: round up.
			all.ownPeak = peak + peak/32 + 1<<20
		}
	}
	if all.ownPeak == 0 {
		return c.startMaxrss
	}
	return min(c.startMaxrss, all.ownPeak/maxrssUnit)
}

// ownMaxrss returns the peak memory of this program up to now, in the unit of Maxrss. It can be
// that of the program which has started this one, see foreignMaxrss. If it is not known, it is the
// largest number, so that no Maxrss counts as a child's.
func ownMaxrss() int64 {
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) != nil {
		return math.MaxInt64
	}
	return int64(own.Maxrss)
}
