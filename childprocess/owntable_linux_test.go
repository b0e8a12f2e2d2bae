package childprocess_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// When the child was started, this program has no other copy of the child's pipes, as with the
// plain fork.
func TestNoThreadKeepsThePipesOfAChild(t *testing.T) {
	for name, o := range map[string]childprocess.Options{
		"auto":           {},
		"ForkExec":       {Backend: childprocess.BackendForkExec},
		"thread":         {PreSpawn: func() error { return nil }},
		"thread, exec":   {PreSpawn: func() error { return nil }, Backend: childprocess.BackendForkExec},
		"inherited exec": {FDPolicy: childprocess.FDsCloseOnExec, Backend: childprocess.BackendForkExec},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			for range 200 {
				c := spawn(t, l, "/bin/true", nil, &o)
				awaitZombie(t, c.Pid())
				polled := []unix.PollFd{{Fd: int32(c.Stdout.FD())}}
				n, err := unix.Poll(polled, 0)
				require.NoError(t, err)
				require.Equal(t, 1, n, "somebody has the other end of stdout")
				require.NotZero(t, polled[0].Revents&unix.POLLHUP)
				run(t, l)
			}
		})
	}
}
