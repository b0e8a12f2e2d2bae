//go:build amd64 || arm64

package process_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// withLimit calls fn while n is the soft limit of descriptors: no new number is n or higher.
func withLimit(t *testing.T, n int, fn func()) {
	t.Helper()
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	low := unix.Rlimit{Cur: uint64(n), Max: old.Max}
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &low))
	defer func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old)) }()
	fn()
}

func TestAShortageOfDescriptorsIsAFailureOrNone(t *testing.T) {
	eachFork(t, ownForks, func(t *testing.T, variant string) {
		nothingIsLeft(t)
		pause := pauseProgram.newProgram(t)
		r, w := pipes(t, 3)
		defer closeAll(t, r)
		defer closeAll(t, w)
		// It is not close-on-exec, and lies above the following limits.
		loose, err := unix.FcntlInt(uintptr(r[0]), unix.F_DUPFD, 100)
		require.NoError(t, err)
		defer closeAll(t, []int{loose})
		reserved := newStarter(t)
		reserved.Reserve()
		layouts := [][]int{
			{process.Closed, process.Closed, process.Closed}, {0, 1, 2}, {w[0], w[1], w[2]}, {1, 2, 0}, {2, process.Closed, 0, 1, w[0], w[1], w[2], 3},
		}
		before := leakcheck.FDs()
		started, refused := 0, 0
		for n := slices.Max(slices.Collect(maps.Keys(before))); n >= 0; n-- {
			if n == 99 {
				n = slices.Max(w) + 8 // In between nothing changes.
			}
			for _, slots := range layouts {
				want := map[int]identity{}
				for slot, source := range slots {
					if source != process.Closed {
						want[slot] = identityOf(t, source)
					}
				}
				for i, s := range []*process.Starter{reserved, new(process.Starter)} {
					spec := command(pause)
					spec.Slots, spec.Pidfd = slots, i == 0
					var p process.Process
					var failure *process.Failure
					withLimit(t, n, func() { p, failure = s.Start(spec) })
					if failure == nil {
						started++
						require.Equal(t, want, lookAt(t, p), "limit %d, slots %v", n, slots)
					} else {
						refused++
						require.Contains(t, []process.Failure{
							{Step: process.StepFork, Err: unix.EMFILE},
							{Step: process.StepSlots, Err: unix.EMFILE},
							// dup3(2) with a number that is too high
							{Step: process.StepSlots, Err: unix.EBADF},
						}, *failure, "limit %d, slots %v", n, slots)
						noChild(t)
					}
					refilled(t, s)
					if s != reserved {
						s.Release()
					}
				}
			}
			require.Equal(t, before, leakcheck.FDs(), "limit %d", n)
		}
		require.Greater(t, started, 10)
		require.Greater(t, refused, 10)
		// A call that was refused for a while must not count as absent.
		complete := map[string][]string{
			"":              {"clone3", "clearsighand", "unsharedrange", "closerange", "pidfds"},
			"noclone3":      {"unsharedrange", "closerange", "pidfds"},
			"noclearsignal": {"clone3", "unsharedrange", "closerange", "pidfds"},
			"nounshare":     {"clone3", "clearsighand", "closerange", "pidfds"},
			"nocloserange":  {"clone3", "clearsighand", "pidfds"},
			"nopidfd":       {"clone3", "clearsighand", "unsharedrange", "closerange"},
		}
		require.Equal(t, complete[variant], process.Features())
	})
}
