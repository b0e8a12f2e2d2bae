//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package streams

import "golang.org/x/sys/unix"

func readNonblock(fd int, p []byte) (int, error)  { return unix.Read(fd, p) }
func writeNonblock(fd int, p []byte) (int, error) { return unix.Write(fd, p) }

// writevNonblock writes the first piece: x/sys/unix has no writev(2) for every one of these systems.
func writevNonblock(fd int, pieces [][]byte) (int, error) { return unix.Write(fd, pieces[0]) }

// There is no way to ask for a single call on a pipe not to wait.

func readPipeNowait(int, []byte) (int, error)  { return 0, unix.EOPNOTSUPP }
func writePipeNowait(int, []byte) (int, error) { return 0, unix.EOPNOTSUPP }

// enlargePipe has nothing to do: these systems grow a busy pipe themselves.
func enlargePipe(int) {}
