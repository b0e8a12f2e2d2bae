//go:build amd64 || arm64

package process_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/sandbox"
)

// forkCall spares the clones that make threads, which this program goes on to need. If clone3(2) is
// refused by anything but ENOSYS, the C library makes none by clone(2) instead.
var (
	clone3Call     = sandbox.Number(unix.SYS_CLONE3)
	closeRangeCall = sandbox.Number(unix.SYS_CLOSE_RANGE)
	forkCall       = sandbox.Number(unix.SYS_CLONE).WithoutBits(0, unix.CLONE_THREAD)
	sharingFork    = forkCall.WithBits(0, unix.CLONE_FILES)
)

var completeFork = []string{"clone3", "clearsighand", "unsharedrange", "closerange", "pidfds"}

// exact starts a child with permuted slots, which must have these and no other descriptors.
func exact(t *testing.T, s *process.Starter, pidfd bool) {
	t.Helper()
	spec := command(pauseProgram.newProgram(t))
	spec.Slots, spec.Pidfd = []int{1, 2, process.Closed, 0}, pidfd
	want := map[int]identity{0: identityOf(t, 1), 1: identityOf(t, 2), 3: identityOf(t, 0)}
	p := start(t, s, spec)
	require.Equal(t, pidfd, p.Pidfd >= 0)
	require.Equal(t, want, lookAt(t, p))
	require.Equal(t, process.Change{Kind: process.Exited, Code: 5}, finish(t, start(t, s, command(exitProgram(5).newProgram(t)))))
}

func TestAStartDoesWithoutCallsThatASandboxRefuses(t *testing.T) {
	completeForkOnly(t)
	for _, c := range []struct {
		name  string
		calls []sandbox.Call
		left  []string
	}{
		{"clone3", []sandbox.Call{clone3Call}, []string{"unsharedrange", "closerange", "pidfds"}},
		{"close_range", []sandbox.Call{closeRangeCall}, []string{"clone3", "clearsighand", "pidfds"}},
		{"both", []sandbox.Call{clone3Call, closeRangeCall}, []string{"pidfds"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
				if !alone(t) {
					return
				}
				nothingIsLeft(t)
				s := newStarter(t)
				loose, err := unix.FcntlInt(0, unix.F_DUPFD, 200)
				require.NoError(t, err)
				defer closeAll(t, []int{loose})
				sandbox.Refuse(t, errno, c.calls...)
				// Another failure is reported as ever, and says nothing about the kernel.
				spec := command("/none")
				fails(t, s, spec, process.Failure{Step: process.StepExec, Path: "/none", Err: unix.ENOENT})
				exact(t, s, true)
				require.Equal(t, c.left, process.Features())
				// A second try of the refused call kills the process.
				sandbox.Kill(t, c.calls...)
				exact(t, s, true)
				exact(t, newStarter(t), false)
				require.Equal(t, c.left, process.Features())
			})
		})
	}
}

func TestAForkThatIsForbiddenSaysNothingAboutTheKernel(t *testing.T) {
	completeForkOnly(t)
	for name, c := range map[string]struct{ clone3, clone, first unix.Errno }{
		"the same":           {unix.EPERM, unix.EPERM, unix.EPERM},
		"clone3 is absent":   {unix.ENOSYS, unix.EPERM, unix.ENOSYS},
		"the limit":          {unix.EAGAIN, unix.EAGAIN, unix.EAGAIN},
		"the limit of clone": {unix.ENOSYS, unix.EAGAIN, unix.EAGAIN},
	} {
		t.Run(name, func(t *testing.T) {
			if !alone(t) {
				return
			}
			nothingIsLeft(t)
			s := newStarter(t)
			over := make(chan struct{})
			// It has a thread of its own, and ends with the test.
			go func() {
				defer close(over)
				sandbox.Refuse(t, c.clone3, clone3Call)
				sandbox.Refuse(t, c.clone, forkCall)
				fails(t, s, command("/none"), process.Failure{Step: process.StepFork, Err: c.first})
			}()
			<-over
			require.Equal(t, completeFork, process.Features())
			exact(t, s, true)
		})
	}
}

// qemu-user answers so.
func TestWhereNoCloneSharesDescriptorsForkExecStarts(t *testing.T) {
	completeForkOnly(t)
	if !alone(t) {
		return
	}
	nothingIsLeft(t)
	s := newStarter(t)
	sandbox.Refuse(t, unix.ENOSYS, clone3Call)
	sandbox.Refuse(t, unix.EINVAL, sharingFork)
	spec := command("/none")
	fails(t, s, spec, process.Failure{Step: process.StepExec, Path: "/none", Err: unix.ENOENT})
	for range 2 {
		spec = command(exitProgram(5).newProgram(t))
		spec.Pidfd = true
		p := start(t, s, spec)
		require.Negative(t, p.Pidfd)
		require.NoError(t, p.OpenPidfd())
		require.Equal(t, process.Change{Kind: process.Exited, Code: 5}, finish(t, p))
		// A second try of the other way kills the process.
		sandbox.Kill(t, sharingFork)
	}
}

func TestAForcedVariantLacksItsFeatures(t *testing.T) {
	missing := map[string][]string{
		"": nil, "noclone3": {"clone3", "clearsighand"}, "noclearsignal": {"clearsighand"}, "nounshare": {"unsharedrange"},
		"nocloserange": {"unsharedrange", "closerange"}, "nopidfd": {"pidfds"}, "nocgroup": nil, "forkexec": nil,
	}
	eachFork(t, slices.Sorted(maps.Keys(missing)), func(t *testing.T, variant string) {
		left := slices.DeleteFunc(slices.Clone(completeFork), func(f string) bool { return slices.Contains(missing[variant], f) })
		require.Equal(t, left, process.Features())
		require.False(t, process.Force("nonsense"))
		exact := command(exitProgram(3).newProgram(t))
		exact.Pidfd = true
		p := start(t, newStarter(t), exact)
		require.Equal(t, variant != "nopidfd", p.Pidfd >= 0)
		require.Equal(t, process.Change{Kind: process.Exited, Code: 3}, finish(t, p))
		require.Equal(t, left, process.Features())
	})
}
