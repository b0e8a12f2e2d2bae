//go:build !linux

package fd

import "golang.org/x/sys/unix"

// PipesHaveSizes says that a program cannot choose how much a pipe holds, see SetPipeSize.
const PipesHaveSizes = false

func readNowait(int, []byte) (int, error)     { return 0, unix.EOPNOTSUPP }
func writevNowait(int, [][]byte) (int, error) { return 0, unix.EOPNOTSUPP }
func splice(int, int, int) (int64, error)     { return 0, unix.ENOSYS }
func setPipeSize(int, int) error              { return unix.EOPNOTSUPP }
func pipeSize(int) (int, error)               { return 0, unix.EOPNOTSUPP }
func pipeLimits() (size, user int)            { return 0, 0 }
