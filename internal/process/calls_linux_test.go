//go:build amd64 || arm64

package process

import (
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// These are the calls of a child with three pipes and no settings. bench/STARTING.md explains each.
func TestAPlainChildMakesTheseSystemCalls(t *testing.T) {
	spec := &Spec{Files: []string{"/bin/true"}, Args: []string{"true"}, Slots: []int{10, 12, 14}}
	var p program
	p.build(spec, spec.Slots, allFeatures)

	want := []uintptr{unix.SYS_CLOSE_RANGE, unix.SYS_DUP3, unix.SYS_DUP3, unix.SYS_DUP3, unix.SYS_CLOSE_RANGE}
	want = append(want, slices.Repeat([]uintptr{unix.SYS_RT_SIGACTION}, bits.OnesCount64(ignoredSignals()))...)
	if _, raised := inheritedNofile(); raised {
		want = append(want, unix.SYS_PRLIMIT64)
	}
	want = append(want, unix.SYS_RT_SIGPROCMASK, unix.SYS_EXECVE)
	var got []uintptr
	for _, c := range p.calls {
		got = append(got, c.nr)
	}
	require.Equal(t, want, got)
	require.GreaterOrEqual(t, bits.OnesCount64(ignoredSignals()), 2, "SIGHUP and SIGINT are reset always")
}
