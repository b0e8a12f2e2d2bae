package childprocess_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// The child has written and exited before its loop knew that it ran.
func TestDataOfAnAsyncChildThatHasEndedComesBeforeExit(t *testing.T) {
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, _ childprocess.ExitWatch) {
		for range 20 {
			var ev *recorder
			l.NextTick(func() {
				o := async()
				o.Stdio = []childprocess.Stdio{3: childprocess.Pipe}
				ev = events(spawn(t, l, shell, []string{"-c", "echo 1; echo 2 >&2; echo 3 >&3"}, o)).reading()
				awaitExit(t)
			})
			run(t, l)
			require.Equal(t, "spawn", ev.Entries[0])
			for slot := 1; slot < 4; slot++ {
				require.Equal(t, strconv.Itoa(slot)+"\n", string(ev.data[slot]))
				require.Less(t, ev.index(slotName(slot)+" data"), ev.index("exit"), "%q", ev.Entries)
			}
		}
	})
}

// awaitExit waits until the one child that is being started has exited, and does not reap it.
func awaitExit(t testing.TB) {
	t.Helper()
	for {
		err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == unix.EINTR || err == unix.ECHILD {
			continue
		}
		require.NoError(t, err)
		return
	}
}
