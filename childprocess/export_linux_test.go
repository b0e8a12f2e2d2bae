package childprocess

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// Used by tests that find out what this kernel can do.
var (
	HasPidfd        = hasPidfd
	PidfdExitStatus = pidfdExitStatus
)

// DecodeCode is what si_code and si_status of waitid(2) are taken for, as Decode has it.
func DecodeCode(code, value int32) (kind string, status ExitStatus, stop Signal) {
	return changeOf(code, value, nil).export()
}

// CanSignalGroupByPidfd asks the kernel, about a process that leads no group.
func CanSignalGroupByPidfd() bool {
	pidfd, err := unix.PidfdOpen(os.Getppid(), 0)
	if err != nil {
		return false
	}
	defer fd.Close(pidfd)
	return pidfdSignalGroup(pidfd, 0) != unix.EINVAL
}
