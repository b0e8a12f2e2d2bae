//go:build amd64 || arm64

package process

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// namespaces maps the namespace flags of clone(2) to the names in /proc/self/ns.
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

// checkCPUs refuses a CPU that this machine cannot have, because the kernel would ignore it. s may
// be nil.
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

// lastCPU returns the highest number that a processor of this machine can have, -1 if that is
// unknown.
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

// blame reports whether s is the reason for the failure of the clone, and then changes failure to
// say so. s may be nil.
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

// namespacesExist reports whether the kernel has all namespaces of s.Cloneflags; true if that
// cannot be seen.
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

// cgroupFull reports whether the cgroup, or one above it, has as many processes as it may have.
func cgroupFull(dir string) bool {
	for ; ; dir += "/.." {
		current, err := os.ReadFile(dir + "/pids.current")
		if err != nil {
			return false // This is the root, or the cgroup has no pids controller.
		}
		limit, err := os.ReadFile(dir + "/pids.max")
		n, _ := strconv.Atoi(strings.TrimSpace(string(current)))
		most, badLimit := strconv.Atoi(strings.TrimSpace(string(limit)))
		if err == nil && badLimit == nil && n >= most {
			return true
		}
	}
}
