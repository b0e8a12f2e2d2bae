//go:build amd64 || arm64

package process_test

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// set-limit sets the soft limit of descriptors of the process with the given pid. It needs no
	// privilege for that.
	helperproc.Register("set-limit", func(args []string) {
		pid, err := strconv.Atoi(args[0])
		if err == nil {
			var limit unix.Rlimit
			if err = unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit); err == nil {
				limit.Cur, _ = strconv.ParseUint(args[1], 10, 32)
				err = unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil)
			}
		}
		if err != nil {
			println(err.Error())
			helperproc.Exit(3)
		}
	})
}

// limits returns the soft limits that children of this library and of os/exec have.
func limits(t *testing.T) (ours, theirs string) {
	t.Helper()
	const script = "ulimit -Sn; ulimit -Hn"
	out, err := exec.Command("/bin/sh", "-c", script).Output()
	require.NoError(t, err)
	return output(t, newStarter(t), command("/bin/sh", "-c", script)), string(out)
}

func same(t *testing.T, want string) {
	t.Helper()
	ours, theirs := limits(t)
	require.Equal(t, theirs, ours)
	require.Equal(t, want, strings.Fields(ours)[0])
}

func setLimit(t *testing.T, soft uint64) {
	t.Helper()
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	limit.Cur = soft
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
}

func TestAChildHasTheLimitOfDescriptorsThatAChildOfOsExecHas(t *testing.T) {
	setLimitFile, setLimitArgs := helperproc.Command("set-limit", strconv.Itoa(os.Getpid()))
	for _, c := range []struct {
		name, limits string
		test         func(t *testing.T)
	}{
		{"soft below hard", "ulimit -Sn 500; ulimit -Hn 1000", func(t *testing.T) {
			same(t, "500")
			same(t, "500")
		}},
		{"soft is hard", "ulimit -n 1000", func(t *testing.T) { same(t, "1000") }},
		{"soft is one below hard", "ulimit -Sn 999; ulimit -Hn 1000", func(t *testing.T) { same(t, "999") }},
		{"set before the first start", "ulimit -Sn 500; ulimit -Hn 1000", func(t *testing.T) {
			setLimit(t, 700)
			same(t, "700")
		}},
		{"set to the hard limit before the first start", "ulimit -Sn 500; ulimit -Hn 1000", func(t *testing.T) {
			setLimit(t, 1000)
			same(t, "1000")
		}},
		{"set to one less before the first start", "ulimit -Sn 500; ulimit -Hn 1000", func(t *testing.T) {
			setLimit(t, 999)
			same(t, "999")
		}},
		{"set after the first start", "ulimit -Sn 500; ulimit -Hn 1000", func(t *testing.T) {
			same(t, "500")
			setLimit(t, 700)
			same(t, "700")
		}},
		{"set by another process before the first start", "ulimit -Sn 500; ulimit -Hn 1000", func(t *testing.T) {
			require.NoError(t, exec.Command(setLimitFile, append(slices.Clone(setLimitArgs), "800")...).Run())
			same(t, "800")
		}},
		{"set by another process after the first start", "ulimit -Sn 500; ulimit -Hn 1000", func(t *testing.T) {
			same(t, "500")
			require.NoError(t, exec.Command(setLimitFile, append(slices.Clone(setLimitArgs), "800")...).Run())
			same(t, "800")
		}},
		{"hard limit lowered", "ulimit -Sn 500; ulimit -Hn 1000", func(t *testing.T) {
			require.NoError(t, unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 899, Max: 900}, nil))
			same(t, "899")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if (solitude{through: []string{"/bin/sh", "-c", c.limits + `; exec "$0" "$@"`}}).is(t) {
				nothingIsLeft(t)
				c.test(t)
			}
		})
	}
}

func TestEveryForkGivesTheLimitOfDescriptorsBack(t *testing.T) {
	for _, variant := range append(slices.Clone(ownForks), "forkexec") {
		t.Run(variant, func(t *testing.T) {
			s := solitude{env: []string{forkSwitch + "=" + variant}, through: []string{"/bin/sh", "-c", `ulimit -Sn 500; exec "$0" "$@"`}}
			if s.is(t) {
				nothingIsLeft(t)
				same(t, "500")
				setLimit(t, 700)
				same(t, "700")
			}
		})
	}
}

// The limit is found out from a process that is made for that, which needs two descriptors.
func TestAShortageDoesNotSpoilTheLimitOfLaterChildren(t *testing.T) {
	ownForkOnly(t)
	if !(solitude{through: []string{"/bin/sh", "-c", `ulimit -Sn 500; ulimit -Hn 1000; exec "$0" "$@"`}}).is(t) {
		return
	}
	nothingIsLeft(t)
	s := newStarter(t)
	program := exitProgram(0).newProgram(t)
	var fds []int
	for {
		fd, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			require.Equal(t, unix.EMFILE, err)
			break
		}
		fds = append(fds, fd)
	}
	p, failure := s.Start(command(program))
	closeAll(t, fds)
	require.Nil(t, failure)
	require.Equal(t, process.Change{Kind: process.Exited}, finish(t, p))
	same(t, "500")
}
