//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

import "syscall"

func requestPidfd(*syscall.SysProcAttr, *int) {}

// hasCloexecTable says that nothing here keeps descriptors from the child that are not
// close-on-exec.
const hasCloexecTable = false

func (*Spec) onCloexecTable(func()) error { return syscall.ENOTSUP }

func (*Spec) onCloexecTableWithPidfd(func(), *syscall.SysProcAttr, *Process) error {
	return syscall.ENOTSUP
}

// withEmptyMask has nothing to do: on kqueue systems nothing here blocks signals.
func withEmptyMask(fn func()) { fn() }
