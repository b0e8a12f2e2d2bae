//go:build unix

package process

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// replaceByExec executes the program of spec by syscall.Exec, which takes its arguments and its
// environment and nothing else. On Linux it has the first three descriptors and no others, unless
// InheritOpen is set; ignored signals stay ignored.
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
	// Exec has put the soft limit of descriptors back to what the program was started with. That it
	// is raised again is forgotten by package syscall: children have the raised one from here on.
	if limited && unix.Getrlimit(unix.RLIMIT_NOFILE, &after) == nil && after != before {
		// Best effort: the hard limit was not touched.
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &before)
	}
	failure = &Failure{Step: StepExec, Path: file, Err: syscall.EINVAL}
	if errno, ok := err.(syscall.Errno); ok {
		failure.Err = errno
	}
	failure.blameInterpreter(spec)
	return failure
}
