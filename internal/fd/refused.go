package fd

import "golang.org/x/sys/unix"

// Refused reports whether err can mean that the system has no such call, or none with these flags.
// A kernel that is too old answers ENOSYS, or EINVAL for a flag. A sandbox may answer anything;
// older ones say EPERM to every call that they do not know. The same errnos can also be about the
// arguments. So a caller that goes on without the call must come to the same error if the arguments
// are wrong.
func Refused(err error) bool {
	return err == unix.ENOSYS || err == unix.EPERM || err == unix.EINVAL || err == unix.EACCES ||
		err == unix.ENOTSUP || err == unix.EOPNOTSUPP
}
