package pool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/brood-go/brood/childprocess"
)

// hasProc says that residentMemory and listens are there.
const hasProc = true

// parentDeathSignal is what workers get when this program dies.
const parentDeathSignal = childprocess.Signal(9)

// residentMemory returns the memory, in bytes, that a process has in use: proc_pid_statm(5), the
// second number, or Pss of proc_pid_smaps(5).
func residentMemory(pid int, pss bool) (int64, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	if pss {
		return procKiB(dir+"/smaps_rollup", "Pss:")
	}
	statm, err := os.ReadFile(dir + "/statm")
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0, fmt.Errorf("%s/statm: %q", dir, statm)
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// procKiB returns the bytes of a line such as "Pss: 123 kB".
func procKiB(path, name string) (int64, error) {
	return lineOf(path, name, 1<<10)
}

// lineOf returns the number behind name in a file of such lines, times unit.
func lineOf(path, name string, unit int64) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			return n * unit, err
		}
	}
	return 0, errors.New(path + " has no " + name)
}

// oomWatch tells whether the kernel has killed a worker because memory ran out: memory.events of
// its cgroup (cgroup v2) counts that for all who are there.
type oomWatch struct {
	events string // the file; "": there is none
	kills  int64  // before the worker began
}

// begin notes how often it was so before. dir is the cgroup that the worker starts in, "" for that
// of this program.
func (o *oomWatch) begin(dir string) {
	if dir == "" {
		dir = ownCgroup()
	}
	events := filepath.Join(dir, "memory.events")
	kills, err := lineOf(events, "oom_kill", 1)
	if dir != "" && err == nil {
		o.events, o.kills = events, kills
	}
}

// ownCgroup returns the directory of this program's cgroup (cgroups(7)), "" if it is not known.
func ownCgroup() string {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return filepath.Join("/sys/fs/cgroup", path)
		}
	}
	return ""
}

// verdict is about a worker that got SIGKILL, and not from here.
func (o *oomWatch) verdict() error {
	if o.events == "" {
		return ErrPerhapsMemory
	}
	switch kills, err := lineOf(o.events, "oom_kill", 1); {
	case err != nil:
		return ErrPerhapsMemory
	case kills > o.kills:
		return ErrMemory
	}
	return nil // Somebody has killed it.
}
