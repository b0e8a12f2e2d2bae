package childprocess_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

//brood:checks S044
func TestWithoutTheOptionAStopIsNothing(t *testing.T) {
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, _ childprocess.ExitWatch) {
		c := start(t, l, "wait")
		ev := stopEvents(c)
		c.Stdout.OnData(func([]byte) {
			kill(t, c, syscall.SIGSTOP)
			for {
				err := unix.Waitid(unix.P_PID, c.Pid(), nil, unix.WSTOPPED|unix.WNOWAIT, nil)
				if err != unix.EINTR {
					require.NoError(t, err)
					break
				}
			}
			// The event of the stop, if there is one, is due now; a turn later it would have been
			// emitted.
			l.SetImmediate(func() {
				l.SetImmediate(func() {
					require.Equal(t, []string{"spawn"}, ev.process())
					kill(t, c, syscall.SIGCONT)
					c.Stdin.End()
				})
			})
		})
		run(t, l)
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
	})
}
