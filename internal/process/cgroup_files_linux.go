package process

import (
	"bytes"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// This file reads and writes the files of a cgroup of version 2 (cgroups(7); Linux,
// Documentation/admin-guide/cgroup-v2.rst), by a descriptor of its directory, which it borrows.

// deepestCgroup bounds how many levels below a cgroup are searched.
const deepestCgroup = 64

// cgroupPIDs returns the processes in the cgroup and in all below it. Ended ones are not among
// them, even if they were not waited for. With hidden there may be others: in a PID namespace that
// this program cannot see, or in a cgroup that could not be listed.
func cgroupPIDs(dir int) (pids []int, hidden bool) {
	return appendPIDs(nil, dir, 0)
}

func appendPIDs(pids []int, dir, depth int) (_ []int, hidden bool) {
	text, err := readIn(dir, "cgroup.procs")
	hidden = err != nil && err != unix.ENOENT // ENOENT: the cgroup was removed just now.
	for line := range bytes.FieldsSeq(text) {
		pid, _ := strconv.Atoi(string(line))
		// A process that this program cannot see. To kill(2), 0 would be this program's group.
		if pid <= 0 {
			hidden = true
			continue
		}
		pids = append(pids, pid)
	}
	if depth == deepestCgroup {
		return pids, true
	}
	for _, name := range cgroupsIn(dir) {
		n, err := unix.Openat(dir, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			hidden = hidden || err != unix.ENOENT
			continue
		}
		below := false
		pids, below = appendPIDs(pids, n, depth+1)
		_ = unix.Close(n)
		hidden = hidden || below
	}
	return pids, hidden
}

// cgroupsIn returns the names of the cgroups directly below one.
func cgroupsIn(dir int) (names []string) {
	f, err := openIn(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(-1) // On an error, the entries read so far count.
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// cgroupEmpty reports whether there is no process in the cgroup or below it. The kernel may count
// processes that have just ended as populating it a moment longer, but does not list them.
func cgroupEmpty(dir int) bool {
	events, err := readIn(dir, "cgroup.events")
	if err != nil {
		return false // The root has no such file, for example.
	}
	if numberAfter(events, "populated ") == 0 {
		return true
	}
	pids, hidden := cgroupPIDs(dir)
	return len(pids) == 0 && !hidden
}

// freezeCgroup makes the kernel stop every process in the cgroup, also later ones. A process does
// not see that, and SIGKILL ends it all the same. was says that the cgroup was frozen before.
func freezeCgroup(dir int) (was bool, err error) {
	now, err := readIn(dir, "cgroup.freeze")
	if err != nil {
		return false, err
	}
	if bytes.HasPrefix(now, []byte("1")) {
		return true, nil
	}
	return false, writeIn(dir, "cgroup.freeze", "1")
}

func thawCgroup(dir int) error { return writeIn(dir, "cgroup.freeze", "0") }

// cgroupStill reports whether every process in the cgroup stands still.
func cgroupStill(dir int) bool {
	events, _ := readIn(dir, "cgroup.events")
	return numberAfter(events, "frozen ") == 1 || numberAfter(events, "populated ") == 0
}

// memoryPeak returns the most memory that a cgroup has had, in bytes (Linux 5.19), -1 if that is
// unknown: a cgroup has the file only if the one above it distributes memory.
func memoryPeak(dir int) int64 {
	text, err := readIn(dir, "memory.peak")
	if err != nil {
		return -1
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func readIn(dir int, name string) ([]byte, error) {
	f, err := openIn(dir, name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func writeIn(dir int, name, text string) error {
	f, err := openIn(dir, name, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

func openIn(dir int, name string, flags int) (*os.File, error) {
	for {
		n, err := unix.Openat(dir, name, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		return os.NewFile(uintptr(n), name), nil
	}
}
