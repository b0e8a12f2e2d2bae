//go:build amd64 || arm64

package process_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/pty"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// fill opens descriptors until n numbers are in use, or as many as the limit allows, and returns
// the new ones.
func fill(t *testing.T, n int) []int {
	t.Helper()
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	const spare = 64 // for the test
	if want := uint64(n + spare); limit.Cur < want {
		// The soft limit may be raised. Raising the hard limit takes a privilege, and the system
		// may bound it.
		raised := unix.Rlimit{Cur: max(want, limit.Max), Max: max(want, limit.Max)}
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &raised) != nil {
			n = int(limit.Max) - spare
			t.Logf("only %d descriptors are allowed", n)
			raised = unix.Rlimit{Cur: limit.Max, Max: limit.Max}
			require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &raised))
		}
	}
	var fds []int
	for fd := 0; fd < n; {
		var err error
		fd, err = unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
		require.NoError(t, err)
		fds = append(fds, fd)
	}
	return fds
}

// manyDescriptors is how many descriptors a busy server has open.
const manyDescriptors = 20_000

// pipes are n pipes; the child gets the writing ends.
func pipes(t *testing.T, n int) (r, w []int) {
	t.Helper()
	for range n {
		var ends [2]int
		require.NoError(t, unix.Pipe2(ends[:], unix.O_CLOEXEC))
		r, w = append(r, ends[0]), append(w, ends[1])
	}
	return r, w
}

// startsRightly starts children with slots from high sources, and makes starts fail.
func startsRightly(t *testing.T, s *process.Starter, low bool) {
	t.Helper()
	pause := pauseProgram.newProgram(t)
	r, w := pipes(t, 6)
	defer closeAll(t, r)
	defer closeAll(t, w)
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer closeAll(t, []int{null})
	master, slave, err := pty.Open(pty.Size{Rows: 24, Cols: 80})
	require.NoError(t, err)
	defer closeAll(t, []int{master, slave})
	for _, slots := range [][]int{
		{w[0]}, {w[0], w[1], w[2]}, {w[2], process.Closed, w[2], w[1]}, {w[0], w[1], w[2], w[3], w[0], w[1], w[2], w[3]},
		{w[0], w[1], w[2], w[3], w[4]}, // more than there are numbers
		{process.Closed}, {w[5], null, w[5]}, {slave, slave, slave}, {w[0], slave, w[0], slave},
	} {
		spec := command(pause)
		spec.Slots, spec.Pidfd = slots, true
		want := map[int]identity{}
		for slot, source := range slots {
			if source != process.Closed {
				want[slot] = identityOf(t, source)
			}
		}
		p := start(t, s, spec)
		require.Equal(t, want, lookAt(t, p), "%v", slots)
		if slices.Max(slots) > 0 {
			require.Equal(t, low && len(slots) != 5, slices.Max(s.Sources()) < 1000, "%v from %v", slots, s.Sources())
		}
		refilled(t, s)

		spec.Dir = "/none"
		fails(t, s, spec, process.Failure{Step: process.StepDirectory, Path: "/none", Err: unix.ENOENT})
		spec.Dir, spec.Files = "", []string{"/none"}
		fails(t, s, spec, process.Failure{Step: process.StepExec, Path: "/none", Err: unix.ENOENT})
	}
	// The first of these is moved before the start sees that the second is not open.
	spec := command(pause)
	spec.Slots = []int{w[0], highestNumber(t, 1<<20)}
	fails(t, s, spec, process.Failure{Step: process.StepSlots, Err: unix.EBADF})
}

func TestATableThatWasFullAtTheFirstStart(t *testing.T) {
	ownForkOnly(t)
	if !alone(t) {
		return
	}
	nothingIsLeft(t)
	fds := fill(t, manyDescriptors)
	defer closeAll(t, fds)
	var s process.Starter
	defer s.Release()
	startsRightly(t, &s, false)
	require.NotEmpty(t, s.Reserved())
}

func TestATableThatIsFullAfterReserve(t *testing.T) {
	ownForkOnly(t)
	if !alone(t) {
		return
	}
	nothingIsLeft(t)
	before := leakcheck.FDs()
	var s process.Starter
	require.Empty(t, s.Reserved())
	s.Reserve()
	reserved := s.Reserved()
	require.NotEmpty(t, reserved)
	require.Greater(t, slices.Min(reserved), 2)
	require.Less(t, slices.Max(reserved), 100)
	s.Reserve()
	require.Equal(t, reserved, s.Reserved(), "a second Reserve")
	fds := fill(t, manyDescriptors)
	startsRightly(t, &s, true)
	require.Equal(t, reserved, s.Reserved())

	require.True(t, s.Release())
	require.Empty(t, s.Reserved())
	require.False(t, s.Release(), "a second Release")
	fds = append(fds, fill(t, manyDescriptors)...)
	startsRightly(t, &s, false)
	require.Empty(t, s.Reserved(), "a start after Release")
	closeAll(t, fds)
	require.Equal(t, before, leakcheck.FDs())
}

// A process loses its record locks on a file with the first descriptor of it that it closes
// (fcntl_locking(2)).
func TestRecordLocksOutliveAStart(t *testing.T) {
	if !alone(t) {
		return
	}
	nothingIsLeft(t)
	s := newStarter(t)
	s.Reserve()
	fds := fill(t, 200)
	defer closeAll(t, fds)
	file, err := unix.Open(t.TempDir()+"/locked", unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
	require.NoError(t, err)
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	require.NoError(t, unix.FcntlFlock(uintptr(file), unix.F_SETLK, &lock))
	program := exitProgram(0).newProgram(t)
	spec := command(program)
	spec.Slots = []int{file, file}
	finish(t, start(t, s, spec))
	spec.Dir = "/none"
	_, failure := s.Start(spec)
	require.NotNil(t, failure)

	// The owner of these locks is an open file and not this process, so another description of the
	// file asks about them.
	other, err := unix.Open("/proc/self/fd/"+strconv.Itoa(file), unix.O_RDWR|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	found := unix.Flock_t{Type: unix.F_WRLCK}
	require.NoError(t, unix.FcntlFlock(uintptr(other), unix.F_OFD_GETLK, &found))
	require.NoError(t, unix.Close(other)) // Here the lock is lost.
	require.Equal(t, int16(unix.F_WRLCK), found.Type, "the lock is held")
	require.NoError(t, unix.Close(file))
}
