package leakcheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A platform supplies, in fds_*.go:
//
//	FDs() map[int]string // see the comment there
//
// It must not open anything that stays open, not even the runtime's poller, because helper
// processes list their inherited descriptors by it.

// descriptorPrefix begins every line about a descriptor.
const descriptorPrefix = "descriptor "

// Inheritable returns those of [FDs] that stay open through execve(2). A helper process that calls
// it first gets the descriptors that it inherited. The ones that the Go runtime opens for itself,
// such as the cgroup's CPU limit on Linux, are close-on-exec.
//
// Safe to call from any goroutine.
func Inheritable() map[int]string {
	fds := FDs()
	maps.DeleteFunc(fds, func(fd int, _ string) bool {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		return err != nil || flags&unix.FD_CLOEXEC != 0
	})
	return fds
}

// changedFDs describes three kinds of descriptors: open in after but not in before, open in both
// with another target, and open in before only. The last kind was closed under its owner.
func changedFDs(before, after map[int]string) []string {
	var changes []string
	for _, fd := range slices.Sorted(maps.Keys(after)) {
		was, known := before[fd]
		switch now := after[fd]; {
		case !known:
			changes = append(changes, fmt.Sprintf(descriptorPrefix+"%d is left open: %s", fd, now))
		case stableTarget(was) != stableTarget(now):
			changes = append(changes, fmt.Sprintf(descriptorPrefix+"%d was %s and is now %s", fd, was, now))
		}
	}
	for _, fd := range slices.Sorted(maps.Keys(before)) {
		if _, open := after[fd]; !open {
			changes = append(changes, fmt.Sprintf(descriptorPrefix+"%d was closed by somebody who did not own it: %s", fd, before[fd]))
		}
	}
	return changes
}

// stableTarget returns a target without the mark that Linux adds once the file is unlinked.
func stableTarget(target string) string { return strings.TrimSuffix(target, " (deleted)") }

func isDescriptorLeak(line string) bool { return strings.HasPrefix(line, descriptorPrefix) }
