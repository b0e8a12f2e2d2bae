package fd

import "golang.org/x/sys/unix"

// Eventfd opens an eventfd(2) whose counter is 0, in non-blocking mode. The caller must Close it.
func Eventfd() (int, error) { return Private(unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)) }
