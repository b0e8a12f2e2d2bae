package childprocess_test

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rulesetBelow returns a ruleset that allows reading and executing below some directories, and no
// other access to files.
func rulesetBelow(dirs ...string) (*os.File, error) {
	const all = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1 // the rights of Linux 5.13
	attr := unix.LandlockRulesetAttr{Handled_access_fs: all}
	n, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Handled_access_fs), 0)
	if errno != 0 {
		return nil, os.NewSyscallError("landlock_create_ruleset", errno)
	}
	ruleset := os.NewFile(n, "ruleset")
	for _, dir := range dirs {
		parent, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			_ = ruleset.Close()
			return nil, &os.PathError{Op: "open", Path: dir, Err: err}
		}
		rule := unix.LandlockPathBeneathAttr{
			Allowed_access: unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR,
			Parent_fd:      int32(parent),
		}
		_, _, errno = unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, n, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
		_ = unix.Close(parent)
		if errno != 0 {
			_ = ruleset.Close()
			return nil, os.NewSyscallError("landlock_add_rule", errno)
		}
	}
	return ruleset, nil
}
