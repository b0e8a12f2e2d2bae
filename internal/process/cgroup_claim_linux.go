package process

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// A claim is a child's claim to the cgroup that it was started in. The cgroup is the child's own if
// it was empty before, and as long as this program starts no other child there: then every process
// in it descends from the child.
//
// It keeps the path, and no descriptor for each child. The cgroup's number identifies the cgroup,
// because the kernel gives it to no other one: so a cgroup that was removed, or made again under
// the same name, is not mistaken for it.
//
// All methods are safe to call from any goroutine, also for nil.
type claim struct {
	path     string // absolute
	tenancy  *tenancy
	released bool  // guarded by cgroups.mu
	before   int64 // memory.peak at the start of the child, in bytes; -1: unknown
	peak     int64 // memory.peak of the child's time, in bytes; valid once released is set
}

type cgroupID struct{ dev, ino uint64 }

// A tenancy is a time in which children of this program use a cgroup. cgroups.mu guards its fields.
type tenancy struct {
	id     cgroupID
	claims int  // claims that are still reachable, released ones included
	living int  // claims that were not released
	over   bool // the cgroup is no child's own any more; never false again
}

// cgroups belong to the program, because a child of another loop counts like one of the same loop.
var cgroups = struct {
	mu sync.Mutex
	// the latest tenancy of each cgroup, as long as one of its claims is reachable
	last map[cgroupID]*tenancy

	// killed are cgroups to which cgroup.kill was written. Since Linux 6.14 the kernel kills a
	// child that is later cloned into one of them at birth, unless the cloning process was in it
	// then, too. The oldest are forgotten.
	killed     [64]cgroupID
	nextKilled int
}{last: map[cgroupID]*tenancy{}}

// newClaim must be called before a child is started in the cgroup dir. It returns nil if the cgroup
// cannot be opened: the start itself reports that.
func newClaim(dir string) *claim {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
	n, id, err := openCgroupAt(path)
	if err != nil {
		return nil
	}
	defer fd.Close(n)
	c := &claim{path: path, before: memoryPeak(n)}
	cgroups.mu.Lock()
	defer cgroups.mu.Unlock()
	t := cgroups.last[id]
	switch empty := cgroupEmpty(n); {
	case t == nil || t.living == 0 && empty:
		if t != nil {
			t.over = true // No process of it is left: those that come are others'.
		}
		t = &tenancy{id: id, over: !empty}
		cgroups.last[id] = t
	default:
		t.over = true
	}
	t.claims++
	t.living++
	c.tenancy = t
	runtime.AddCleanup(c, (*tenancy).unclaim, t)
	return c
}

// unclaim is the cleanup of a claim that has become unreachable.
func (t *tenancy) unclaim() {
	cgroups.mu.Lock()
	defer cgroups.mu.Unlock()
	t.claims--
	if t.claims == 0 && t.living == 0 && cgroups.last[t.id] == t {
		delete(cgroups.last, t.id)
	}
}

// release must be called once the child was waited for, or was not started. If the cgroup is empty
// then, it is no child's own any more, because processes that come later do not descend from the
// child.
func (c *claim) release() {
	if c == nil {
		return
	}
	dir, open := c.open()
	if open {
		defer fd.Close(dir)
	}
	cgroups.mu.Lock()
	defer cgroups.mu.Unlock()
	if c.released {
		return
	}
	c.released = true
	c.tenancy.living--
	if open && !c.tenancy.over {
		c.peak = c.peakNow(dir)
	}
	if open && c.tenancy.living == 0 && cgroupEmpty(dir) {
		c.tenancy.over = true
		if cgroups.last[c.tenancy.id] == c.tenancy {
			delete(cgroups.last, c.tenancy.id)
		}
	}
}

// open opens the directory, if the cgroup is the child's own. The caller must close dir.
func (c *claim) open() (dir int, own bool) {
	if c == nil || c.isOver() {
		return -1, false
	}
	dir, id, err := openCgroupAt(c.path)
	if err != nil {
		return -1, false
	}
	if id != c.tenancy.id {
		fd.Close(dir)
		return -1, false
	}
	return dir, true
}

// owns reports whether the cgroup is the child's own.
func (c *claim) owns() bool {
	dir, own := c.open()
	if own {
		fd.Close(dir)
	}
	return own
}

// pids returns the processes in the cgroup, none if it is not the child's own.
func (c *claim) pids() []int {
	dir, own := c.open()
	if !own {
		return nil
	}
	defer fd.Close(dir)
	pids, _ := cgroupPIDs(dir)
	return pids
}

// hides reports whether a process in the cgroup dir is invisible to this program, or may be.
func (c *claim) hides(dir int) bool {
	_, hidden := cgroupPIDs(dir)
	return hidden
}

// kill makes the kernel kill every process in the cgroup dir (Linux 5.14), also those that this
// program may not signal. It returns EBUSY if this program is one of them.
func (c *claim) kill(dir int) error {
	pids, _ := cgroupPIDs(dir)
	if slices.Contains(pids, os.Getpid()) {
		return unix.EBUSY
	}
	if err := writeIn(dir, "cgroup.kill", "1"); err != nil {
		return err
	}
	noteKilled(c.tenancy.id)
	return nil
}

func (c *claim) isOver() bool {
	cgroups.mu.Lock()
	defer cgroups.mu.Unlock()
	return c.tenancy.over
}

// memory returns the most memory that the cgroup has had in the time of the child, in bytes, 0 if
// that is unknown.
func (c *claim) memory() int64 {
	if c == nil {
		return 0
	}
	if peak, released := c.lastPeak(); released {
		return peak
	}
	dir, own := c.open()
	if !own {
		return 0
	}
	defer fd.Close(dir)
	return c.peakNow(dir)
}

func (c *claim) lastPeak() (peak int64, released bool) {
	cgroups.mu.Lock()
	defer cgroups.mu.Unlock()
	return c.peak, c.released
}

// peakNow reads memory.peak. The kernel counts from the creation of the cgroup: a value that has
// not grown since the start of the child may be another child's.
func (c *claim) peakNow(dir int) int64 {
	if now := memoryPeak(dir); c.before >= 0 && now > c.before {
		return now
	}
	return 0
}

// noteKilled remembers that a cgroup kills processes that are cloned into it.
func noteKilled(id cgroupID) {
	cgroups.mu.Lock()
	defer cgroups.mu.Unlock()
	cgroups.killed[cgroups.nextKilled] = id
	cgroups.nextKilled = (cgroups.nextKilled + 1) % len(cgroups.killed)
}

// cgroupKills reports whether the cgroup may kill processes that are cloned into it.
func cgroupKills(dir int) bool {
	var st unix.Stat_t
	if unix.Fstat(dir, &st) != nil {
		return false
	}
	cgroups.mu.Lock()
	defer cgroups.mu.Unlock()
	for _, id := range cgroups.killed {
		if id == (cgroupID{uint64(st.Dev), st.Ino}) {
			return true
		}
	}
	return false
}

// openCgroupAt opens the directory and returns the cgroup's identity. The caller must close n.
func openCgroupAt(path string) (n int, id cgroupID, err error) {
	n, err = fd.Private(unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0))
	if err != nil {
		return -1, id, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(n, &st); err != nil {
		fd.Close(n)
		return -1, id, err
	}
	return n, cgroupID{uint64(st.Dev), st.Ino}, nil
}
