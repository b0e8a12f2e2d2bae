package leakcheck_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestMainNamesAZombie(t *testing.T) {
	if isVictim(t) {
		proc, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "exit 0"}, &os.ProcAttr{})
		require.NoError(t, err)
		require.NoError(t, unix.Waitid(unix.P_PID, proc.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil))
		return
	}
	code, out := inVictim(t, alone(t))
	require.Equal(t, 1, code, out)
	require.Regexp(t, `(?m)^leakcheck: child \d+ was not reaped: state Z, command \(sh\)$`, out)
}
