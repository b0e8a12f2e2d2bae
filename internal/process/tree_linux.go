package process

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// HasTrees says that the descendants of a process can be found.
const HasTrees = true

// A Tree is a process and those that descend from it, as far as they were found. It keeps no descriptors, and never signals another process that has got the number of one of them.
//
// A descendant whose parent has ended before it was looked for belongs to somebody else and is not found.
type Tree struct {
	members []member
}

// member is a process, told from every other one by its number and the time of its start.
type member struct {
	pid   int
	start uint64
}

// A frozen tree grows no more. freezeTime bounds how long is waited for that: a process in an uninterruptible wait does not
// stop, and does not fork either. It is looked at every freezePause, because nothing tells that a process that is no child
// has stopped.
const (
	freezeTime  = 20 * time.Millisecond
	freezePause = 50 * time.Microsecond
)

// Tree finds the child, which must not have been waited for, and the descendants that it has now. It returns nil when the
// child has ended or nothing can be found out about it.
func (p Process) Tree() *Tree {
	s, err := readStat(p.Pid)
	if err != nil || s.ended() {
		return nil
	}
	t := &Tree{members: []member{{p.Pid, s.start}}}
	t.grow()
	return t
}

// Freeze stops all processes of the tree, and those that they have started since.
func (t *Tree) Freeze() {
	deadline := time.Now().Add(freezeTime)
	asked := 0 // so many members were told to stop
	for {
		for ; asked < len(t.members); asked++ {
			_ = t.members[asked].signal(syscall.SIGSTOP) // It may have ended.
		}
		// A process that stops while its children are read may have started one behind the reader's back: so the last look is
		// at those that stood still before.
		still := t.still()
		if !t.grow() && still || time.Now().After(deadline) {
			return
		}
		if !still {
			time.Sleep(freezePause)
		}
	}
}

// still reports whether all members are stopped, or cannot start others for another reason.
func (t *Tree) still() bool {
	for _, m := range t.members {
		s, err := readStat(m.pid)
		if err == nil && s.start == m.start && (s.state == 'R' || s.state == 'S') {
			return false
		}
	}
	return true
}

// grow adds the children of all members that are not members yet, and reports whether there were any.
func (t *Tree) grow() bool {
	known := map[member]bool{}
	for _, m := range t.members {
		known[m] = true
	}
	size := len(t.members)
	for i := 0; i < len(t.members); i++ {
		for _, pid := range childrenOf(t.members[i].pid) {
			s, err := readStat(pid)
			m := member{pid, s.start}
			if err != nil || known[m] || s.parent != t.members[i].pid {
				continue
			}
			known[m] = true
			t.members = append(t.members, m)
		}
	}
	return len(t.members) > size
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
			return childrenByParent(pid) // A kernel without CONFIG_PROC_CHILDREN, or a thread that has ended.
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

// Signal sends s to all members. It returns how many there were to get it, and the number of one that may not be signalled, or
// 0, with the reason (EPERM).
func (t *Tree) Signal(s syscall.Signal) (sent, refused int, why error) {
	for _, m := range t.members {
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

// Ended reports whether all members have ended.
func (t *Tree) Ended() bool {
	for _, m := range t.members {
		if s, err := readStat(m.pid); err == nil && s.start == m.start && !s.ended() {
			return false
		}
	}
	return true
}

// signal sends s to the process, and to no other. One that has ended is gone, be it a zombie.
func (m member) signal(s syscall.Signal) error {
	pidfd, err := unix.PidfdOpen(m.pid, 0)
	if err == nil {
		defer fd.Close(pidfd)
	}
	// With a pidfd the answer stays true. Without (ENOSYS, EMFILE) the number could be given away in between, in theory.
	if now, err := readStat(m.pid); err != nil || now.start != m.start || now.ended() {
		return syscall.ESRCH
	}
	if err == nil {
		return pidfdSendSignal(pidfd, s)
	}
	return unix.Kill(m.pid, s)
}
