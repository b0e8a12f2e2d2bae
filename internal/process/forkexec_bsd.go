//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

import "syscall"

func requestPidfd(*syscall.SysProcAttr, *int) {}

// withEmptyMask has nothing to do: on kqueue systems nothing here blocks signals.
func withEmptyMask(fn func()) { fn() }
