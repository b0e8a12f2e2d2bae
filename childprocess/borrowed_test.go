package childprocess_test

import (
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

// lowestFree returns the number that the next descriptor of this process will have.
func lowestFree(t testing.TB) int {
	t.Helper()
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Close(fd))
	return fd
}

// badSlot spawns a child that shares descriptor fd, which is closed, in slot, among others.
func badSlot(l *reactor.Loop, slot, fd int, others childprocess.Stdio, o childprocess.Options) error {
	o.Stdio = []childprocess.Stdio{others, others, others, others, others, others}
	o.Stdio[slot] = childprocess.FD(fd)
	c, err := childprocess.Spawn(l, "true", nil, &o)
	if err != nil {
		return err
	}
	ev := events(c)
	if err := l.Run(); err != nil {
		return err
	}
	return ev.err
}

// The number that a pipe of the same child would get is not open, whatever is opened for the other slots.
func TestAClosedNumberIsRefusedAlthoughAPipeWouldGetIt(t *testing.T) {
	for _, async := range []bool{false, true} {
		for name, warm := range map[string]bool{"the first child of a loop": false, "a later one": true} {
			t.Run(name+", Async "+strconv.FormatBool(async), func(t *testing.T) {
				file, err := os.Open(os.DevNull)
				require.NoError(t, err)
				defer file.Close()
				for _, others := range []childprocess.Stdio{childprocess.Pipe, childprocess.Ignore, childprocess.File(file), {}} {
					for _, slot := range []int{0, 1, 2, 3, 5} {
						l := newLoop(t)
						if warm {
							warmUp(t, l)
						}
						fd := lowestFree(t)
						require.Equal(t, &childprocess.SpawnError{
							Op: "spawn", Step: childprocess.StepStdio, File: "true", Path: "slot " + strconv.Itoa(slot), Args: []string{}, Err: syscall.EBADF,
						}, badSlot(l, slot, fd, others, childprocess.Options{Async: async}))
						require.Equal(t, fd, lowestFree(t), "something is open that was not")
						require.NoError(t, l.Close())
					}
				}
				requireNoChildren(t)
			})
		}
	}
}

func TestTheSyncFormsRefuseAClosedNumberBeforeTheyOpenAnything(t *testing.T) {
	noNewFDs(t)
	require.NoError(t, childprocess.SpawnSync("true", nil, nil).Err) // The loop is there.
	fd := lowestFree(t)
	for slot := range 5 {
		o := syncStdio(childprocess.Pipe, childprocess.Pipe, childprocess.Pipe, childprocess.Pipe, childprocess.Pipe)
		o.Stdio[slot] = childprocess.FD(fd)
		failed, ok := childprocess.SpawnSync("true", nil, o).Err.(*childprocess.SpawnError)
		require.True(t, ok)
		require.Equal(t, "slot "+strconv.Itoa(slot), failed.Path)
		require.ErrorIs(t, failed, syscall.EBADF)
		require.Equal(t, fd, lowestFree(t))
	}
}

// The first of several wrong slots is blamed, and a closed file or stream like a closed number.
func TestTheFirstSlotThatCannotBeSharedIsBlamed(t *testing.T) {
	l := newLoop(t)
	warmUp(t, l)
	closed, err := os.Open(os.DevNull)
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	r, w := rawPipe(t)
	require.NoError(t, unix.Close(w))
	destroyed := readable(t, l, r)
	destroyed.Destroy(nil)
	run(t, l)
	before := leakcheck.FDs()
	for name, wrong := range map[string]childprocess.Stdio{
		"a number": childprocess.FD(lowestFree(t)),
		"a file":   childprocess.File(closed),
		"a stream": childprocess.Stream(destroyed),
	} {
		_, err := childprocess.Spawn(l, "true", nil, &childprocess.Options{
			Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, 4: wrong, 5: wrong},
		})
		failed, ok := err.(*childprocess.SpawnError)
		require.True(t, ok, name)
		require.Equal(t, "slot 4", failed.Path, name)
		require.ErrorIs(t, failed, syscall.EBADF, name)
		require.Equal(t, before, leakcheck.FDs(), name)
	}
}
