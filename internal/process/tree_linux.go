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

// A Tree is a process and those that descend from it, as far as they were found. It keeps no
// descriptors, and never signals another process that has got the number of one of them.
//
// They are found by asking each one for its children, and where the process has a cgroup of its
// own, by listing that. A descendant whose parent has ended before it was looked for belongs to
// somebody else: it is found only in a cgroup.
type Tree struct {
	found []identity
	cgroup  *claim          // nil: none
	inside  map[identity]bool // found in the cgroup when it was listed last
	frozen  bool            // those inside stand still because the cgroup is frozen
}

// member is a process, told from every other one by its number and the time of its start.
type identity struct {
	pid   int
	start uint64
}

// A frozen tree grows no more. freezeTime bounds how long is waited for that: a process in an
// uninterruptible wait does not stop, and does not fork either. It is looked at every freezePause,
// because nothing tells that a process that is no child has stopped.
const (
	freezeTime  = 20 * time.Millisecond
	freezePause = 50 * time.Microsecond
)

// Tree finds the child, unless it was waited for; the others are found when they are needed. It
// returns nil when nothing can be found out about it, or it has ended and has no cgroup of its own.
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

// Signal sends s to all members, while they stand still: none can start another one behind the
// signal's back. Those that do not see it while they are stopped are continued then, if wake is
// set. It returns how many there were to get it, and the number of one that may not be signalled,
// or 0, with the reason (EPERM). A signal of 0 only counts, and changes nothing.
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

// freeze stops all members, and those that they have started since. Those in the cgroup dir, if
// that is not -1, are stopped by that where it is allowed. What was done to it is undone by thaw.
// Without all there may be some that were not found, because somebody has not stopped in time: on a
// busy machine that one may have had no processor meanwhile.
func (t *Tree) freeze(dir int) (thaw func(), all bool) {
	thaw = func() {}
	t.frozen = false
	if dir >= 0 {
		was, err := freezeCgroup(dir)
		t.frozen = err == nil
		if err == nil && !was {
			thaw = func() { _ = thawCgroup(dir) } // Who may freeze it may do that, too.
		}
	}
	if t.frozen {
		t.list() // They need no signal to stop.
	}
	deadline := time.Now().Add(freezeTime)
	asked := 0 // so many members were told to stop
	for {
		for ; asked < len(t.found); asked++ {
			if m := t.found[asked]; !t.isFrozen(m) {
				_ = m.signal(syscall.SIGSTOP) // It may have ended.
			}
		}
		still, late := t.still() && (!t.frozen || cgroupStill(dir)), time.Now().After(deadline)
		if t.frozen && !still && !late { // Whoever is born meanwhile is frozen, too.
			time.Sleep(freezePause)
			continue
		}
		// A process that stops while its children are read may have started one behind the reader's
		// back: so the last look is at those that stood still before.
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

// allHeld reports whether nobody is outside the cgroup.
func (t *Tree) allFrozen() bool {
	return !slices.ContainsFunc(t.found, func(m identity) bool { return !t.isFrozen(m) })
}

// held reports whether m stands still in its cgroup, and needs no signal for that.
func (t *Tree) isFrozen(m identity) bool { return t.frozen && t.inside[m] }

// still reports whether all members are stopped, or cannot start others for another reason.
func (t *Tree) still() bool {
	for _, m := range t.found {
		if t.isFrozen(m) {
			continue
		}
		s, err := readStat(m.pid)
		if err == nil && s.start == m.start && (s.state == 'R' || s.state == 'S') {
			return false
		}
	}
	return true
}

// grow adds the processes in the cgroup and the children of all members that are not members yet,
// and reports whether there were any.
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

// list adds the processes in the cgroup. It returns what adds others, too.
func (t *Tree) list() (add func(identity)) {
	known := map[identity]bool{}
	for _, m := range t.found {
		known[m] = true
	}
	add = func(m identity) {
		if !known[m] {
			known[m] = true
			t.found = append(t.found, m)
		}
	}
	t.inside = map[identity]bool{}
	for _, pid := range t.cgroup.pids() {
		// Somebody may have put this program there.
		if s, err := readStat(pid); err == nil && pid != os.Getpid() {
			m := identity{pid, s.start}
			t.inside[m] = true
			add(m)
		}
	}
	return add
}

// childrenOf returns the children of a process.
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
			// A kernel without CONFIG_PROC_CHILDREN, or a thread that has ended.
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

func childrenByParent(parent int) []int {
	var of []int
	pids, _ := processes() // What cannot be seen cannot be found.
	for _, pid := range pids {
		if s, err := readStat(pid); err == nil && s.parent == parent {
			of = append(of, pid)
		}
	}
	return of
}

// send sends s to all members, see Signal.
func (t *Tree) send(s syscall.Signal) (sent, refused int, why error) {
	for _, m := range t.found {
		switch err := m.signal(s); err {
		case nil:
			sent++
		case syscall.ESRCH:
		default:
			refused, why = m.pid, err
		}
	}
	return sent, refused, why
}

// killedToo corrects what send has returned: those inside that may not be signalled were killed
// with the cgroup.
func (t *Tree) killedToo(sent, refused int, why error) (int, int, error) {
	spared, reason := 0, error(nil)
	for _, m := range t.found {
		err := m.signal(0)
		switch {
		case err == nil, err == syscall.ESRCH:
		case t.inside[m]:
			sent++
		default:
			spared, reason = m.pid, err
		}
	}
	return sent, spared, reason
}

// continueAll continues those that were stopped for the signal s, and with wake those that were
// stopped before.
func (t *Tree) continueAll(s syscall.Signal, wake bool) {
	for _, m := range t.found {
		switch {
		case s == syscall.SIGSTOP || s == syscall.SIGKILL:
		case !t.isFrozen(m), wake && stopped(m.pid):
			_ = m.signal(syscall.SIGCONT) // It may have ended.
		}
	}
}

// Ended reports whether all members have ended, and nobody is in the cgroup.
func (t *Tree) Ended() bool {
	for _, m := range t.found {
		if s, err := readStat(m.pid); err == nil && s.start == m.start && !s.ended() {
			return false
		}
	}
	return len(t.cgroup.pids()) == 0
}

// signal sends s to the process, and to no other. One that has ended is gone, be it a zombie.
func (m identity) signal(s syscall.Signal) error {
	pidfd, err := unix.PidfdOpen(m.pid, 0)
	if err == nil {
		defer fd.Close(pidfd)
	}
	// With a pidfd the answer stays true. Without (ENOSYS, EMFILE) the number could be given away
	// in between, in theory.
	if now, err := readStat(m.pid); err != nil || now.start != m.start || now.ended() {
		return syscall.ESRCH
	}
	if err == nil {
		return pidfdSendSignal(pidfd, s)
	}
	return unix.Kill(m.pid, s)
}
