//go:build amd64 || arm64

package process

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// namespaces are the flags of clone(2) for them, with the names in /proc/self/ns.
var namespaces = map[uintptr]string{
	unix.CLONE_NEWCGROUP: "cgroup",
	unix.CLONE_NEWIPC:    "ipc",
	unix.CLONE_NEWNET:    "net",
	unix.CLONE_NEWNS:     "mnt",
	unix.CLONE_NEWPID:    "pid",
	unix.CLONE_NEWTIME:   "time",
	unix.CLONE_NEWUSER:   "user",
	unix.CLONE_NEWUTS:    "uts",
}

// impossible finds what the kernel would not refuse, but do in part.
func (s *Settings) checkCPUs() *Failure {
	if s == nil {
		return nil
	}
	for _, cpu := range s.CPUs {
		if last := lastCPU(); last >= 0 && cpu > last {
			return &Failure{Step: StepCPUs, Err: unix.EINVAL}
		}
	}
	return nil
}

// lastCPU returns the highest number that a processor of this machine can have, -1 if that is not
// known.
func lastCPU() int {
	text, err := os.ReadFile("/sys/devices/system/cpu/possible") // "0", "0-3", "0,2-5"
	if err != nil {
		return -1
	}
	list := strings.TrimSpace(string(text))
	last, err := strconv.Atoi(list[strings.LastIndexAny(list, ",-")+1:])
	if err != nil {
		return -1
	}
	return last
}

// blamed reports whether s is to blame for the failure of the clone, and has it say so.
func (s *Settings) blame(failure *Failure) bool {
	if s == nil {
		return false
	}
	switch err := failure.Err; {
	case s.Cgroup != "" && (err == unix.EBUSY || err == unix.ENODEV || err == unix.EAGAIN && cgroupFull(s.Cgroup)):
		failure.Step, failure.Path = StepCgroup, s.Cgroup
	case s.Cloneflags&NewTime != 0 && err == unix.ENOSYS:
		failure.Step = StepNamespaces
	case s.Cloneflags != 0 && (err == unix.EPERM || err == unix.EINVAL || err == unix.ENOSPC || err == unix.EUSERS):
		failure.Step = StepNamespaces
		if err == unix.EINVAL && !s.namespacesExist() {
			failure.Err = unix.ENOTSUP
		}
	default:
		return false
	}
	return true
}

// namespacesExist reports whether the kernel has all namespaces that are asked for, as far as that
// can be seen.
func (s *Settings) namespacesExist() bool {
	if _, err := os.Lstat("/proc/self/ns"); err != nil {
		return true
	}
	for flag, name := range namespaces {
		if s.Cloneflags&flag == 0 {
			continue
		}
		if _, err := os.Lstat("/proc/self/ns/" + name); err != nil {
			return false
		}
	}
	return true
}

// cgroupFull reports whether the cgroup, or one that it is in, may have no more processes.
func cgroupFull(dir string) bool {
	for ; ; dir += "/.." {
		current, err := os.ReadFile(dir + "/pids.current")
		if err != nil {
			return false // It is the root, or there is no such controller.
		}
		limit, err := os.ReadFile(dir + "/pids.max")
		n, _ := strconv.Atoi(strings.TrimSpace(string(current)))
		most, badLimit := strconv.Atoi(strings.TrimSpace(string(limit)))
		if err == nil && badLimit == nil && n >= most {
			return true
		}
	}
}
