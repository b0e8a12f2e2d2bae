package pty_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/pty"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// On a kernel before 4.13 the master returns its number, and the slave is opened by its name.
func TestTheSlaveByItsNameIsTheSame(t *testing.T) {
	master, slave := open(t)
	again, err := pty.OpenByName(master)
	require.NoError(t, err)
	defer fd.Close(again)
	var a, b unix.Stat_t
	require.NoError(t, unix.Fstat(slave, &a))
	require.NoError(t, unix.Fstat(again, &b))
	require.Equal(t, a.Rdev, b.Rdev)
	require.Equal(t, unix.O_RDWR, flags(t, again, unix.F_GETFL)&(unix.O_ACCMODE|unix.O_NONBLOCK))
	require.NotZero(t, flags(t, again, unix.F_GETFD)&unix.FD_CLOEXEC)
}

// Without a descriptor the master fails, with one left the slave.
func TestNothingIsLeftWhenDescriptorsRunOut(t *testing.T) {
	free, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	fd.Close(free)
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	for left := range 2 {
		t.Run("", func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			// Prlimit, unlike Setrlimit, does not become the limit that children of this program
			// start with.
			require.NoError(t, unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(free + left), Max: old.Max}, nil))
			master, slave, err := pty.Open(pty.Size{Rows: 24, Cols: 80})
			require.NoError(t, unix.Prlimit(0, unix.RLIMIT_NOFILE, &old, nil))
			require.Equal(t, unix.EMFILE, err)
			require.Equal(t, [2]int{-1, -1}, [2]int{master, slave})
		})
	}
}
