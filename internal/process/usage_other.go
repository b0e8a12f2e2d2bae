//go:build unix && !linux

package process

import "golang.org/x/sys/unix"

// Usage has nobody to ask.
func (p Process) Usage() (Usage, error) { return Usage{}, unix.ENOSYS }

// OwnPeak has nobody to ask.
func OwnPeak() int64 { return 0 }
