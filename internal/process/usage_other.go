//go:build unix && !linux

package process

import "golang.org/x/sys/unix"

// Usage returns ENOSYS.
func (p Process) Usage() (Usage, error) { return Usage{}, unix.ENOSYS }

// OwnPeak returns 0.
func OwnPeak() int64 { return 0 }
