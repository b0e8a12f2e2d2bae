package childprocess_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// The function of the context runs on a goroutine of its own, which here usually runs only after
// Run has returned.
func TestAContextThatEndsWithItsChildDoesNotKeepTheLoopAlive(t *testing.T) {
	// One thread runs Go code: the goroutine has to wait for the loop.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	late := 0
	for range 50 {
		l, err := openLoop()
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		c, err := childprocess.Spawn(l, "true", nil, &childprocess.Options{
			Context: ctx,
			Stdio:   childprocess.AllStdio(childprocess.Ignore),
		})
		require.NoError(t, err)
		ev := events(c)
		c.OnSpawn(func() {
			require.NoError(t, waitForZombie(c.Pid()))
			cancel()
		})
		require.NoError(t, l.Run())
		require.Equal(t, "close 0", ev.process()[len(ev.process())-1])
		for range 1000 { // Let the goroutine post, if it has not done so before Run returned.
			if l.Alive() {
				late++
				break
			}
			runtime.Gosched()
		}
		require.NoError(t, l.Close())
	}
	require.Zero(t, late)
}

// waitForZombie waits for the exit of a child and does not take its status.
func waitForZombie(pid int) error {
	for {
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
			return err
		}
	}
}
