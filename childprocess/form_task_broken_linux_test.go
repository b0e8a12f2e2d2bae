package childprocess_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// The poll of the background loop fails after the child of a call was started, but before the loop
// has taken the child over. The call returns the error; the leak checks see that the child was
// killed and reaped.
func TestAChildThatABrokenLoopHasNotTakenOverIsKilled(t *testing.T) {
	noNewFDs(t)
	b := newBreakable(t)
	goOn := make(chan struct{})
	require.NoError(t, b.loop.Post(func() { <-goOn }))
	given, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	o := &childprocess.RunOptions{Options: childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.FD(given).Owned()},
		// It makes the call use the background loop.
		StopWhen: func(int, []byte) bool { return false },
	}}
	failed := make(chan error)
	// The test waits for it.
	go func() { failed <- childprocess.RunWith(t.Context(), o, "sleep", "1000") }()
	eventually(t, "the child was started and posted to the loop", func() bool {
		_, err := unix.FcntlInt(uintptr(given), unix.F_GETFD, 0)
		return err == unix.EBADF
	})
	b.hurt(t)
	close(goOn)
	require.ErrorIs(t, <-failed, unix.EINVAL)
	b.gone(t)
}
