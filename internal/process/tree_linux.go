package process

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// HasTrees says that the descendants of a process can be found.
const HasTrees = true

// A Tree is a process and the descendants of it that were found. It keeps no descriptors, and never
// signals another process that has got the number of one of them.
//
// The descendants are found by asking each process for its children, and by listing the cgroup if
// the process has one of its own. A descendant whose parent has ended before it was asked belongs
// to another process: it is found only in a cgroup.
//
// Methods must not be called on two goroutines at once.
type Tree struct {
	found  []identity        // without doubles; processes that have ended stay in it
	cgroup *claim            // nil: the child has no cgroup of its own
	inside map[identity]bool // found in the cgroup when it was listed last
	frozen bool              // the processes in inside stand still because the cgroup is frozen
}

// identity names a process. The time of its start tells it from a later one with the same number.
type identity struct {
	pid   int
	start uint64 // see stat.start
}

// A frozen tree grows no more. freezeTime bounds how long freeze waits for that: a process in an
// uninterruptible wait does not stop, but does not fork either. freeze looks again every
// freezePause, because the system does not report the stop of a process that is no child.
const (
	freezeTime  = 20 * time.Millisecond
	freezePause = 50 * time.Microsecond
)

// Tree returns the tree of the child, without descendants: Signal looks for these. waited says that
// this package has waited for the child. It returns nil if the child has ended, or nothing is known
// of it, and it has no cgroup of its own.
func (p Process) Tree(waited bool) *Tree {
	t := &Tree{}
	if p.cgroup.owns() {
		t.cgroup = p.cgroup
	}
	if !waited {
		if s, err := readStat(p.Pid); err == nil && !s.ended() {
			t.found = []identity{{p.Pid, s.start}}
		}
	}
	if t.found == nil && t.cgroup == nil {
		return nil
	}
	return t
}

// Signal sends s to all processes of the tree while they stand still, so that none can start
// another one unseen. Then it continues them. With wake it also continues those in a frozen cgroup
// that were stopped before, because a stopped process does not act on most signals. sent is the
// number of processes that got it. refused is the number of one that may not be signalled, or 0,
// and why is the reason (EPERM). A signal of 0 only counts, and changes nothing.
func (t *Tree) Signal(s syscall.Signal, wake bool) (sent, refused int, why error) {
	if s == 0 {
		t.grow()
		return t.send(0)
	}
	dir, own := t.cgroup.open()
	if own {
		defer fd.Close(dir)
	}
	thaw, all := t.freeze(dir)
	defer thaw()
	sent, refused, why = t.send(s)
	if s == syscall.SIGKILL && own && (!all || refused != 0 || t.cgroup.hides(dir)) && t.cgroup.kill(dir) == nil {
		sent, refused, why = t.killedToo(sent, refused, why)
	}
	t.continueAll(s, wake)
	return sent, refused, why
}

// freeze stops all processes of the tree, and those that they have started since. dir is the
// cgroup, or -1: its processes are stopped by freezing it, where that is allowed. thaw undoes the
// freezing. Without all, some process did not stop in time, and may have started others that were
// not found: on a busy machine it may have had no processor meanwhile.
func (t *Tree) freeze(dir int) (thaw func(), all bool) {
	thaw = func() {}
	t.frozen = false
	if dir >= 0 {
		was, err := freezeCgroup(dir)
		t.frozen = err == nil
		if err == nil && !was {
			thaw = func() { _ = thawCgroup(dir) } // A program that may freeze it may also thaw it.
		}
	}
	if t.frozen {
		t.list() // These need no signal to stop.
	}
	deadline := time.Now().Add(freezeTime)
	asked := 0 // number of processes in found that were told to stop
	for {
		for ; asked < len(t.found); asked++ {
			if id := t.found[asked]; !t.isFrozen(id) {
				_ = id.signal(syscall.SIGSTOP) // On an error it has ended.
			}
		}
		still, late := t.still() && (!t.frozen || cgroupStill(dir)), time.Now().After(deadline)
		if t.frozen && !still && !late { // Processes that are born meanwhile are frozen, too.
			time.Sleep(freezePause)
			continue
		}
		// A process that stops while its children are read may have started one unseen. So the last
		// look must begin when all stand still.
		grown := t.grow()
		all = still && (!grown || t.allFrozen())
		if all || late {
			return thaw, all
		}
		if !still {
			time.Sleep(freezePause)
		}
	}
}

// allFrozen reports whether all found processes are frozen in the cgroup.
func (t *Tree) allFrozen() bool {
	return !slices.ContainsFunc(t.found, func(id identity) bool { return !t.isFrozen(id) })
}

// isFrozen reports whether id stands still because its cgroup is frozen, so that it needs no signal
// for that.
func (t *Tree) isFrozen(id identity) bool { return t.frozen && t.inside[id] }

// still reports whether all found processes are stopped, or cannot start others for another reason.
func (t *Tree) still() bool {
	for _, id := range t.found {
		if t.isFrozen(id) {
			continue
		}
		s, err := readStat(id.pid)
		if err == nil && s.start == id.start && (s.state == 'R' || s.state == 'S') {
			return false
		}
	}
	return true
}

// grow adds the processes in the cgroup and the children of all found processes, and reports
// whether any was new.
func (t *Tree) grow() bool {
	size := len(t.found)
	add := t.list()
	for i := 0; i < len(t.found); i++ {
		for _, pid := range childrenOf(t.found[i].pid) {
			if s, err := readStat(pid); err == nil && s.parent == t.found[i].pid {
				add(identity{pid, s.start})
			}
		}
	}
	return len(t.found) > size
}

// list adds the processes in the cgroup, and returns the function that adds others.
func (t *Tree) list() (add func(identity)) {
	known := map[identity]bool{}
	for _, id := range t.found {
		known[id] = true
	}
	add = func(id identity) {
		if !known[id] {
			known[id] = true
			t.found = append(t.found, id)
		}
	}
	t.inside = map[identity]bool{}
	for _, pid := range t.cgroup.pids() {
		// Somebody may have put this program into the cgroup.
		if s, err := readStat(pid); err == nil && pid != os.Getpid() {
			id := identity{pid, s.start}
			t.inside[id] = true
			add(id)
		}
	}
	return add
}

func childrenOf(pid int) []int {
	tasks := "/proc/" + strconv.Itoa(pid) + "/task"
	dir, err := os.ReadDir(tasks)
	if err != nil {
		return nil
	}
	var pids []int
	for _, task := range dir {
		text, err := os.ReadFile(tasks + "/" + task.Name() + "/children")
		if err != nil {
			// The kernel lacks CONFIG_PROC_CHILDREN, or the thread has ended.
			return childrenByParent(pid)
		}
		for word := range bytes.FieldsSeq(text) {
			if child, err := strconv.Atoi(string(word)); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// childrenByParent looks for the children of a process among all processes.
func childrenByParent(parent int) []int {
	var of []int
	pids, _ := processes() // Processes that are invisible cannot be found.
	for _, pid := range pids {
		if s, err := readStat(pid); err == nil && s.parent == parent {
			of = append(of, pid)
		}
	}
	return of
}

// send sends s to all found processes, see Signal.
func (t *Tree) send(s syscall.Signal) (sent, refused int, why error) {
	for _, id := range t.found {
		if isTerminalStop(s) && !t.isFrozen(id) {
			// First, because SIGCONT discards pending stop signals (signal(7)). A process that
			// forks in between leaves a child that is not stopped.
			_ = id.signal(syscall.SIGCONT) // On an error it has ended.
		}
		switch err := id.signal(s); err {
		case nil:
			sent++
		case syscall.ESRCH:
		default:
			refused, why = id.pid, err
		}
	}
	return sent, refused, why
}

// isTerminalStop reports whether s is a stop signal that a program can handle.
func isTerminalStop(s syscall.Signal) bool {
	return s == syscall.SIGTSTP || s == syscall.SIGTTIN || s == syscall.SIGTTOU
}

// killedToo corrects the result of send: processes in the cgroup that may not be signalled were
// killed with the cgroup.
func (t *Tree) killedToo(sent, refused int, why error) (int, int, error) {
	spared, reason := 0, error(nil)
	for _, id := range t.found {
		err := id.signal(0)
		switch {
		case err == nil, err == syscall.ESRCH:
		case t.inside[id]:
			sent++
		default:
			spared, reason = id.pid, err
		}
	}
	return sent, spared, reason
}

// continueAll continues the processes that were stopped for the signal s, and with wake those that
// were stopped before.
func (t *Tree) continueAll(s syscall.Signal, wake bool) {
	for _, id := range t.found {
		switch {
		case s == syscall.SIGSTOP || s == syscall.SIGKILL:
		case isTerminalStop(s): // send has continued them.
		case !t.isFrozen(id), wake && stopped(id.pid):
			_ = id.signal(syscall.SIGCONT) // On an error it has ended.
		}
	}
}

// Ended reports whether all found processes have ended, and no process is in the cgroup.
func (t *Tree) Ended() bool {
	for _, id := range t.found {
		if s, err := readStat(id.pid); err == nil && s.start == id.start && !s.ended() {
			return false
		}
	}
	return len(t.cgroup.pids()) == 0
}

// signal sends s to the process, and to no other. A zombie counts as ended.
func (id identity) signal(s syscall.Signal) error {
	pidfd, err := unix.PidfdOpen(id.pid, 0)
	if err == nil {
		defer fd.Close(pidfd)
	}
	// With a pidfd the answer stays true. Without one (ENOSYS, EMFILE) another process could, in
	// theory, get the number in between.
	if now, err := readStat(id.pid); err != nil || now.start != id.start || now.ended() {
		return syscall.ESRCH
	}
	if err == nil {
		return pidfdSendSignal(pidfd, s)
	}
	return unix.Kill(id.pid, s)
}
