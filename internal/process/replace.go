//go:build unix

package process

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// replaceByExec executes the file of spec by syscall.Exec, which takes arguments and an environment
// and no other settings. It returns only on a failure. On Linux the new program has the first three
// descriptors and no others, unless InheritOpen is set. Ignored signals stay ignored.
func replaceByExec(spec *Spec) *Failure {
	file, failure := spec.search()
	if failure != nil {
		return failure
	}
	var before, after unix.Rlimit
	limited := unix.Getrlimit(unix.RLIMIT_NOFILE, &before) == nil
	var err error
	exec := func() { err = syscall.Exec(file, spec.Args, spec.Env) }
	tableErr := error(syscall.ENOTSUP)
	if !spec.InheritOpen {
		tableErr = spec.onCloexecTable(func() {
			for n := range 3 {
				_, _ = unix.FcntlInt(uintptr(n), unix.F_SETFD, 0) // EBADF: it stays closed.
			}
			exec()
		})
	}
	switch {
	case tableErr == nil:
	case !spec.InheritOpen && hasCloexecTable:
		return &Failure{Step: StepSlots, Err: syscall.ENOTSUP}
	default:
		withEmptyMask(exec)
	}
	// Exec has restored the soft limit of descriptors from the program's start. Package syscall
	// does not know that this raises it again: children get the raised limit from here on.
	if limited && unix.Getrlimit(unix.RLIMIT_NOFILE, &after) == nil && after != before {
		// The hard limit was not touched, so this can hardly fail.
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &before)
	}
	failure = &Failure{Step: StepExec, Path: file, Err: syscall.EINVAL}
	if errno, ok := err.(syscall.Errno); ok {
		failure.Err = errno
	}
	failure.blameInterpreter(spec)
	return failure
}
