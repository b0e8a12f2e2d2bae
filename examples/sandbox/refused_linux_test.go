package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/sandbox"
)

// A kernel that is built without landlock, and one that was started without: nothing is run
// unrestricted.
func TestWithoutLandlockNothingIsRun(t *testing.T) {
	for _, errno := range []unix.Errno{unix.ENOSYS, unix.EOPNOTSUPP} {
		t.Run(unix.ErrnoName(errno), func(t *testing.T) {
			sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_LANDLOCK_CREATE_RULESET))
			require.Equal(t, program.Result{Code: exitFailed, Stderr: "sandbox: " + errNoLandlock.Error() + "\n"},
				program.Run(t, program.Command(t, publicDir(t, ""), "echo", "ran")))
		})
	}
}
