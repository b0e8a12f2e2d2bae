//go:build unix

package process

import (
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// forkExec starts spec by syscall.ForkExec, on this thread or on one with a table of its own. It
// differs from the fork of this library: the child inherits the signals that this program ignores,
// this process searches the files, and the failed step is guessed. On kqueue systems, and where
// onCloexecTable returns ENOTSUP, the child also inherits descriptors that are not close-on-exec;
// on Linux a spec that insists on this backend is refused then.
func forkExec(spec *Spec) (Process, *Failure) {
	file, failure := spec.search()
	if failure != nil {
		if without := spec.rootFailure(); without != nil {
			failure = without
		}
		return Process{}, failure
	}
	p := Process{Pidfd: -1}
	attr := &syscall.ProcAttr{
		Dir: spec.Dir, Env: spec.Env, Files: make([]uintptr, len(spec.Slots)),
		Sys: &syscall.SysProcAttr{
			Setsid:     spec.Setsid,
			Setctty:    spec.Setctty,
			Ctty:       spec.Ctty,
			Setpgid:    spec.Setpgid,
			Pgid:       spec.Pgid,
			Credential: spec.credential(),
		},
	}
	for i, fd := range spec.Slots {
		// ForkExec leaves a slot of -1, which is Closed, without a descriptor, too.
		attr.Files[i] = uintptr(fd)
	}
	if with := spec.Settings; with != nil {
		attr.Sys.Chroot = with.Chroot
		if with.Chroot != "" && spec.Dir == "" {
			attr.Dir = "/" // The directory of this process is outside of the new root.
		}
	}
	var err error
	start := func() {
		// attributes opens descriptors. They are in the table of the thread that calls start, and
		// only there.
		var release func()
		if release, failure = spec.Settings.attributes(attr.Sys); failure == nil {
			defer release()
			p.Pid, err = syscall.ForkExec(file, spec.Args, attr)
		}
	}
	tableErr := error(syscall.ENOTSUP)
	switch {
	case spec.InheritOpen:
	// A ThrowAway thread keeps the other table while the child runs, so no pidfd is opened there.
	case spec.Pidfd && !spec.ThrowAway:
		tableErr = spec.onCloexecTableWithPidfd(start, attr.Sys, &p)
	default:
		tableErr = spec.onCloexecTable(start)
	}
	switch {
	case tableErr == nil:
	case !spec.InheritOpen && spec.Backend == BackendForkExec && hasCloexecTable:
		return Process{}, &Failure{Step: StepSlots, Err: syscall.ENOTSUP}
	default:
		if spec.Pidfd {
			requestPidfd(attr.Sys, &p.Pidfd)
		}
		withEmptyMask(start)
	}
	if failure != nil {
		return Process{}, failure
	}
	if errno, ok := err.(syscall.Errno); ok {
		return Process{}, spec.guessFailure(file, errno)
	}
	if err != nil {
		// A string with a NUL byte.
		return Process{}, &Failure{Step: StepExec, Path: file, Err: syscall.EINVAL}
	}
	return p, nil
}

// search returns the only file, unchecked, or the first of several that may be executed. If there
// is none, it reports the first failure other than absence (EACCES, ENAMETOOLONG, ELOOP), or
// ENOENT.
func (s *Spec) search() (file string, failure *Failure) {
	if len(s.Files) == 1 {
		return s.Files[0], nil
	}
	failure = &Failure{Step: StepExec, Path: s.Files[len(s.Files)-1], Err: syscall.ENOENT}
	for _, file := range s.Files {
		switch err := Executable(s.inDir(file)); err {
		case nil:
			return file, nil
		case syscall.ENOENT, syscall.ENOTDIR:
		default:
			if failure.Err == syscall.ENOENT {
				failure.Path, failure.Err = file, err.(syscall.Errno)
			}
		}
	}
	return "", failure
}

// rootFailure returns the failure of a spec whose root directory cannot be entered, nil if it seems
// it can.
func (s *Spec) rootFailure() *Failure {
	with := s.Settings
	if with == nil || with.Chroot == "" {
		return nil
	}
	if err, ok := dirError(with.Chroot, nil).(syscall.Errno); ok {
		return &Failure{Step: StepChroot, Path: with.Chroot, Err: err}
	}
	return nil
}

// credential returns the credentials of the child, nil if they do not change.
func (s *Spec) credential() *syscall.Credential {
	if s.UID == nil && s.GID == nil && s.Groups == nil {
		return nil
	}
	cred := &syscall.Credential{Uid: uint32(unix.Geteuid()), Gid: uint32(unix.Getegid()), Groups: s.Groups}
	if s.UID != nil {
		cred.Uid = *s.UID
	}
	if s.GID != nil {
		cred.Gid = *s.GID
	}
	// Dropping the groups takes a privilege. Without it they stay; libuv ignores that failure, too.
	cred.NoSetGroups = s.Groups == nil && unix.Geteuid() != 0
	return cred
}

// guessFailure finds out which step of starting file an errno came from. ForkExec returns the
// number only, but usually the cause can still be seen.
func (s *Spec) guessFailure(file string, errno syscall.Errno) *Failure {
	switch errno {
	case syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.ENOSPC:
		return &Failure{Step: StepFork, Err: errno}
	case syscall.ENOSYS:
		if with := s.Settings; with != nil && with.Cgroup != "" { // There is no clone3(2).
			return &Failure{Step: StepCgroup, Path: with.Cgroup, Err: errno}
		}
	case syscall.EPERM, syscall.EINVAL:
		if with := s.Settings; with != nil {
			switch {
			case with.Cloneflags != 0:
				return &Failure{Step: StepNamespaces, Err: errno}
			case with.Chroot != "" && unix.Geteuid() != 0:
				return &Failure{Step: StepChroot, Path: with.Chroot, Err: errno}
			case len(with.AmbientCaps) > 0 && errno == syscall.EINVAL && s.credential() == nil:
				return &Failure{Step: StepAmbientCaps, Err: syscall.ENOTSUP} // See program.failure.
			case len(with.AmbientCaps) > 0:
				return &Failure{Step: StepAmbientCaps, Err: errno}
			}
		}
		if errno == syscall.EPERM && s.foreignGroup() {
			return &Failure{Step: StepGroup, Err: errno}
		}
		if s.credential() != nil {
			return &Failure{Step: StepUID, Err: errno}
		}
	}
	if without := s.rootFailure(); without != nil && without.Err == errno {
		return without
	}
	if s.Dir != "" && dirError(s.inDir("."), s.credential()) == errno {
		return &Failure{Step: StepDirectory, Path: s.Dir, Err: errno}
	}
	return &Failure{Step: StepExec, Path: file, Err: errno}
}

// foreignGroup reports whether the child cannot join the group Pgid, because it belongs to another
// session or is gone.
func (s *Spec) foreignGroup() bool {
	if s.Pgid == 0 {
		return false
	}
	theirs, err := unix.Getsid(s.Pgid)
	if err != nil {
		return true
	}
	ours, err := unix.Getsid(0)
	return err == nil && theirs != ours
}

// dirError returns the reason why a child with cred cannot change to dir, nil if it seems it can.
// For other credentials than this process's, only the mode bits count, because the kernel does not
// answer for them.
func dirError(dir string, cred *syscall.Credential) error {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return syscall.ENOTDIR
	}
	if cred == nil {
		return mayExecute(dir)
	}
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	// All the way up, because a home directory keeps other users out of everything below it.
	for ; ; dir = filepath.Dir(dir) {
		if unix.Stat(dir, &st) == nil && !mayEnter(&st, cred) {
			return syscall.EACCES
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// mayEnter reports whether the mode of a directory lets cred search it.
func mayEnter(st *unix.Stat_t, cred *syscall.Credential) bool {
	switch {
	case cred.Uid == 0:
		return true
	case st.Uid == cred.Uid:
		return st.Mode&unix.S_IXUSR != 0
	case st.Gid == cred.Gid || slices.Contains(cred.Groups, st.Gid):
		return st.Mode&unix.S_IXGRP != 0
	}
	return st.Mode&unix.S_IXOTH != 0
}
