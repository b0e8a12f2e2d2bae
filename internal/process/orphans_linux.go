package process

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// Orphans is the program's right to adopt orphans: processes whose parent has ended, and which the
// kernel gives to this program, because it is process 1 or a subreaper
// (PR_SET_CHILD_SUBREAPER(2const)). An ended child counts as an orphan if
//
//   - this package has not started it. While a start is underway that may have started it, the
//     decision waits; tickets tell, see startedHere;
//   - no pidfd of it is open in this program. Package os holds a pidfd of every child that it
//     starts, from the clone until it has taken the status, where it uses pidfds at all: see
//     osHasPidfds;
//   - it is a child of the main thread, to which the kernel gives orphans. /proc lists the children
//     that another thread has forked under that thread. Without CONFIG_PROC_CHILDREN this is
//     unknown.
//
// So a process that syscall.ForkExec or C code has forked on the main thread, or on a thread that
// has ended, looks like an orphan.
//
// Each question is asked while a pidfd of the child is open, so all are about one process and not
// about two with the same number. The pidfd also takes the status.
//
// Methods must not be called on two goroutines at once.
type Orphans struct {
	former  bool      // this program was a subreaper, or process 1, before
	todo    []int     // children that Reap has still to look at
	pending []suspect // ended children that are not yet decided
	// left says that ended children were passed over because they belong, or may belong, to others.
	left bool
}

// A suspect is an ended child that may be an orphan.
type suspect struct {
	pid, pidfd int    // pidfd is owned
	seen       ticket // the latest start when pidfd was opened
}

const (
	// looksPerReap bounds how many children one Reap looks at, with one system call each.
	// suspectsPerReap bounds for how many of them it opens a pidfd.
	looksPerReap    = 512
	suspectsPerReap = 64
)

// adopting is true while an Orphans is not released. It belongs to the program, because the
// attribute does.
var adopting atomic.Bool

// AdoptOrphans makes this program a subreaper, unless it is process 1. The error is EBUSY while
// another Orphans is not released, and ENOTSUP where orphans cannot be told from children of
// package os. The caller must Release the Orphans.
//
// Safe to call from any goroutine.
func AdoptOrphans() (*Orphans, error) {
	if !osHasPidfds() || !seesItself() {
		return nil, unix.ENOTSUP
	}
	if !adopting.CompareAndSwap(false, true) {
		return nil, unix.EBUSY
	}
	o := &Orphans{}
	if os.Getpid() == 1 {
		o.former = true
		return o, nil
	}
	former, err := subreaper()
	if err == nil && !former {
		err = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	}
	if err != nil {
		adopting.Store(false)
		return nil, err
	}
	o.former = former
	return o, nil
}

// Release restores the attribute. Children that were adopted stay children.
func (o *Orphans) Release() {
	for _, s := range o.pending {
		fd.Close(s.pidfd)
	}
	o.pending, o.todo = nil, nil
	if !o.former {
		// It cannot fail with these arguments.
		_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	}
	adopting.Store(false)
}

// osHasPidfds reports whether package os holds a pidfd of each of its children.
func osHasPidfds() bool {
	p, err := os.FindProcess(os.Getpid())
	if err != nil {
		return false
	}
	defer func() { _ = p.Release() }() // It cannot fail.
	return p.WithHandle(func(uintptr) {}) == nil
}

// seesItself reports whether /proc shows the numbers of this program's PID namespace. In a new
// namespace /proc must be mounted again.
func seesItself() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
}

// Reap waits for some of the orphans that have ended, and calls tell for each. With again there are
// more children to look at.
func (o *Orphans) Reap(tell func(Orphan)) (again bool) {
	if len(o.todo) == 0 {
		o.left = false
		if pid, _, _, err := waitid(unix.P_ALL, 0, unix.WEXITED|unix.WNOWAIT, nil); err != nil || pid == 0 {
			o.dropPending()
			return false
		}
		o.todo = adoptable()
	}
	o.pick()
	o.decide(tell)
	// A slow start holds all suspects up: begin anew next time.
	if len(o.pending) == suspectsPerReap {
		o.todo = nil
	}
	return len(o.todo) > 0
}

// Left reports whether there are ended children that others have not waited for and may never wait
// for. No signal reports such a change, so the caller must Reap again later.
func (o *Orphans) Left() bool { return o.left || len(o.pending) > 0 }

// dropPending gives up all suspects, because no child is ended any more: others have waited for
// them.
func (o *Orphans) dropPending() {
	for _, s := range o.pending {
		fd.Close(s.pidfd)
	}
	o.pending = o.pending[:0]
}

// pick makes suspects of some of the children in todo that have ended.
func (o *Orphans) pick() {
	looks := 0
	for ; len(o.todo) > 0 && looks < looksPerReap && len(o.pending) < suspectsPerReap; looks++ {
		pid := o.todo[0]
		o.todo = o.todo[1:]
		if is, _ := startedHere(pid, 0); is || o.suspects(pid) {
			continue
		}
		if ended, _, _, err := waitid(unix.P_PID, pid, unix.WEXITED|unix.WNOWAIT, nil); err != nil || ended == 0 {
			continue
		}
		pidfd, err := fd.Private(unix.PidfdOpen(pid, 0))
		if err != nil {
			o.left = true // EMFILE: a later Reap may succeed. Or it was waited for.
			continue
		}
		o.pending = append(o.pending, suspect{pid, pidfd, lastTicket()})
	}
}

func (o *Orphans) suspects(pid int) bool {
	return slices.ContainsFunc(o.pending, func(s suspect) bool { return s.pid == pid })
}

// decide waits for the suspects that are orphans, and drops those that are not.
func (o *Orphans) decide(tell func(Orphan)) {
	if len(o.pending) == 0 {
		return
	}
	// The list in pick is older than the pidfds: a number may have belonged to another process
	// then.
	adopted := adoptable()
	others, known := o.pidfdsOfOthers()
	undecided := o.pending[:0]
	var ended []Orphan
	for _, s := range o.pending {
		is, decided := startedHere(s.pid, s.seen)
		if !decided {
			undecided = append(undecided, s)
			continue
		}
		switch {
		case is:
		case !known || others[s.pid] || !slices.Contains(adopted, s.pid):
			o.left = true
		default:
			var usage syscall.Rusage
			pid, code, value, err := waitid(unix.P_PIDFD, s.pidfd, unix.WEXITED, &usage)
			if err == nil && pid != 0 {
				ended = append(ended, Orphan{s.pid, changeOf(code, value, &usage)})
			}
		}
		fd.Close(s.pidfd)
	}
	o.pending = undecided
	for _, orphan := range ended {
		tell(orphan)
	}
}

// adoptable returns the children of the main thread: adopted ones, and those that it has forked.
func adoptable() []int {
	self := os.Getpid()
	text, err := os.ReadFile("/proc/self/task/" + strconv.Itoa(self) + "/children")
	if err != nil {
		return childrenByParent(self)
	}
	var pids []int
	for word := range bytes.FieldsSeq(text) {
		if pid, err := strconv.Atoi(string(word)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// pidfdsOfOthers returns the processes of which other code of this program has a pidfd. It looks at
// all descriptors.
func (o *Orphans) pidfdsOfOthers() (pids map[int]bool, known bool) {
	const dir = "/proc/thread-self/fd"
	names, err := readNames(dir)
	if err != nil {
		return nil, false
	}
	pids = map[int]bool{}
	for _, name := range names {
		target, err := os.Readlink(dir + "/" + name)
		// "anon_inode:[pidfd]", since Linux 6.9 "pidfd:[123]".
		if err != nil || !strings.Contains(target, "pidfd") {
			continue
		}
		n, err := strconv.Atoi(name)
		if err != nil || slices.ContainsFunc(o.pending, func(s suspect) bool { return s.pidfd == n }) {
			continue
		}
		text, err := os.ReadFile(dir + "info/" + name)
		if err != nil && !os.IsNotExist(err) {
			return nil, false
		}
		if pid := numberAfter(text, "Pid:"); pid > 0 {
			pids[int(pid)] = true
		}
	}
	return pids, true
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
