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

// hasProc reports whether this system has residentMemory and listens.
const hasProc = true

// parentDeathSignal is the default of ForkOptions.Pdeathsig for workers: SIGKILL.
const parentDeathSignal = childprocess.Signal(9)

// residentMemory returns the resident memory of a process, in bytes: the second number of
// proc_pid_statm(5), or with pss the line Pss of smaps_rollup (proc_pid_smaps(5)).
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

// procKiB returns the bytes in a line such as "Pss: 123 kB".
func procKiB(path, name string) (int64, error) {
	return lineOf(path, name, 1<<10)
}

// lineOf returns the number after name in a file of such lines, times unit.
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

// oomWatch finds out whether the kernel killed a worker because memory ran out. memory.events of a
// cgroup (cgroup v2) counts such kills for all its processes.
type oomWatch struct {
	events string // path of memory.events; "": there is none
	kills  int64  // the count when the worker was started
}

// begin reads the count when the worker is started. dir is the worker's cgroup, "" for that of this
// program.
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

// ownCgroup returns the directory of this program's cgroup (cgroups(7)), "" if it is unknown.
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

// verdict returns the cause of a SIGKILL that this pool did not send: ErrMemory, ErrPerhapsMemory,
// or nil if another process sent it.
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
	return nil // Another process sent it.
}
