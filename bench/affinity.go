package main

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// everyCPU is the set of processors that this program may run on.
var everyCPU = func() (set unix.CPUSet) {
	check(unix.SchedGetaffinity(0, &set))
	return set
}()

// places returns the ways to put the two processes of a pair on processors: both on one, and on one
// each. Without this the kernel moves them to and fro, and on a virtual machine a message that must
// wake another core takes several times as long.
func places() []place {
	cpus := everyCPU
	var found []int
	for cpu := 0; len(found) < 2 && cpus.Count() > 0; cpu++ {
		if cpus.IsSet(cpu) {
			cpus.Clear(cpu)
			found = append(found, cpu)
		}
	}
	all := []place{{"one core", found[0], found[0]}}
	if len(found) > 1 {
		all = append(all, place{"two cores", found[0], found[1]})
	}
	return all
}

// pin makes the processes of a pair run at this place until unpin is called.
func (at place) pin(p ipcPair) (unpin func()) {
	parent, child := p.pids()
	var first, second unix.CPUSet
	first.Set(at.parent)
	second.Set(at.child)
	setAffinity(child, &second)
	setAffinity(parent, &first)
	return func() {
		if parent == os.Getpid() {
			setAffinity(parent, &everyCPU)
		}
	}
}

// setAffinity moves every thread of a process. Threads that start later inherit the affinity of the
// thread that starts them.
func setAffinity(pid int, cpus *unix.CPUSet) {
	threads, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "task"))
	check(err)
	for _, t := range threads {
		tid, err := strconv.Atoi(t.Name())
		check(err)
		if err := unix.SchedSetaffinity(tid, cpus); err != unix.ESRCH { // It may have ended.
			check(err)
		}
	}
}
