package fd

import "golang.org/x/sys/unix"

// Refused reports whether err can mean that there is no such system call here, or none with these
// flags. A kernel that is too old answers ENOSYS, or EINVAL for a flag; a sandbox answers what it
// likes, and older ones say EPERM to every call that they do not know. The same errnos are also
// answers about the arguments, so whoever goes on without the call must come to the same failure
// where there is one.
func Refused(err error) bool {
	return err == unix.ENOSYS || err == unix.EPERM || err == unix.EINVAL || err == unix.EACCES ||
		err == unix.ENOTSUP || err == unix.EOPNOTSUPP
}
