//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package fd

import "golang.org/x/sys/unix"

func readNonblock(fd int, p []byte) (int, error)  { return unix.Read(fd, p) }
func writeNonblock(fd int, p []byte) (int, error) { return unix.Write(fd, p) }

// writevNonblock writes the first piece, because golang.org/x/sys/unix lacks writev(2) for some of
// these systems.
func writevNonblock(fd int, pieces [][]byte) (int, error) { return unix.Write(fd, pieces[0]) }
