package childprocess_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

// countFDs counts our descriptors whose target begins with prefix.
func countFDs(prefix string) (n int) {
	for _, target := range leakcheck.FDs() {
		if strings.HasPrefix(target, prefix) {
			n++
		}
	}
	return n
}

func TestDescriptorsOfEachExitWatch(t *testing.T) {
	if !process.HasPidfd() {
		t.Skip("this kernel has no pidfd that can be waited for")
	}
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, w childprocess.ExitWatch) {
		pidfds, signalfds := countFDs("anon_inode:[pidfd]"), countFDs("anon_inode:[signalfd]")
		var all []*childprocess.ChildProcess
		for range 10 {
			all = append(all, start(t, l, "wait"))
		}
		want := map[childprocess.ExitWatch][2]int{
			childprocess.ExitWatchPidfd:   {10, 0},
			childprocess.ExitWatchSIGCHLD: {0, 1},
		}[w]
		require.Equal(t, want[0], countFDs("anon_inode:[pidfd]")-pidfds)
		require.Equal(t, want[1], countFDs("anon_inode:[signalfd]")-signalfds)
		for _, c := range all {
			c.Stdin.End()
		}
		run(t, l)
		require.Zero(t, countFDs("anon_inode:[pidfd]")-pidfds)
	})
}
