//go:build darwin || freebsd || linux

package main

import (
	"fmt"
	"os"
	"reflect"
	"strconv"

	"github.com/tidwall/evio"
	"golang.org/x/sys/unix"
)

// copyDescriptor returns a copy of the descriptor of a connection, which the caller must close, and marks the original
// close-on-exec as the copy is. evio shows the number nowhere; the field's name is that of v1.0.8.
func copyDescriptor(c evio.Conn) (int, error) {
	conn := reflect.Indirect(reflect.ValueOf(c))
	if conn.Kind() != reflect.Struct {
		return -1, fmt.Errorf("evio: the connection is a %T", c)
	}
	field := conn.FieldByName("fd")
	if !field.IsValid() || !field.CanInt() {
		return -1, fmt.Errorf("evio: %T has no descriptor", c)
	}
	fd := int(field.Int())
	unix.CloseOnExec(fd)
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	return copied, os.NewSyscallError("fcntl", err)
}

// sealDescriptors makes every descriptor above the standard ones close-on-exec. It is called right before a command is
// started, on the goroutine on which evio accepts connections, so that none can come between. That is also the reason for
// not doing it in evio's callbacks alone: a connection is accepted a turn before Opened is called for it, and what evio
// makes for itself is made after Serving.
//
// FreeBSD lists all descriptors only where fdescfs(5) is mounted; without it a connection that is not yet opened can leak.
func sealDescriptors() error {
	const dir = "/dev/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd) // One that was closed meanwhile, such as the directory's, does not matter.
		}
	}
	return nil
}
