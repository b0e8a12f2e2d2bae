package pool

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const attachBy = "memfd"

// sealed are the seals of a file that cannot change. Without F_SEAL_SHRINK the parent could shorten
// it, and touching a mapping behind the end of its file is SIGBUS (mmap(2)).
const sealed = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

func mapFile(f *os.File, n int) ([]byte, error) {
	fd := int(f.Fd())
	if seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err != nil || seals&sealed != sealed {
		return readFile(f, n)
	}
	p, err := unix.Mmap(fd, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	return p, os.NewSyscallError("mmap", err)
}

func unmap(p []byte) { _ = unix.Munmap(p) }

func memoryFile(p io.WriterTo) (*os.File, error) {
	fd, err := unix.MemfdCreate("brood-pool", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "attachment")
	if _, err = p.WriteTo(f); err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, sealed|unix.F_SEAL_SEAL)
		err = os.NewSyscallError("fcntl", err)
	}
	if err != nil {
		closeFile(f)
		return nil, err
	}
	return f, nil
}
