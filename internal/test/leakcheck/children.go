package leakcheck

import (
	"fmt"
	"maps"
	"slices"
)

// A platform supplies, in children_*.go:
//
//	children() map[int]string // the living and the unreaped children of this process: pid to state and command
//
// It must not reap: the status of a child belongs to the code that started it.

// newChildren describes the children that are in after and not in before.
func newChildren(before, after map[int]string) []string {
	var leaks []string
	for _, pid := range slices.Sorted(maps.Keys(after)) {
		if _, known := before[pid]; !known {
			leaks = append(leaks, fmt.Sprintf("child %d was not reaped: %s", pid, after[pid]))
		}
	}
	return leaks
}
